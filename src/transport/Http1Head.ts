/** The head of an HTTP/1.1 response: its status and headers, and by these where its body ends (RFC 9112, 6.3). */
import type { Fields } from "./Exchange.ts"

export interface Head {
  readonly status: number
  readonly fields: Fields
  readonly framing: Framing
  /** Whether the server keeps the connection open after the response. */
  readonly isKept: boolean
}

/** What ends a body: its length in bytes, the last of its chunks, or the end of the connection. */
export type Framing = number | "chunked" | "until the end"

/** An error with a code of Node's own parser, by which `ProtocolError` and `SdkError` know it. */
export const malformed = (code: `HPE_${string}`, what: string): Error =>
  Object.assign(new Error(`the response is not valid HTTP/1.1: ${what}`), { code })

/** How each response begins, if its server speaks HTTP/1.1 or 1.0. */
const start = "HTTP/1."

/** Whether bytes can be the beginning of a response. */
export const isHttp1 = (bytes: Buffer): boolean =>
  start.startsWith(bytes.toString("latin1", 0, Math.min(bytes.length, start.length)))

/** Headers that have one value; if one is repeated, its first value is taken. The values of other headers are joined. */
const singular = new Set(["content-type", "date", "location", "retry-after"])

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\0\r\n]*)?/
const validFields = /(?:\r\n[\w!#$%&'*+.^`|~-]+:[^\0\r\n]*)*$/y

/** Reads a head, given without its last, empty line. */
export const headOf = (text: string): Head | Error => {
  // A line that begins with a space continues the one before.
  const head = /\n[ \t]/.test(text) ? text.replaceAll(/\r\n[ \t]+/g, " ") : text
  const first = statusLine.exec(head)
  if (first === null) return malformed("HPE_INVALID_STATUS", "it begins with no status")
  const status = Number(first[2])
  const fields = fieldsOf(head, first[0].length)
  if (fields === undefined) return malformed("HPE_INVALID_HEADER_TOKEN", "one of its headers cannot be read")
  const framing = framingOf(status, fields)
  if (framing instanceof Error) return framing
  const connection = fields["connection"] ?? ""
  const isKept = first[1] === "1" ? !hasToken(connection, "close") : hasToken(connection, "keep-alive")
  return { status, fields, framing, isKept }
}

/** The headers from this position on; `undefined` where one is malformed. */
const fieldsOf = (head: string, from: number): Record<string, string> | undefined => {
  validFields.lastIndex = from
  if (!validFields.test(head)) return undefined
  const fields: Record<string, string> = {}
  for (let at = from; at < head.length;) {
    const colon = head.indexOf(":", at)
    const next = head.indexOf("\r\n", colon)
    const end = next < 0 ? head.length : next
    const name = head.slice(at + 2, colon).toLowerCase()
    const value = head.slice(colon + 1, end).trim()
    const before: unknown = fields[name]
    if (typeof before !== "string") fields[name] = value
    else if (!singular.has(name)) fields[name] = `${before}, ${value}`
    at = end
  }
  return fields
}

const framingOf = (status: number, fields: Readonly<Record<string, string>>): Framing | Error => {
  if (status < 200 || status === 204 || status === 304) return 0
  const { "content-length": length, "transfer-encoding": encoding } = fields
  if (encoding !== undefined) {
    // Servers and proxies disagree about which of both counts, and the next response could be taken for a part of this one.
    if (length !== undefined)
      return malformed("HPE_INVALID_TRANSFER_ENCODING", "it has content-length and transfer-encoding")
    return /(?:^|,)[ \t]*chunked$/i.test(encoding) ? "chunked" : "until the end"
  }
  if (length === undefined) return "until the end"
  return /^\d{1,15}$/.test(length)
    ? Number(length)
    : malformed("HPE_INVALID_CONTENT_LENGTH", "its content-length is no number")
}

const hasToken = (list: string, token: string): boolean =>
  list.split(",").some((each) => each.trim().toLowerCase() === token)
