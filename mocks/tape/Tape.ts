/** The format of a tape: real traffic, one JSON line an exchange, without keys and organization ids. */
import { Schema } from "effect"
import { escape } from "effect/RegExp"
import { objectOf } from "../wire/UncheckedJson.ts"

/** A piece of a body and the milliseconds from the request at which it came. */
export const Piece = Schema.Struct({ atMillis: Schema.Finite, text: Schema.String })
export type Piece = typeof Piece.Type

/** One exchange. `failed` stands instead of a response when the connection broke before headers; `cut` when it broke later. */
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

/** Writes and reads one line. */
export const encode = Schema.encodeSync(Schema.fromJsonString(Line))
export const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Line))

/** Reads a whole tape; throws where a line is no exchange. */
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

/** A `fetch` that stands for the API. */
export interface Tape {
  readonly fetch: typeof globalThis.fetch
}

/** Stands for a key on a tape. */
const noKey = "redacted"
const organization = /\borg: [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g

/** Takes out what a tape that is committed must not hold: `key`, whatever looks like one, and the organization's id. */
export const redacted = (text: string, key: string | undefined): string =>
  redactedPieces([{ atMillis: 0, text }], key)[0]!.text

/** The same for a body in pieces, as a secret may lie across several: what stands for it stands where it begins. */
export const redactedPieces = (pieces: ReadonlyArray<Piece>, key: string | undefined): ReadonlyArray<Piece> => {
  // A very short key is no key, and would tear words apart.
  const own = key === undefined || key.length < 8 ? undefined : new RegExp(escape(key), "g")
  const withoutOwn = own === undefined ? pieces : replaced(pieces, own, noKey)
  const withoutKeys = replaced(withoutOwn, /\bsk-ant-[\w-]+/g, noKey)
  return replaced(withoutKeys, organization, "org: 00000000-0000-0000-0000-000000000000")
}

const replaced = (pieces: ReadonlyArray<Piece>, pattern: RegExp, instead: string): ReadonlyArray<Piece> => {
  const whole = pieces.map(({ text }) => text).join("")
  const found = [...whole.matchAll(pattern)].map((match) => [match.index, match.index + match[0].length] as const)
  let end = 0
  return pieces.map((piece) => {
    const start = end
    end += piece.text.length
    let text = ""
    let from = start
    for (const [begins, ends] of found) {
      if (ends <= from || begins >= end) continue
      if (begins >= start) text += whole.slice(from, begins) + instead
      from = Math.min(ends, end)
    }
    return { ...piece, text: text + whole.slice(from, end) }
  })
}

/** Gives the key that a request carries. */
export const keyOf = (headers: Headers): string | undefined =>
  headers.get("x-api-key") ?? headers.get("authorization")?.replace(/^Bearer\s+/i, "") ?? undefined

/** Gives what a tape knows a request by, beside method and body. */
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

/** Reads a body as JSON with its keys in order, or as text. */
export const parsed = (body: string): unknown => {
  try {
    return canonical(JSON.parse(body))
  } catch {
    return body
  }
}

/** Names a request: the same for the same request, however its keys are ordered. */
export const nameOf = (request: Line["request"]): string =>
  `${request.method} ${request.path} ${JSON.stringify(parsed(request.body))}`
