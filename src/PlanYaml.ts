/** YAML, and JSON as the part of YAML it is. */
import { Effect, Result } from "effect"
import {
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLMap
} from "yaml"
import { beginning, type Source, SyntaxProblem } from "./PlanSource.ts"

/** What the parser says in its own terms, said in those of somebody who writes a plan. */
const words: Readonly<Record<string, string>> = {
  BLOCK_AS_IMPLICIT_KEY: 'text with ": " in it must stand in quotes',
  DUPLICATE_KEY: "this key stands here twice",
  MULTIPLE_DOCS: "expected one document, and nothing after ---"
}

/** Parses one document; every syntax error comes with its line and column. */
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
      ...unknownAliases(document)
    ]
    if (errors.length > 0) {
      // What is said last of one place is said best.
      const byPlace = new Map(errors.map(({ message, offset }) => [offset, { message, position: positionAt(offset) }]))
      return Effect.fail(new SyntaxProblem({ problems: [...byPlace.values()] }))
    }
    // Aliases of aliases can stand for more values than any memory holds.
    const value = Result.try({ try: (): unknown => document.toJS(), catch: String })
    if (Result.isFailure(value)) {
      return Effect.fail(new SyntaxProblem({ problems: [{ message: value.failure, position: beginning }] }))
    }
    return Effect.succeed({
      value: value.success,
      locate: (path) => positionAt(offsetOf(document.contents, path))
    })
  })

const unknownAliases = (document: Document) => {
  const problems: Array<{ readonly message: string; readonly offset: number }> = []
  visit(document, {
    Alias: (_key, alias) => {
      if (alias.resolve(document) !== undefined) return
      problems.push({ message: `there is no anchor &${alias.source} before this alias`, offset: alias.range?.[0] ?? 0 })
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
