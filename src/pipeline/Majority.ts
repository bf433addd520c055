/** The majority of several answers that are data, field by field. */
import type { Agreement } from "./Agreement.ts"

/** The value that most give in each field, and how many do. */
export interface Majority {
  readonly value: unknown
  readonly agreement: Counted
  /** The vote that has most fields as the majority has them: its number from 0, and how many agree with it. */
  readonly best: { readonly nth: number; readonly agreement: Counted }
}

type Counted = Pick<Agreement, "agreeing" | "fields" | "dissent">

/** A field that a vote does not have. */
const absent = Symbol("absent")

interface Vote {
  readonly nth: number
  readonly value: unknown
}

/** Votes with the same value. */
interface Group {
  readonly votes: ReadonlyArray<Vote>
}

interface Leaf {
  readonly _tag: "Leaf"
  readonly path: string
  /** The largest first; of equals the one with the first vote. */
  readonly groups: ReadonlyArray<Group>
  readonly isProse: boolean
}

type Node = Leaf | { readonly _tag: "Fields"; readonly fields: ReadonlyArray<readonly [key: string, node: Node]> }

/** Longer texts are sentences, which hardly ever are the same twice. */
const maxComparedWords = 8

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const wordsIn = (text: string): number => text.trim().split(/\s+/).length

/** What is compared of a value: texts without regard to case, spaces and a final full stop; keys in any order. */
const comparedOf = (value: unknown): unknown => {
  if (typeof value === "string")
    return value.normalize("NFKC").trim().replace(/\s+/g, " ").replace(/\.$/, "").toLowerCase()
  if (Array.isArray(value)) return value.map(comparedOf)
  if (!isFields(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((key) => [key, comparedOf(value[key])])
  )
}

const groupsOf = (votes: ReadonlyArray<Vote>): ReadonlyArray<Group> =>
  [...Map.groupBy(votes, ({ value }) => (value === absent ? "" : JSON.stringify(comparedOf(value)))).values()]
    .map((votes) => ({ votes }))
    .toSorted((a, b) => b.votes.length - a.votes.length)

/** Objects are compared by their fields where most votes have one; those of the other votes then agree in no field. */
const nodeOf = (votes: ReadonlyArray<Vote>, path: ReadonlyArray<string>): Node => {
  const objects = votes.filter(({ value }) => isFields(value))
  const isObject = objects.length * 2 > votes.length
  const keys = isObject ? [...new Set(objects.flatMap(({ value }) => Object.keys(value as object)))] : []
  if (keys.length > 0) {
    const fields = keys.map((key) => {
      const own = objects.map(({ nth, value }): Vote => {
        const has = Object.hasOwn(value as object, key)
        return { nth, value: has ? (value as Record<string, unknown>)[key] : absent }
      })
      return [key, nodeOf(own, [...path, key])] as const
    })
    return { _tag: "Fields", fields }
  }
  const prose = votes.filter(({ value }) => typeof value === "string" && wordsIn(value) > maxComparedWords)
  return { _tag: "Leaf", path: path.join("."), groups: groupsOf(votes), isProse: prose.length * 2 > votes.length }
}

const leavesOf = (node: Node): ReadonlyArray<Leaf> =>
  node._tag === "Leaf" ? [node] : node.fields.flatMap(([, field]) => leavesOf(field))

/**
 * The majority of at least one value. A list is one field. Sentences are not compared, unless there is nothing else: they are those of
 * the vote that agrees with the majority in most fields, which also decides between values that equally many give.
 */
export const of = (values: ReadonlyArray<unknown>): Majority => {
  const root = nodeOf(
    values.map((value, nth) => ({ nth, value })),
    []
  )
  const all = leavesOf(root)
  const compared = all.filter(({ isProse }) => !isProse)
  const leaves = compared.length > 0 ? compared : all
  const scores = values.map(() => 0)
  for (const { groups } of leaves) {
    for (const { votes } of groups) for (const { nth } of votes) scores[nth]! += votes.length
  }
  const rank = (nth: number): number => scores[nth]! * values.length - nth
  const bestOf = (votes: ReadonlyArray<Vote>): Vote =>
    votes.reduce((best, vote) => (rank(vote.nth) > rank(best.nth) ? vote : best))
  const chosenOf = ({ groups, isProse }: Leaf): Group => {
    const most = groups[0]!.votes.length
    const candidates = isProse && compared.length > 0 ? groups : groups.filter(({ votes }) => votes.length === most)
    const { nth } = bestOf(candidates.flatMap(({ votes }) => votes))
    return candidates.find(({ votes }) => votes.some((vote) => vote.nth === nth))!
  }
  const valueOf = (node: Node): unknown =>
    node._tag === "Leaf"
      ? bestOf(chosenOf(node).votes).value
      : Object.fromEntries(
          node.fields.flatMap(([key, field]) => {
            const value = valueOf(field)
            return value === absent ? [] : [[key, value]]
          })
        )
  const countedBy = (choose: (leaf: Leaf) => Group | undefined): Counted => {
    const fields = leaves.map((leaf) => [leaf.path, choose(leaf)?.votes.length ?? 0] as const)
    return {
      agreeing: Math.min(values.length, ...fields.map(([, count]) => count)),
      ...(root._tag === "Fields" && { fields: Object.fromEntries(fields) }),
      dissent: leaves.flatMap((leaf) => {
        const chosen = choose(leaf)
        return leaf.groups.flatMap((group) => (group === chosen ? [] : [dissentText(leaf, group)]))
      })
    }
  }
  const { nth } = bestOf(values.map((value, nth) => ({ nth, value })))
  const ofBest = ({ groups }: Leaf) => groups.find(({ votes }) => votes.some((vote) => vote.nth === nth))
  return { value: valueOf(root), agreement: countedBy(chosenOf), best: { nth, agreement: countedBy(ofBest) } }
}

const dissentText = ({ path }: Leaf, { votes }: Group): string => {
  const { value } = votes[0]!
  const text = value === absent ? "nothing" : JSON.stringify(value)
  return `${path === "" ? "" : `${path}: `}${text} (${votes.length})`
}
