/** Removes keys, cookies and the ids of organizations and users from what a tape keeps, so that it can be committed. */
import { escape } from "effect/RegExp"
import { listOf, objectOf, parse, type UncheckedJson } from "../wire/UncheckedJson.ts"
import type { Piece } from "./Tape.ts"

/** Response headers that clients read. All others may name the account or the connection, and are not recorded. */
const keptHeaders =
  /^(anthropic-(fast-|priority-)?ratelimit-.*|x-ratelimit-.*|cache-control|content-disposition|content-type|date|(x-)?request-id|retry-after(-ms)?|server-timing|transfer-encoding|x-should-retry)$/

const secretNames = /auth|key|token|secret|cookie|password|credential/i
const idNames = /organi[sz]ation|\borg\b|workspace|account|tenant/i

/** A shorter value is a placeholder for a mock, and may be part of ordinary words. */
const minLength = 8

const partsOf = (name: string, value: string): ReadonlyArray<string> => {
  if (/cookie/i.test(name)) return value.split(/;\s*/).map((pair) => pair.slice(pair.indexOf("=") + 1))
  return [value.replace(/^(?:Bearer|Basic|Token)\s+/i, "")]
}

const isSecret = (name: string, value: string): boolean =>
  // Words are no ids: they would be cut out of questions that mention them.
  value.length >= minLength && (secretNames.test(name) || (idNames.test(name) && /\d/.test(value)))

/** The secret values of headers and query parameters. Rate limits count tokens, and are none. */
export const of = (entries: Iterable<readonly [string, string]>): ReadonlyArray<string> =>
  [...entries]
    .filter(([name]) => !/ratelimit/i.test(name))
    .flatMap(([name, value]) => partsOf(name, value).filter((part) => isSecret(name, part)))
    // A secret that contains another one is removed first.
    .toSorted((a, b) => b.length - a.length)

/** The headers of a response that are recorded, without these secrets. */
export const recordedHeaders = (headers: Headers, secrets: ReadonlyArray<string>): ReadonlyArray<[string, string]> =>
  [...headers].filter(([name]) => keptHeaders.test(name)).map(([name, value]) => [name, redacted(value, secrets)])

/** The query without parameters that are secrets, and without `beta`, which the SDK adds to requests with beta fields. */
export const publicQuery = (query: URLSearchParams): string => {
  const kept = [...query].filter(([name]) => name !== "beta" && !secretNames.test(name) && !idNames.test(name))
  return kept.length === 0 ? "" : `?${new URLSearchParams(kept).toString()}`
}

/** Fields of a request that name a user or account, or authorize a payment. They change no answer. */
const privateFields = new Set(["metadata", "user_profile_id", "workspace_id", "fallback_credit_token"])

const withoutToken = (server: unknown): UncheckedJson => {
  const { authorization_token: _token, ...rest } = objectOf(server) ?? {}
  return rest
}

const withoutPrivate = (request: UncheckedJson): UncheckedJson =>
  Object.fromEntries(
    Object.entries(request).flatMap(([name, value]): ReadonlyArray<[string, unknown]> => {
      if (privateFields.has(name)) return []
      if (name !== "mcp_servers") return [[name, value]]
      return [[name, listOf(value).map(withoutToken)]]
    })
  )

/** Applies `change` to the Messages request in a body, or to each one in the body of a batch. */
export const mapRequests = (body: UncheckedJson, change: (request: UncheckedJson) => UncheckedJson): UncheckedJson => {
  if (!Array.isArray(body["requests"])) return change(body)
  const requests = body["requests"].map((entry: unknown) => {
    const params = objectOf(objectOf(entry)?.["params"])
    return params === undefined ? entry : { ...objectOf(entry), params: change(params) }
  })
  return { ...body, requests }
}

/** The body of a request without these secrets, tokens of other servers and ids of users. */
export const recordedBody = (text: string, secrets: ReadonlyArray<string>): string => {
  const body = parse(text)
  return redacted(body === undefined ? text : JSON.stringify(mapRequests(body, withoutPrivate)), secrets)
}

