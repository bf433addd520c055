/** Makes independent questions of proposed ones: those that ask the same become one, and so do those that need each other's answers. */
import * as SafeName from "./SafeName.ts"

/** `dependsOn`: numbers, from 1, of the proposed questions whose answers it needs. */
export interface Proposed {
  readonly name: string
  readonly question: string
  readonly dependsOn: ReadonlyArray<number>
}

/** One question of a plan. */
export interface Question {
  readonly name: string
  readonly question: string
  /** Questions that were left out, as they ask nearly the same. */
  readonly duplicates: ReadonlyArray<string>
  /** Where questions were joined, as one needs the answer to another: each of them. */
  readonly joined: ReadonlyArray<string>
}

/** Words that two questions share, of all that they have: from here on they ask the same. */
const sameShare = 0.75

const wordsOf = (text: string): ReadonlySet<string> =>
  new Set(
    Array.from(new Intl.Segmenter(undefined, { granularity: "word" }).segment(text.normalize("NFKC").toLowerCase()))
      .filter(({ isWordLike }) => isWordLike === true)
      .map(({ segment }) => segment)
  )

const isSame = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean => {
  const shared = [...a].filter((word) => b.has(word)).length
  const all = a.size + b.size - shared
  return all > 0 && shared / all >= sameShare
}

/** Whether two questions ask nearly the same. */
export const isSameQuestion = (a: string, b: string): boolean => isSame(wordsOf(a), wordsOf(b))

/** At most `limit` questions, in the order proposed, with names that an ask may have; and those that were too many. */
export const of = (
  proposed: ReadonlyArray<Proposed>,
  limit: number
): { readonly questions: ReadonlyArray<Question>; readonly left: ReadonlyArray<string> } => {
  const words = proposed.map(({ question }) => wordsOf(question))
  /** For each proposed question, the first that asks the same. */
  const first = proposed.map((_, index) => words.findIndex((other, at) => at === index || isSame(other, words[index]!)))
  const groups = groupsOf(proposed, first)
  const taken = new Set<string>()
  const questions = groups.slice(0, limit).map((group, index): Question => {
    const texts = group.map((at) => proposed[at]!.question.trim())
    const duplicates = proposed.flatMap(({ question }, at) =>
      first[at] !== at && group.includes(first[at]!) ? [question.trim()] : []
    )
    return {
      name: nameOf(proposed[group[0]!]!.name, index, taken),
      question: texts.join("\n\n"),
      duplicates,
      joined: texts.length > 1 ? texts : []
    }
  })
  const left = groups.slice(limit).flatMap((group) => group.map((at) => proposed[at]!.question.trim()))
  return { questions, left }
}

/** Positions of questions that need each other, directly or not, together; each group in the order proposed. */
const groupsOf = (
  proposed: ReadonlyArray<Proposed>,
  first: ReadonlyArray<number>
): ReadonlyArray<ReadonlyArray<number>> => {
  const root = proposed.map((_, index) => index)
  const rootOf = (index: number): number => (root[index] === index ? index : rootOf(root[index]!))
  const join = (a: number, b: number): void => {
    const [one, other] = [rootOf(a), rootOf(b)]
    root[Math.max(one, other)] = Math.min(one, other)
  }
  proposed.forEach(({ dependsOn }, index) => {
    for (const number of dependsOn) {
      const on = first[number - 1]
      if (on !== undefined) join(first[index]!, on)
    }
  })
  const own = first.filter((at, index) => at === index)
  return [...Map.groupBy(own, rootOf).values()]
}

/** `from` as a name would make a plan whose asks are rows of a file. */
const isReserved = (name: string): boolean => name === "" || name === "from"

const nameOf = (given: string, index: number, taken: Set<string>): string => {
  const made = SafeName.short(given)
  return SafeName.unique(isReserved(made) ? `q${index + 1}` : made, taken)
}
