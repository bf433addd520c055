/** Reads one HTTP/1.1 response (RFC 9112) from the bytes of a connection, in whatever pieces they come. */
import type { Exchange } from "./Exchange.ts"
import { type Head, headOf, isHttp1, malformed } from "./Http1Head.ts"

/** Bytes of a head, or of another line, at most; Node takes 16 KiB, and curl 300. */
const maxLineBytes = 64 * 1024

const emptyLine = "\r\n\r\n"
const lineEnd = "\r\n"

/** `body`: of a known length, a chunk too, or until the connection ends. */
type Part = "head" | "body" | "chunk size" | "chunk end" | "trailers" | "complete"

/** Gives what it reads to an exchange, which fails if that is not valid. */
export class ResponseReader {
  readonly #exchange: Exchange
  #head: Head | undefined
  #part: Part = "head"
  /** Bytes of a head or a line whose end has not arrived. */
  #begun: Buffer | undefined
  /** Bytes of the body, or of its chunk, that have not arrived. */
  #missing = 0

  constructor(exchange: Exchange) {
    this.#exchange = exchange
  }

  /** The status and headers, once they have arrived. */
  get head(): Head | undefined {
    return this.#head
  }

  get isComplete(): boolean {
    return this.#part === "complete"
  }

  /** Returns the bytes after the response, or an error if they are no response. */
  read(bytes: Buffer): Buffer | Error {
    let rest: Buffer | Error = this.#begun === undefined ? bytes : Buffer.concat([this.#begun, bytes])
    this.#begun = undefined
    while (!(rest instanceof Error) && rest.length > 0 && this.#begun === undefined && !this.isComplete) {
      rest = this.#readPart(rest)
    }
    return rest
  }

  /** Ends a body that lasts until the connection ends; returns false where more of the response is missing. */
  end(): boolean {
    if (this.#part === "body" && this.#head?.framing === "until the end") this.#complete()
    return this.isComplete
  }

  /** Reads the current part as far as it has arrived; returns the bytes after that. */
  #readPart(bytes: Buffer): Buffer | Error {
    if (this.#part === "body") return this.#readBody(bytes)
    if (this.#part === "head" && !isHttp1(bytes))
      return malformed("HPE_INVALID_CONSTANT", "it does not begin with the protocol")
    const end = this.#part === "head" ? emptyLine : lineEnd
    const at = bytes.indexOf(end)
    if (at > maxLineBytes || (at < 0 && bytes.length > maxLineBytes)) {
      return malformed("HPE_HEADER_OVERFLOW", `it has a head or line of more than ${maxLineBytes / 1024} KiB`)
    }
    if (at < 0) {
      this.#begun = bytes
      return bytes
    }
    return this.#readLine(bytes.toString("latin1", 0, at)) ?? bytes.subarray(at + end.length)
  }

  #readBody(bytes: Buffer): Buffer {
    const taken = bytes.length <= this.#missing ? bytes : bytes.subarray(0, this.#missing)
    this.#missing -= taken.length
    this.#exchange.take(taken)
    if (this.#missing === 0) {
      if (this.#head?.framing === "chunked") this.#part = "chunk end"
      else this.#complete()
    }
    return bytes.subarray(taken.length)
  }

  #readLine(line: string): Error | undefined {
    switch (this.#part) {
      case "head":
        return this.#begin(headOf(line))
      case "chunk size":
        return this.#beginChunk(/^([\da-f]{1,12})[ \t]*(?:;.*)?$/i.exec(line)?.[1])
      case "chunk end":
        this.#part = "chunk size"
        return line === "" ? undefined : malformed("HPE_STRICT", "a chunk is longer than its size")
      default:
        if (line === "") this.#complete()
        return undefined
    }
  }

  #begin(head: Head | Error): Error | undefined {
    if (head instanceof Error) return head
    const { fields, framing, status } = head
    if (status === 101) return malformed("HPE_PAUSED_UPGRADE", "the server changes to another protocol")
    // A response to come is announced, with hints that nobody needs.
    if (status < 200) return undefined
    this.#head = head
    this.#exchange.begin(status, fields)
    this.#missing = framing === "until the end" ? Number.POSITIVE_INFINITY : framing === "chunked" ? 0 : framing
    if (framing === 0) this.#complete()
    else this.#part = framing === "chunked" ? "chunk size" : "body"
    return undefined
  }

  #beginChunk(size: string | undefined): Error | undefined {
    if (size === undefined) return malformed("HPE_INVALID_CHUNK_SIZE", "the size of a chunk is no number")
    this.#missing = Number.parseInt(size, 16)
    this.#part = this.#missing === 0 ? "trailers" : "body"
    return undefined
  }

  #complete(): void {
    this.#part = "complete"
    this.#exchange.finish()
  }
}
