/** Text in YAML that stands for something else than it seems to: tags, comments, braces, escapes, merge keys. */
import { type Document, isMap, isPair, isScalar, type Node, type Pair, visit } from "yaml"
import { escapedPath } from "./EscapedPath.ts"
import type { Found } from "./Source.ts"
import { gluedMessage, keyProblems } from "./YamlKeys.ts"
import { tagMessage, tagProblems } from "./YamlTag.ts"

/** What must be mended, and what may be meant. */
export interface Findings {
  readonly problems: ReadonlyArray<Found>
  readonly notices: ReadonlyArray<Found>
}

/** Walks a document without syntax errors. */
export const findingsOf = (document: Document, text: string): Findings => {
  const warnings = document.warnings.map(({ code, message, pos }) => ({
    message: code === "TAG_RESOLVE_FAILED" || code === "BAD_COLLECTION_TYPE" ? tagMessage(text.slice(...pos)) : message,
    offset: pos[0]
  }))
  const problems: Array<Found> = [...warnings, ...tagProblems(document, text)]
  const notices: Array<Found> = []
  const aliased = new Set<string>()
  const anchors = new Map<string, Node>()
  visit(document, {
    Alias: (_key, { source }) => void aliased.add(source),
    Value: (_key, node) => void (node.anchor !== undefined && anchors.set(node.anchor, node))
  })
  visit(document, {
    Map: (_key, map) => {
      const offset = map.range?.[0] ?? 0
      const isBraces = map.flow === true && text.startsWith("{{", offset)
      const braces = { message: "text that begins with { must stand in quotes, all of it: '{{…}}'", offset }
      problems.push(...(isBraces ? [braces] : keyProblems(map, anchors)))
      const [, second] = map.items.filter(({ key }) => isScalar(key) && key.source === "<<")
      if (isScalar(second?.key)) {
        problems.push({
          message: "<< stands here twice: write one with a list, <<: [*a, *b]",
          offset: second.key.range?.[0] ?? offset
        })
      }
    },
    Scalar: (_key, scalar, path) => {
      const [offset, end] = scalar.range ?? [0, 0]
      const keys = keysOf(path)
      const isRead = isText(keys)
      if (scalar.anchor !== undefined && !aliased.has(scalar.anchor) && isRead) {
        const message = `&${scalar.anchor} names this text for an alias, and none uses it: if it belongs to the text, put all of it in quotes`
        notices.push({ message, offset })
      }
      const glued = scalar.type === "PLAIN" ? gluedMessage(text.slice(offset, end), keys[0] === "context") : undefined
      if (glued !== undefined && isRead) problems.push({ message: glued, offset })
      if (scalar.type === "QUOTE_DOUBLE") {
        const escaped = escapedPath(text.slice(offset, end))
        if (escaped !== undefined) (escaped.isCertain ? problems : notices).push({ message: escaped.message, offset })
      }
      if (scalar.type === "PLAIN" && isRead && /^[ \t]+#/.test(text.slice(end, end + 100))) {
        // In a text of several lines the place of the comment is told, as it may be far from its beginning.
        const isLong = text.slice(offset, end).includes("\n")
        notices.push({
          message: `this text ends before " #", which begins a comment: if the rest belongs to it, put ${isLong ? "all of it in quotes, or write it after |" : "it in quotes"}`,
          offset: isLong ? text.indexOf("#", end) : offset
        })
      }
    }
  })
  return { problems, notices }
}

const keysOf = (path: ReadonlyArray<Document | Node | Pair>): ReadonlyArray<string> =>
  path.flatMap((part, index) => {
    const isKey = isPair(part) && isMap(path[index - 1]) && isScalar(part.key)
    return isKey ? [String((part.key as { readonly value: unknown }).value)] : []
  })

/** Whether the value at these keys is text that Claude reads; after other values a comment takes nothing away. */
const isText = (keys: ReadonlyArray<string>): boolean => {
  const [first, , ...rest] = keys
  const last = keys.at(-1)
  if (keys.length === 1) return first === "system" || first === "context" || first === "synthesis"
  if (first === "asks" && rest.length === 0) return keys.length === 2
  return last === "question" || last === "instruction" || last === "system" || last === "description"
}
