/** The file format of a tape: recorded traffic, one JSON line an exchange, without keys and organization ids. */
import { Schema } from "effect"
import { escape } from "effect/RegExp"
import { objectOf } from "../wire/UncheckedJson.ts"

/** A part of a body, and the milliseconds from the request to its arrival. */
export const Piece = Schema.Struct({ atMillis: Schema.Finite, text: Schema.String })
export type Piece = typeof Piece.Type

/** One exchange. `failed` replaces the response if the connection broke before the headers; `cut`: it broke in the body. */
export const Line = Schema.Struct({
  request: Schema.Struct({ method: Schema.String, path: Schema.String, body: Schema.String }),
  failed: Schema.optionalKey(Schema.Literals(["ECONNREFUSED", "ECONNRESET"])),
  response: Schema.optionalKey(
    Schema.Struct({
      status: Schema.Int,
      headers: Schema.Record(Schema.String, Schema.String),
      headersAtMillis: Schema.Finite,
      chunks: Schema.Array(Piece),
      cut: Schema.Boolean
    })
  )
})
export type Line = typeof Line.Type

/** Writes one line. */
export const encode = Schema.encodeSync(Schema.fromJsonString(Line))
/** Reads one line; throws if it is not an exchange. */
export const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Line))

/** Reads a tape; throws with the number of the first line that is not an exchange. */
export const read = async (file: string): Promise<ReadonlyArray<Line>> => {
  const { readFile } = await import("node:fs/promises")
  return (await readFile(file, "utf8")).split("\n").flatMap((text, index) => {
    if (text.trim() === "") return []
    try {
      return [decode(text)]
    } catch {
      throw new Error(`line ${index + 1} is no exchange of a tape`)
    }
  })
}

/** A `fetch` that records to a tape, or answers from one. */
export interface Tape {
  readonly fetch: typeof globalThis.fetch
}

/** Written in place of a key. */
const keyPlaceholder = "redacted"
const organization = /\borg: [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g

/** Replaces `key`, all other API keys and the organization's id, so that a tape can be committed. */
export const redacted = (text: string, key: string | undefined): string =>
  redactedPieces([{ atMillis: 0, text }], key)[0]!.text

/** Does the same in a body of several pieces. The replacement of a secret goes to the piece in which the secret begins. */
export const redactedPieces = (pieces: ReadonlyArray<Piece>, key: string | undefined): ReadonlyArray<Piece> => {
  // A key below 8 characters is not a real one, and may be part of ordinary words.
  const keyPattern = key === undefined || key.length < 8 ? undefined : new RegExp(escape(key), "g")
  const withoutKey = keyPattern === undefined ? pieces : replaced(pieces, keyPattern, keyPlaceholder)
  const withoutKeys = replaced(withoutKey, /\bsk-ant-[\w-]+/g, keyPlaceholder)
  return replaced(withoutKeys, organization, "org: 00000000-0000-0000-0000-000000000000")
}

/** Replaces the matches of a pattern in the joined text of the pieces. */
const replaced = (pieces: ReadonlyArray<Piece>, pattern: RegExp, replacement: string): ReadonlyArray<Piece> => {
  const fullText = pieces.map(({ text }) => text).join("")
  const found = [...fullText.matchAll(pattern)].map((match) => [match.index, match.index + match[0].length] as const)
  let end = 0
  return pieces.map((piece) => {
    const start = end
    end += piece.text.length
    let text = ""
    let from = start
    for (const [begins, ends] of found) {
      if (ends <= from || begins >= end) continue
      if (begins >= start) text += fullText.slice(from, begins) + replacement
      from = Math.min(ends, end)
    }
    return { ...piece, text: text + fullText.slice(from, end) }
  })
}

/** Gives the API key of a request. */
export const keyOf = (headers: Headers): string | undefined =>
  headers.get("x-api-key") ?? headers.get("authorization")?.replace(/^Bearer\s+/i, "") ?? undefined

/** Gives the path and query by which a tape identifies a request. */
export const pathOf = (url: URL): string => `${url.pathname}${url.search}`

const canonical = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(canonical)
  const object = objectOf(value)
  return object === undefined
    ? value
    : Object.fromEntries(
        Object.entries(object)
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, item]) => [key, canonical(item)])
      )
}

/** Parses a body as JSON with sorted keys; a body that is not JSON stays text. */
export const parsed = (body: string): unknown => {
  try {
    return canonical(JSON.parse(body))
  } catch {
    return body
  }
}

/** A breakpoint of the prompt cache, which can stand in any block. A tool may have a property of the same name. */
const isBreakpoint = (name: string, value: unknown): boolean =>
  name === "cache_control" && objectOf(value)?.["type"] === "ephemeral"

/** The body without what changes how its reply is delivered or paid, and not what it answers. */
export const questionOf = (body: string): unknown => {
  const json = parsed(body)
  const object = objectOf(json)
  if (object === undefined) return json
  const { fallbacks: _paid, stream: _form, ...question } = object
  const text = JSON.stringify(question, (name, value: unknown) => (isBreakpoint(name, value) ? undefined : value))
  return JSON.parse(text)
}

/**
 * Gives the identity of a request: method, path and body, independent of the order of JSON keys and of delivery, so that a run
 * that was recorded on a terminal, where answers are streamed, plays on a pipe too.
 */
export const identityOf = (request: Line["request"]): string =>
  `${request.method} ${request.path} ${JSON.stringify(questionOf(request.body))}`
