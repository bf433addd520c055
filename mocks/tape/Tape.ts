/** The file format of a tape: recorded traffic, one JSON line an exchange, without keys and organization ids. */
import { Schema } from "effect"

/** A part of a body, and the milliseconds from the request to its arrival. */
export const Piece = Schema.Struct({ atMillis: Schema.Finite, text: Schema.String })
export type Piece = typeof Piece.Type

/**
 * One exchange. `recording` is the id of the run that appended it, and `nth` the number of its request in that run, from 1: lines
 * are written as replies end. `failed` replaces the response if the connection broke before the headers, after `failedAtMillis`;
 * `cut`: it broke in the body.
 */
export const Line = Schema.Struct({
  recording: Schema.optionalKey(Schema.String),
  nth: Schema.optionalKey(Schema.Int),
  request: Schema.Struct({ method: Schema.String, path: Schema.String, body: Schema.String }),
  failed: Schema.optionalKey(Schema.Literals(["ECONNREFUSED", "ECONNRESET"])),
  failedAtMillis: Schema.optionalKey(Schema.Finite),
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

/** The encoding of a file that starts with these bytes: UTF-8, unless its byte order mark says UTF-16. */
export const encodingOf = (head: Uint8Array): "utf-8" | "utf-16le" | "utf-16be" => {
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le"
  return head[0] === 0xfe && head[1] === 0xff ? "utf-16be" : "utf-8"
}

const openings = ['{"recording":"', '{"request":']

/** Whether a text is only the beginning of an exchange, as a process leaves it that is killed while it records. */
const isTorn = (text: string): boolean => {
  if (!openings.some((opening) => text.startsWith(opening.slice(0, text.length)))) return false
  const brackets = text.replaceAll(/"[^"\\]*(?:\\.[^"\\]*)*"?/g, "").replaceAll(/[^[\]{}]/g, "")
  return brackets.replaceAll(/[^[{]/g, "").length > brackets.replaceAll(/[^\]}]/g, "").length
}

/** The recording of a torn line, if it came so far. */
const tornOf = (text: string): string | undefined => /^\{"recording":"([^"]*)"/.exec(text)?.[1]

const attempt = (text: string): Line | undefined => {
  try {
    return decode(text)
  } catch {
    return undefined
  }
}

/**
 * Reads a tape, in UTF-8 or, with a byte order mark, UTF-16. The torn last line of a recording is left out, and `onTorn` called
 * with its number; by default that is a process warning named `TornTape`. Any other line that is not an exchange throws.
 */
export const read = async (
  file: string,
  onTorn: (lineNumber: number) => void = (lineNumber) =>
    process.emitWarning(`Line ${lineNumber} of the tape ${file} is torn, and left out`, { type: "TornTape" })
): Promise<ReadonlyArray<Line>> => {
  const { readFile } = await import("node:fs/promises")
  const bytes = await readFile(file)
  // `trim` removes line ends of Windows, and byte order marks, which stand within a tape that was joined of several.
  const texts = new TextDecoder(encodingOf(bytes))
    .decode(bytes)
    .split("\n")
    .map((text) => text.trim())
  const numbered = texts.flatMap((text, index) =>
    text === "" ? [] : [{ number: index + 1, text, line: attempt(text) }]
  )
  const recordings = new Set<string | undefined>()
  return numbered.flatMap(({ line, number, text }, index) => {
    if (line !== undefined) {
      recordings.add(line.recording)
      return [line]
    }
    // A later recording begins on a new line below the torn one.
    const next = numbered[index + 1]?.line?.recording
    const isNext = next !== undefined && next !== tornOf(text) && !recordings.has(next)
    const isLast = index === numbered.length - 1 || isNext
    if (!isLast || !isTorn(text)) throw new Error(`line ${number} is no exchange of a tape`)
    onTorn(number)
    return []
  })
}

/** A `fetch` that records to a tape, or answers from one. */
export interface Tape {
  readonly fetch: typeof globalThis.fetch
}
