/** YAML, and JSON as the part of YAML it is. */
import { Effect } from "effect"
import { isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from "yaml"
import { type Source, SyntaxProblem } from "./PlanSource.ts"

/** Parses one document; every syntax error comes with its line and column. */
export const parse = (text: string): Effect.Effect<Source, SyntaxProblem> =>
  Effect.suspend(() => {
    const lines = new LineCounter()
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
    const positionAt = (offset: number) => {
      const { col, line } = lines.linePos(offset)
      return { line, column: col }
    }
    if (document.errors.length > 0) {
      const problems = document.errors.map(({ message, pos }) => ({ message, position: positionAt(pos[0]) }))
      return Effect.fail(new SyntaxProblem({ problems }))
    }
    return Effect.succeed({
      value: document.toJS(),
      locate: (path) => {
        const offset = offsetOf(document.contents, path)
        return offset === undefined ? undefined : positionAt(offset)
      }
    })
  })

/** Walks down as far as the path is there, and gives where the last key or item stands. */
const offsetOf = (root: Node | null, path: ReadonlyArray<PropertyKey>): number | undefined => {
  let node = root
  let offset = root?.range?.[0]
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
