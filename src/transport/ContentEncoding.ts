/** Decodes compressed bodies. No request has `accept-encoding`, but some proxies compress responses anyway. */
import type { Transform } from "node:stream"

/** What a decoder gives its bytes, its end and its error to. */
export interface Receiver {
  readonly take: (chunk: Uint8Array) => void
  readonly end: () => void
  readonly fail: (error: unknown) => void
}

type Zlib = typeof import("node:zlib")

/** Most bytes that tell one format from another. */
const magicLength = 4

/** The header of RFC 1950, which the name `deflate` stands for; some servers leave it out. */
const isZlib = (head: Uint8Array): boolean =>
  (head[0]! & 0x0f) === 8 && head[0]! >> 4 <= 7 && ((head[0]! << 8) | head[1]!) % 31 === 0

/** Whether a body begins as JSON or an event stream, which no compressed one does. */
const isText = (head: Uint8Array): boolean =>
  /^(?:\s*[[{]\s*["\]}{\d]|data|even|:|id:|retr)/.test(String.fromCharCode(...head))

/** The decoder of a body that begins so; `undefined` where the body is not compressed, whatever its header says. */
const decoderOf = (encoding: string, head: Uint8Array): Transform | undefined => {
  if (isText(head)) return undefined
  const zlib: Zlib = process.getBuiltinModule("node:zlib")
  switch (encoding) {
    case "br":
      return zlib.createBrotliDecompress()
    case "zstd":
      return zlib.createZstdDecompress()
    case "deflate":
      return isZlib(head) || head[0] === 0x1f ? zlib.createUnzip() : zlib.createInflateRaw()
    default:
      return zlib.createUnzip()
  }
}

/** Decodes one encoding of a body. */
class Decoder implements Receiver {
  readonly #encoding: string
  readonly #receiver: Receiver
  #head: Uint8Array | undefined = new Uint8Array()
  #decoder: Transform | undefined

  constructor(encoding: string, receiver: Receiver) {
    this.#encoding = encoding
    this.#receiver = receiver
  }

  readonly take = (chunk: Uint8Array): void => {
    if (this.#head === undefined) return this.#write(chunk)
    this.#head = Buffer.concat([this.#head, chunk])
    if (this.#head.length >= magicLength) this.#begin(this.#head)
  }

  readonly end = (): void => {
    if (this.#head !== undefined) this.#begin(this.#head)
    if (this.#decoder === undefined) this.#receiver.end()
    else this.#decoder.end()
  }

  readonly fail = (error: unknown): void => this.#receiver.fail(error)

  #begin(head: Uint8Array): void {
    this.#head = undefined
    this.#decoder = decoderOf(this.#encoding, head.subarray(0, magicLength))
    this.#decoder?.on("data", this.#receiver.take).on("end", this.#receiver.end).on("error", this.#receiver.fail)
    if (head.length > 0) this.#write(head)
  }

  #write(chunk: Uint8Array): void {
    if (this.#decoder === undefined) this.#receiver.take(chunk)
    else this.#decoder.write(chunk)
  }
}

/** What decodes a body by its `content-encoding`, the last one first; `undefined` where there is none that is known. */
export const decoding = (contentEncoding: string | null, receiver: Receiver): Receiver | undefined => {
  if (contentEncoding === null) return undefined
  const encodings = contentEncoding
    .toLowerCase()
    .split(",")
    .map((encoding) => encoding.trim())
  const known = encodings.filter((encoding) => /^(?:x-gzip|gzip|deflate|br|zstd)$/.test(encoding))
  return known.reduce<Receiver | undefined>((inner, encoding) => new Decoder(encoding, inner ?? receiver), undefined)
}
