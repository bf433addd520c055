/** Keys of YAML that stand for something else than they seem to, and keys that are none as the blank after the colon is missing. */
import { isAlias, isCollection, isMap, isNode, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from "yaml"
import { codeOf } from "./DamagedText.ts"
import type { Found } from "./Source.ts"

/** The nodes that aliases stand for. */
export type Anchors = ReadonlyMap<string, Node>

/** What is wrong with the key of a mapping, or with a merge key's value. */
export const keyProblems = ({ items }: YAMLMap, anchors: Anchors): ReadonlyArray<Found> => {
  const known = new Set<unknown>()
  return items.flatMap(({ key, value }) => {
    if (!isNode(key)) return []
    const message = isScalar(key)
      ? (keyMessage(key) ?? mergeMessage(key, value, anchors) ?? repeatedMessage(key, known))
      : complexMessage(key)
    return message === undefined ? [] : [{ message, offset: key.range?.[0] ?? 0 }]
  })
}

/** The parser's own check compares every key with all before it, which takes 4 s for 20,000 asks. */
const repeatedMessage = ({ source, value }: Scalar, known: Set<unknown>): string | undefined => {
  if (source === "<<") return undefined
  if (known.has(value)) return "this key stands here twice"
  known.add(value)
  return undefined
}

const complexMessage = (key: Node): string | undefined =>
  isCollection(key) ? "a key must be text, not a list or a mapping" : undefined

const keyMessage = ({ source = "", type, value }: Scalar): string | undefined => {
  if (type !== "PLAIN") return undefined
  const [first = ""] = source
  if (/[“”„«‘’]/.test(first)) return `${first} is no quote here: write " or '`
  if (/(?![ \t])[\p{Zs}\ufeff\u200b]/u.test(first))
    return `this begins with ${codeOf(first)}, which is no blank here: write blanks`
  if (/^\/[/*]/.test(source)) return `${source.slice(0, 2)} begins no comment here: write #, or leave it out`
  return typeof value === "boolean" && source.toLowerCase() !== String(value)
    ? `${source} is the boolean ${value} in YAML 1.1, not a name: put it in quotes, or leave out %YAML`
    : undefined
}

const mergeMessage = ({ source, type }: Scalar, value: unknown, anchors: Anchors): string | undefined => {
  if (source !== "<<" || type !== "PLAIN") return undefined
  const resolved = (node: unknown) => (isAlias(node) ? anchors.get(node.source) : node)
  const node = resolved(value)
  const parts: ReadonlyArray<unknown> = isSeq(node) ? node.items : [node]
  // An alias without an anchor has an issue of its own.
  return parts.map(resolved).every((part) => part === undefined || isMap(part))
    ? undefined
    : "<< takes a mapping, or a list of mappings"
}

/** Of plain text that is a key and its value without a blank after the colon. */
export const gluedMessage = (text: string, isFileAllowed: boolean): string | undefined => {
  const [, key, rest] = /^(question|instruction|file|answer|model|system):([^\r\n\t /][^]*)/.exec(text) ?? []
  if (key === undefined || rest === undefined || (key === "file") !== isFileAllowed) return undefined
  return `this is one text, as no blank follows the colon: write ${key}: ${rest.slice(0, 20).trim()}${rest.length > 20 ? "…" : ""}, or put it in quotes`
}
