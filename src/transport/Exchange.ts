/** One request and the response to it, filled by whichever connection carries the request. */
import type { Writable } from "node:stream"
import { decoding, type Receiver } from "./ContentEncoding.ts"

/** A request. Its body is complete, so that it can be sent again. */
export interface Outgoing {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Body
}

/** A text, or bytes in parts, which several requests may share. */
export type Body = string | ReadonlyArray<Uint8Array>

/** The length of a body in bytes. */
export const byteLengthOf = (body: Body): number =>
  typeof body === "string" ? Buffer.byteLength(body) : body.reduce((sum, part) => sum + part.byteLength, 0)

/** Parts are handed on in pieces of this size, as fast as the connection takes them: TLS copies what it is given at once. */
const pieceBytes = 256 * 1024

function* piecesOf(parts: ReadonlyArray<Uint8Array>): Generator<Uint8Array, void> {
  for (const part of parts) {
    for (let at = 0; at < part.byteLength; at += pieceBytes) yield part.subarray(at, at + pieceBytes)
  }
}

/** Writes a body and ends the stream. */
export const writeBody = (body: Body, stream: Writable): void => {
  if (typeof body === "string") stream.end(body)
  else writeParts(body, stream, () => stream.end())
}

/** Writes parts, as fast as the stream takes them, and calls `onWritten` after the last. */
export const writeParts = (parts: ReadonlyArray<Uint8Array>, stream: Writable, onWritten: () => void): void => {
  const pieces = piecesOf(parts)
  // What goes wrong is an event of the stream, which is listened to. A `pipeline` takes milliseconds to set up the first time.
  const write = (): void => {
    while (!stream.destroyed) {
      const { done, value } = pieces.next()
      if (done === true) return onWritten()
      if (!stream.write(value)) return void stream.once("drain", write)
    }
  }
  write()
}

/** Headers as Node has them: by lower-case name, pseudo-headers of HTTP/2 included. */
export type Fields = Readonly<Record<string, string | number | ReadonlyArray<string> | undefined>>

/** The part of `Headers` that the SDK and `claude/sdk` use, at a tenth of its CPU time. */
class ResponseHeaders {
  readonly #fields: Fields

  constructor(fields: Fields) {
    this.#fields = fields
  }

  get(name: string): string | null {
    const value = this.#fields[name]
    return value === undefined || name[0] === ":" ? null : String(value)
  }

  forEach(each: (value: string, name: string) => void): void {
    for (const name in this.#fields) if (name[0] !== ":") each(String(this.#fields[name]), name)
  }

  entries(): IterableIterator<[string, string]> {
    const all: Array<[string, string]> = []
    this.forEach((value, name) => all.push([name, value]))
    return all.values()
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries()
  }
}

/**
 * Serves as the `Response`, its `body` and that body's reader, as far as the SDK and `claude/sdk` use them. The connection
 * calls `begin`, `take` and `finish`, or `fail`; the caller's signal or `cancel` calls `abort`.
 */
export class Exchange {
  /** Removes the request from its queue or connection; called once, by `abort`. Set by whichever holds the request. */
  cancelRequest: () => void = () => {}
  /** The server has rejected it unprocessed once (HTTP/2 REFUSED_STREAM or GOAWAY); it is resent at once only the first time. */
  wasRejected = false
  status = 0
  headers = noHeaders
  readonly url: string
  readonly #resolve: (response: Exchange) => void
  readonly #reject: (error: unknown) => void
  readonly #signal: AbortSignal | undefined
  #chunks: Array<Uint8Array> = []
  #decoder: Receiver | undefined
  #end: { readonly error?: unknown } | undefined
  #wake: (() => void) | undefined
  /** Bytes of the `content-length` that have not arrived; `NaN` without that header. */
  #bytesMissing = Number.NaN
  #hasAllBytes = false
  #hasBegun = false
  /** What came before the status and headers. */
  #early: Array<Uint8Array> = []
  #endedEarly = false

  constructor(
    url: string,
    signal: AbortSignal | null | undefined,
    resolve: (response: Exchange) => void,
    reject: (error: unknown) => void
  ) {
    this.url = url
    this.#resolve = resolve
    this.#reject = reject
    this.#signal = signal ?? undefined
    this.#signal?.addEventListener("abort", this.#onAbort)
  }

  /** Whether it has ended, failed or been aborted. */
  get isOver(): boolean {
    return this.#end !== undefined
  }

