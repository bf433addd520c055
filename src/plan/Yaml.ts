/** YAML, and JSON as the part of YAML it is: trailing commas and comments after # do no harm. */
import { Effect, Result } from "effect"
import {
  type Document,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLMap
} from "yaml"
import { beginning, type Source, SyntaxProblem } from "./Source.ts"

/** What the parser says in its own terms, said in those of somebody who writes a plan. */
const words: Readonly<Record<string, string>> = {
  BLOCK_AS_IMPLICIT_KEY: 'text with ": " in it must stand in quotes',
  DUPLICATE_KEY: "this key stands here twice",
  MULTIPLE_DOCS: "expected one document, and nothing after ---",
  RESOURCE_EXHAUSTION: "this is nested too deeply"
}

type Problem = SyntaxProblem["problems"][number]

/** One slip confuses a parser for many lines, and a file that is no plan for all of them: this many are told. */
const mostProblems = 3

const firstOf = (problems: ReadonlyArray<Problem>): ReadonlyArray<Problem> => {
  const next = problems[mostProblems]
  const rest = problems.length - mostProblems
  // The last alone takes no more lines than its number.
  if (next === undefined || rest === 1) return problems
  const message = `and ${rest} more from here on; is this YAML or JSON?`
  return [...problems.slice(0, mostProblems), { ...next, message }]
}

/** Parses one document; the first syntax errors come with their lines and columns. */
export const parse = (text: string): Effect.Effect<Source, SyntaxProblem> =>
  Effect.suspend(() => {
    const lines = new LineCounter()
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true })
    const positionAt = (offset: number) => {
      const { col, line } = lines.linePos(offset)
      return { line, column: col }
    }
    const errors = [
      ...document.errors.map(({ code, message, pos }) => ({ message: words[code] ?? message, offset: pos[0] })),
      ...wrongAliases(document)
    ]
    if (errors.length > 0) {
      // What is said last of one place is said best.
      const byPlace = new Map(errors.map(({ message, offset }) => [offset, { message, position: positionAt(offset) }]))
      return Effect.fail(new SyntaxProblem({ problems: firstOf([...byPlace.values()]) }))
    }
    // How much aliases stand for is bounded already, and better: many asks may share one schema.
    const value = Result.try({ try: (): unknown => document.toJS({ maxAliasCount: -1 }), catch: String })
    if (Result.isFailure(value)) {
      return Effect.fail(new SyntaxProblem({ problems: [{ message: value.failure, position: beginning }] }))
    }
    return Effect.succeed({
      value: value.success,
      locate: (path) => positionAt(offsetOf(document.contents, path))
    })
  })

/** More values than a plan of thousands of asks has, and few enough to be read in a moment. */
const mostAliasedValues = 1_000_000

/** Aliases that stand for nothing, for a value they are in, or together for more values than any memory holds. */
const wrongAliases = (document: Document) => {
  const problems: Array<{ readonly message: string; readonly offset: number }> = []
  const anchors = new Map<string, Node>()
  const sizes = new Map<unknown, number>()
  // What an alias stands for is complete before it, sizes of aliases in it included.
  const sizeOf = (node: unknown): number => {
    const known = sizes.get(node)
    if (known !== undefined) return known
    const parts = isPair(node) ? [node.key, node.value] : isCollection(node) ? node.items : []
    const size = parts.reduce((sum: number, part) => sum + sizeOf(part), 1)
    sizes.set(node, size)
    return size
  }
  let aliased = 0
  visit(document, {
    Value: (_key, node) => {
      if (node.anchor !== undefined) anchors.set(node.anchor, node)
    },
    Alias: (_key, alias, path) => {
      const { range, source } = alias
      const tell = (message: string) => void problems.push({ message, offset: range?.[0] ?? 0 })
      const node = anchors.get(source)
      if (node === undefined) return tell(`there is no anchor &${source} before this alias`)
      if (path.includes(node)) return tell(`this alias stands within &${source}, which it stands for`)
      const size = sizeOf(node)
      sizes.set(alias, size)
      if (aliased <= mostAliasedValues && aliased + size > mostAliasedValues) {
        tell(`with this alias the file stands for more than ${mostAliasedValues.toLocaleString("en-US")} values`)
      }
      aliased += size
    }
  })
  return problems
}

/** Walks down as far as the path is there, and gives where the last key or item stands. */
const offsetOf = (root: Node | null, path: ReadonlyArray<PropertyKey>): number => {
  let node = root
  let offset = root?.range?.[0] ?? 0
  for (const part of path) {
    if (isMap(node)) {
      const { items }: YAMLMap = node
      const pair = items.find(({ key }) => isScalar(key) && String(key.value) === String(part))
      if (pair === undefined) return offset
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset
      node = isNode(pair.value) ? pair.value : null
    } else {
      const item: unknown = isSeq(node) ? node.items[Number(part)] : undefined
      if (!isNode(item)) return offset
      node = item
      offset = item.range?.[0] ?? offset
    }
  }
  return offset
}
