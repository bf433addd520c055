/** One request on its way, and the response to it as its connection tells it. */
import type { Transform } from "node:stream"

/** What is sent: all of it is known beforehand. */
export interface Outgoing {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Of `Headers` what is used here, and for a tenth of its cost. */
class ResponseHeaders extends Map<string, string> {
  override get(name: string): string {
    return super.get(name) ?? (null as never)
  }
}

/** Of `Response` and of a body's reader it has what the SDK and `Sdk.ts` use. */
export class Exchange {
  /** Called once, when the request is no longer wanted: whoever carries it takes it off the wire. */
  drop: () => void = () => {}
  /** Whether a server has refused to look at it before, so that it is not sent again at once for ever. */
  wasRefused = false
  status = 0
  readonly headers = new ResponseHeaders()
  readonly url: string
  readonly #resolve: (response: Exchange) => void
  readonly #reject: (error: unknown) => void
  readonly #signal: AbortSignal | undefined
  #chunks: Array<Uint8Array> = []
  #decoder: Transform | undefined
  #end: { readonly error?: unknown } | undefined
  #wake: (() => void) | undefined
  /** Bytes that were announced and have not come; `NaN` where nothing was announced. */
  #missing = Number.NaN
  #isWhole = false

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

  /** Whether nobody waits for more: it has ended, failed or been aborted. */
  get isOver(): boolean {
    return this.#end !== undefined
  }

  begin(status: number, headers: Readonly<Record<string, unknown>>): void {
    this.status = status
    for (const name in headers) {
      if (name[0] !== ":") this.headers.set(name, String(headers[name]))
    }
    this.#missing = Number(this.headers.get("content-length") ?? Number.NaN)
    this.#decoder = decoderOf(this.headers.get("content-encoding"))
    this.#decoder
      ?.on("data", (chunk: Uint8Array) => this.#take(chunk))
      .on("end", () => this.#finish({}))
      .on("error", (error) => this.abort(error))
    this.#resolve(this)
  }

  take(chunk: Uint8Array): void {
    this.#missing -= chunk.length
    if (this.#decoder === undefined) this.#take(chunk)
    else this.#decoder.write(chunk)
  }

  /** All of the response has come. */
  finish(): void {
    if (this.#missing > 0) return this.fail(new Error(`the response ended ${this.#missing} bytes too early`))
    this.#isWhole = true
    if (this.#decoder === undefined) this.#finish({})
    else this.#decoder.end()
  }

  /** The connection broke. The SDK takes an error for its own timeout if it, or its cause, sounds like one. */
  fail(error: unknown): void {
    // What closes after the last byte, while that is still being decoded, breaks nothing.
    if (this.#isWhole || this.isOver) return
    this.#finish({ error })
    this.#reject(new TypeError("fetch failed", { cause: new Error("no response", { cause: error }) }))
  }

  /** Runs what puts it on the wire; a request that cannot be put there fails. */
  carry(send: () => void): void {
    new Promise<void>((resolve) => resolve(send())).catch((error) => this.fail(error))
  }

  abort(error: unknown): void {
    if (this.isOver) return
    this.#finish({ error })
    this.drop()
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
    // The SDK keeps the signal for as long as the response lives, so a listener that stayed would keep both for good.
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

  cancel(): Promise<void> {
    this.abort(new Error("the rest of the response is not needed"))
    return Promise.resolve()
  }

  text(): Promise<string> {
    if (!this.isOver) return new Promise<void>((resolve) => (this.#wake = resolve)).then(() => this.text())
    if ("error" in this.#end!) return Promise.reject(this.#end.error)
    const text = new TextDecoder().decode(this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks))
    this.#chunks = []
    return Promise.resolve(text)
  }

  json(): Promise<unknown> {
    return this.text().then((text) => JSON.parse(text))
  }
}

/** Nothing asks for compression, but a proxy may compress all the same. */
const decoderOf = (encoding: string | null): Transform | undefined => {
  if (encoding === null) return undefined
  const zlib = process.getBuiltinModule("node:zlib")
  switch (encoding.toLowerCase()) {
    case "gzip":
    case "x-gzip":
    case "deflate":
      return zlib.createUnzip()
    case "br":
      return zlib.createBrotliDecompress()
    case "zstd":
      return zlib.createZstdDecompress()
    default:
      return undefined
  }
}