/** The blanks are bounded and an id is looked for first, so that a long run of blanks is not read again from each place in it. */
const organization =
  /(?=[0-9a-f]{8}-)(?<=(?<![a-z])org(?:ani[sz]ation)?s?(?:[ _-]?(?:id|uuid))?\\?["']?\s{0,99}[:=/]?\s{0,99}\\?["']?)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi

/** What is removed from every text, and its replacement. */
const patterns: ReadonlyArray<readonly [RegExp, string]> = [
  [/\bsk-ant-[\w-]+/g, "redacted"],
  [/(?<=\bBearer )[\w.~+/=-]{8,}/gi, "redacted"],
  [organization, "00000000-0000-0000-0000-000000000000"],
  [/\bwrkspc_\w+/g, "wrkspc_redacted"]
]

/** Finds a secret; some servers write a slash in JSON with a backslash. */
const patternOf = (secret: string): RegExp => new RegExp(secret.split("/").map(escape).join("\\\\?/"), "g")

/** Removes these secrets, all keys of Anthropic, bearer tokens and ids of organizations. */
export const redacted = (text: string, secrets: ReadonlyArray<string>): string =>
  redactedPieces([{ atMillis: 0, text }], secrets)[0]!.text

/**
 * Does the same in a body of several pieces, and in the text that the deltas of a stream add up to. The replacement of a secret
 * goes to the piece in which the secret begins.
 */
export const redactedPieces = (pieces: ReadonlyArray<Piece>, secrets: ReadonlyArray<string>): ReadonlyArray<Piece> => {
  const own = secrets.map((secret) => [patternOf(secret), "redacted"] as const)
  return [...own, ...patterns].reduce(
    (rest, [pattern, replacement]) =>
      // The joined deltas come first: of a key in two of them, the whole text shows only the beginning.
      replaced(replaced(rest, pattern, replacement, deltaTexts), pattern, replacement, wholeText),
    pieces
  )
}

/** A part of a body, by its place, in which a secret is searched together with the parts that follow. */
interface Span {
  readonly at: number
  readonly text: string
}

const wholeText = (text: string): ReadonlyArray<Span> => [{ at: 0, text }]

const deltaText = /^data:.*"(?:text|thinking|partial_json)":\s*"((?:[^"\\]|\\.)*)"/gm

/** The texts of the deltas in an event stream. */
const deltaTexts = (text: string): ReadonlyArray<Span> =>
  [...text.matchAll(deltaText)].map((match) => ({
    at: match.index + match[0].length - 1 - match[1]!.length,
    text: match[1]!
  }))

/** A place in a body, and what replaces it. */
type Edit = readonly [from: number, to: number, replacement: string]

/** The places of the matches of a pattern in the joined spans; the replacement stands in the first span of a match. */
const editsOf = (spans: ReadonlyArray<Span>, pattern: RegExp, replacement: string): ReadonlyArray<Edit> => {
  const joined = spans.map(({ text }) => text).join("")
  const matches = [...joined.matchAll(pattern)].map((match) => [match.index, match.index + match[0].length] as const)
  const edits: Array<Edit> = []
  let start = 0
  // Both lists are in the order of the text, so that each is walked through once.
  let first = 0
  for (const { at, text } of spans) {
    const end = start + text.length
    while (first < matches.length && matches[first]![1] <= start) first++
    for (let index = first; index < matches.length && matches[index]![0] < end; index++) {
      const [from, to] = matches[index]!
      const isFirst = from >= start
      edits.push([at + Math.max(from, start) - start, at + Math.min(to, end) - start, isFirst ? replacement : ""])
    }
    start = end
  }
  return edits
}

/** Replaces the matches of a pattern in the joined text of the pieces. */
const replaced = (
  pieces: ReadonlyArray<Piece>,
  pattern: RegExp,
  replacement: string,
  spansOf: (text: string) => ReadonlyArray<Span>
): ReadonlyArray<Piece> => {
  const fullText = pieces.map(({ text }) => text).join("")
  const edits = editsOf(spansOf(fullText), pattern, replacement)
  if (edits.length === 0) return pieces
  let end = 0
  let first = 0
  return pieces.map((piece) => {
    const start = end
    end += piece.text.length
    let text = ""
    let from = start
    while (first < edits.length && edits[first]![1] <= start) first++
    for (let index = first; index < edits.length && edits[index]![0] < end; index++) {
      const [begins, ends, insert] = edits[index]!
      if (begins >= start) text += fullText.slice(from, begins) + insert
      from = Math.min(ends, end)
    }
    return { ...piece, text: text + fullText.slice(from, end) }
  })
}
