/** One request on its way through undici, and the response to it. */
import type { Transform } from "node:stream"
import type { Dispatcher } from "undici"

/** Of `Headers` what is used here, and for a tenth of its cost. */
class ResponseHeaders extends Map<string, string> {
  override get(name: string): string {
    return super.get(name) ?? (null as never)
  }
}

/** Takes what undici tells of a request. Of `Response` and a body's reader it has what the SDK and `Sdk.ts` use. */
export class Exchange implements Dispatcher.DispatchHandler {
  status = 0
  readonly headers = new ResponseHeaders()
  readonly url: string
  readonly #resolve: (response: Exchange) => void
  readonly #reject: (error: unknown) => void
  readonly #ended: () => void
  readonly #chunks: Array<Uint8Array> = []
  #controller: Dispatcher.DispatchController | undefined
  #decoder: Transform | undefined
  #end: { readonly error?: Error } | undefined
  #wake: (() => void) | undefined

  constructor(url: string, resolve: (response: Exchange) => void, reject: (error: unknown) => void, ended: () => void) {
    this.url = url
    this.#resolve = resolve
    this.#reject = reject
    this.#ended = ended
  }

  abort(error: Error): void {
    this.#finish(error)
    this.#controller?.abort(error)
    this.#reject(error)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#end?.error !== undefined) controller.abort(this.#end.error)
  }

  onResponseStart(_: unknown, status: number, headers: Dispatcher.ResponseData["headers"]): void {
    if (status < 200) return
    this.status = status
    for (const name in headers) this.headers.set(name, String(headers[name]))
    this.#decoder = decoderOf(this.headers.get("content-encoding"))
    this.#decoder
      ?.on("data", (chunk: Uint8Array) => this.#take(chunk))
      .on("end", () => this.#finish())
      .on("error", (error) => this.abort(error))
    this.#resolve(this)
  }

  onResponseData(_: unknown, chunk: Uint8Array): void {
    if (this.#decoder === undefined) this.#take(chunk)
    else this.#decoder.write(chunk)
  }

  onResponseEnd(): void {
    // The connection is free a turn later. Whoever asks again before that would open another one.
    queueMicrotask(() => setImmediate(() => (this.#decoder === undefined ? this.#finish() : this.#decoder.end())))
  }

  onResponseError(_: unknown, error: Error): void {
    this.#finish(error)
    // The SDK takes an error for its own timeout if it or its cause sounds like one, and forgets what really happened.
    this.#reject(new TypeError("fetch failed", { cause: new Error("no response", { cause: error }) }))
  }

  #take(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.#wake?.()
  }

  #finish(error?: Error): void {
    if (this.#end !== undefined) return
    this.#end = error === undefined ? {} : { error }
    this.#ended()
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
    if (this.#end?.error !== undefined) return Promise.reject(this.#end.error)
    if (this.#end !== undefined) return Promise.resolve({ done: true, value })
    return new Promise<void>((resolve) => (this.#wake = resolve)).then(() => this.read())
  }

  cancel(): Promise<void> {
    if (this.#end === undefined) this.abort(new Error("the rest of the response is not needed"))
    return Promise.resolve()
  }

  text(): Promise<string> {
    const chunks: Array<Uint8Array> = []
    const readOn = (): Promise<string> =>
      this.read().then(({ value }) => {
        if (value === undefined) return new TextDecoder().decode(Buffer.concat(chunks))
        chunks.push(value)
        return readOn()
      })
    return readOn()
  }

  json(): Promise<unknown> {
    return this.text().then((text) => JSON.parse(text))
  }
}

/** Nothing asks for compression, but a proxy may compress all the same. */
const decoderOf = (encoding: string | null): Transform | undefined => {
  if (encoding === null) return undefined
  const zlib = process.getBuiltinModule("node:zlib")
  const decoders: Readonly<Record<string, () => Transform>> = {
    gzip: zlib.createUnzip,
    "x-gzip": zlib.createUnzip,
    deflate: zlib.createUnzip,
    br: zlib.createBrotliDecompress,
    zstd: zlib.createZstdDecompress
  }
  return decoders[encoding.toLowerCase()]?.()
}