  /** Takes the status and headers. Node may emit parts of an HTTP/2 body, and its end, before them. */
  begin(status: number, headers: Fields): void {
    if (this.#hasBegun || this.isOver) return
    this.#hasBegun = true
    this.status = status
    this.headers = new ResponseHeaders(headers)
    this.#bytesMissing = Number(this.headers.get("content-length") ?? Number.NaN)
    this.#decoder = decoding(this.headers.get("content-encoding"), {
      take: (chunk) => this.#take(chunk),
      end: () => this.#finish({}),
      fail: (error) => this.abort(error)
    })
    this.#resolve(this)
    if (this.#bytesMissing === 0) this.finish()
    for (const chunk of this.#early) this.take(chunk)
    this.#early = []
    if (this.#endedEarly) this.finish()
  }

  /** Takes a chunk of the body as it was sent, possibly compressed. */
  take(chunk: Uint8Array): void {
    if (!this.#hasBegun) return void this.#early.push(chunk)
    // After a failure too: the bytes that came before it may be emitted after it.
    if (this.#hasAllBytes) return
    this.#bytesMissing -= chunk.length
    if (this.#decoder === undefined) this.#take(chunk)
    else this.#decoder.take(chunk)
    // All of it has come; what happens to the connection after that does not matter.
    if (this.#bytesMissing <= 0) this.finish()
  }

  /** The server ended the response; an error where that is shorter than its `content-length`. */
  finish(): void {
    if (!this.#hasBegun) {
      this.#endedEarly = true
      return
    }
    if (this.#hasAllBytes || this.isOver) return
    if (this.#bytesMissing > 0) {
      return this.fail(new Error(`the response ended ${this.#bytesMissing} bytes too early`))
    }
    this.#hasAllBytes = true
    if (this.#decoder === undefined) this.#finish({})
    else this.#decoder.end()
  }

  /**
   * The connection failed. The error is wrapped twice because the SDK reports a timeout if `timeout` or `timed out` stands in
   * the message of the error or of its cause, where the name of a host may contain it.
   */
  fail(error: unknown): void {
    // If the connection closes while the last bytes are still being decoded, the response is complete all the same.
    if (this.#hasAllBytes || this.isOver) return
    this.#finish({ error })
    this.#reject(new TypeError("fetch failed", { cause: new Error("no response", { cause: error }) }))
  }

  /** Calls `send`; if that throws, the request fails with the error. */
  start(send: () => void): void {
    new Promise<void>((resolve) => resolve(send())).catch((error) => this.fail(error))
  }

  /** Ends it with this error, and cancels the request. */
  abort(error: unknown): void {
    if (this.isOver) return
    this.#finish({ error })
    this.cancelRequest()
    this.#reject(error)
  }

  readonly #onAbort = (): void => this.abort(this.#signal?.reason)

  #take(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.#wake?.()
  }

  #finish(end: { readonly error?: unknown }): void {
    if (this.isOver) return
    this.#end = end
    // The SDK holds the signal as long as the response is reachable; a listener left on it would leak both.
    this.#signal?.removeEventListener("abort", this.#onAbort)
    this.#wake?.()
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }

  get body(): this {
    return this
  }

  getReader(): this {
    return this
  }

  read(): Promise<{ readonly done: boolean; readonly value: Uint8Array | undefined }> {
    const value = this.#chunks.shift()
    if (value !== undefined) return Promise.resolve({ done: false, value })
    if (this.#end !== undefined && "error" in this.#end) return Promise.reject(this.#end.error)
    if (this.isOver) return Promise.resolve({ done: true, value })
    return new Promise<void>((resolve) => (this.#wake = resolve)).then(() => this.read())
  }

  /** A reader is the response itself, which is not locked. */
  releaseLock(): void {}

  cancel(): Promise<void> {
    this.abort(new Error("the rest of the response is not needed"))
    return Promise.resolve()
  }

  /** The whole body; a view where `Response` has a buffer, to save a copy. */
  arrayBuffer(): Promise<Uint8Array> {
    if (!this.isOver) return new Promise<void>((resolve) => (this.#wake = resolve)).then(() => this.arrayBuffer())
    if ("error" in this.#end!) return Promise.reject(this.#end.error)
    const bytes = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)
    this.#chunks = []
    return Promise.resolve(bytes)
  }

  text(): Promise<string> {
    return this.arrayBuffer().then((bytes) => new TextDecoder().decode(bytes))
  }

  json(): Promise<unknown> {
    return this.text().then((text) => JSON.parse(text))
  }
}

const noHeaders = new ResponseHeaders({})
