/** Parses YAML and JSON, with the position of every key. JSON is read as YAML, so trailing commas and # comments are allowed. */
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
import { numberText } from "../options/NumberText.ts"
import { beginning, type Found, type Problem, type Source, SyntaxProblem } from "./Source.ts"
import { found } from "./YamlSyntax.ts"
import { findingsOf } from "./YamlText.ts"

/** One mistake may cause many syntax errors after it: only so many are reported. */
const maxProblems = 3

/** Only so many are explained, as each takes time that grows with the text; of several at one offset one is reported. */
const maxExplained = 8 * maxProblems

const firstOf = (problems: ReadonlyArray<Problem>): ReadonlyArray<Problem> => {
  const next = problems[maxProblems]
  const rest = problems.length - maxProblems
  // One further problem takes the same line as the count of it.
  if (next === undefined || rest === 1) return problems
  const message = `and ${rest} more from here on; is this YAML or JSON?`
  return [...problems.slice(0, maxProblems), { ...next, message }]
}

/** Parses one document. Fails with the positions of the first syntax errors. */
export const parse = (text: string): Effect.Effect<Source, SyntaxProblem> =>
  Effect.suspend(() => {
    const lines = new LineCounter()
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, uniqueKeys: false })
    const positionAt = (offset: number) => {
      const { col, line } = lines.linePos(offset)
      return { line, column: col }
    }
    const findings = document.errors.length > 0 ? { problems: [], notices: [] } : findingsOf(document, text)
    const errors = [
      ...wrongAliases(document),
      ...document.errors.map((error, index) =>
        index < maxExplained ? found(text, error) : { message: error.message, offset: error.pos[0] }
      ),
      ...findings.problems
    ].toSorted((a, b) => a.offset - b.offset)
    if (errors.length > 0) {
      // Of several errors at one offset the last is the most specific.
      const byOffset = new Map(errors.map(({ message, offset }) => [offset, { message, position: positionAt(offset) }]))
      return Effect.fail(new SyntaxProblem({ problems: firstOf([...byOffset.values()]) }))
    }
    // `wrongAliases` bounds aliases by the values they expand to; the parser's count of aliases would reject many asks that share a schema.
    const value = Result.try({ try: (): unknown => document.toJS({ maxAliasCount: -1 }), catch: String })
    if (Result.isFailure(value)) {
      return Effect.fail(new SyntaxProblem({ problems: [{ message: value.failure, position: beginning }] }))
    }
    return Effect.succeed({
      value: value.success,
      locate: (path) => positionAt(offsetOf(document.contents, path)),
      notices: findings.notices.map(({ message, offset }) => ({ message, position: positionAt(offset) }))
    })
  })

/** Values that aliases may expand to: more than in a plan of thousands of asks. It bounds memory and time. */
const maxAliasedValues = 1_000_000

/** Aliases without an anchor, within their own anchor, or that together expand to more than `maxAliasedValues` values. */
const wrongAliases = (document: Document) => {
  const problems: Array<Found> = []
  const anchors = new Map<string, Node>()
  const sizes = new Map<unknown, number>()
  // An anchored value ends before its alias, so the sizes of aliases in it are known.
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
      const report = (message: string) => void problems.push({ message, offset: range?.[0] ?? 0 })
      const node = anchors.get(source)
      if (node === undefined) return report(`there is no anchor &${source} before this alias`)
      if (path.includes(node)) return report(`this alias stands within &${source}, which it stands for`)
      const size = sizeOf(node)
      sizes.set(alias, size)
      if (aliased <= maxAliasedValues && aliased + size > maxAliasedValues) {
        report(`with this alias the file stands for more than ${numberText(maxAliasedValues)} values`)
      }
      aliased += size
    }
  })
  return problems
}

/** The offset of the last key or item of the path that exists. */
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
