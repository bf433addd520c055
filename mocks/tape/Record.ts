/** Forwards requests to the API, and records the replies and their times on a tape. */
import * as Clock from "../time/Clock.ts"
import * as Incoming from "../wire/Incoming.ts"
import * as Tape from "./Tape.ts"

/** Response headers of the account or the connection, which are not recorded. */
const privateHeaders =
  /^(anthropic-(organization|workspace)-id|set-cookie|cf-ray|content-encoding|content-length|connection|via)$/

/** Request headers that `fetch` sets itself. */
const connectionHeaders = /^(host|connection|content-length|transfer-encoding|accept-encoding|keep-alive)$/

/** Passes a body on, recording the time of each piece; `done` gets the pieces, and whether the connection broke. */
const recorded = (
  body: ReadableStream<Uint8Array>,
  sinceMillis: () => number,
  done: (pieces: ReadonlyArray<Tape.Piece>, cut: boolean) => Promise<void>
): ReadableStream<Uint8Array> => {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  const pieces: Array<Tape.Piece> = []
  return new ReadableStream({
    pull: async (controller) => {
      try {
        const { done: ended, value } = await reader.read()
        if (ended) {
          await done(pieces, false)
          controller.close()
          return
        }
        pieces.push({ atMillis: sinceMillis(), text: decoder.decode(value, { stream: true }) })
        controller.enqueue(value)
      } catch (error) {
        await done(pieces, true)
        controller.error(error)
      }
    },
    // A body that the client cancels is not recorded, as its end is unknown.
    cancel: (reason) => reader.cancel(reason)
  })
}

/** Where requests are sent, and who is informed of a write error. */
export interface Options {
  /** The base URL that requests are forwarded to; the API by default. */
  readonly upstream?: string
  readonly fetch?: typeof globalThis.fetch
  /** Called with the first write error, after which nothing is recorded. By default, emits a process warning. */
  readonly onLost?: (error: unknown) => void
}

/** Appends texts to a file in order. Stops writing after the first error, and never rejects, so that replies are not affected. */
const writer = (file: string, onLost: (error: unknown) => void): ((text: string) => Promise<void>) => {
  let lastWrite = Promise.resolve()
  let isLost = false
  const append = async (text: string): Promise<void> => {
    if (isLost) return
    try {
      const { appendFile } = await import("node:fs/promises")
      await appendFile(file, text)
    } catch (error) {
      isLost = true
      onLost(error)
    }
  }
  return (text) => (lastWrite = lastWrite.then(() => append(text)))
}

/** Makes a `fetch` that forwards requests to `upstream` and appends each exchange to `file`. */
export const record = (file: string, options: Options = {}): Tape.Tape => {
  const upstream = options.upstream ?? "https://api.anthropic.com"
  const send = options.fetch ?? globalThis.fetch
  const warn = (error: unknown): void => process.emitWarning(`The tape ${file} is incomplete: ${String(error)}`)
  const append = writer(file, options.onLost ?? warn)
  return {
    fetch: async (input, init) => {
      const incoming = await Incoming.read(input, init)
      const { headers, method, signal, text, url } = incoming
      const startedAt = Clock.real.now()
      const since = (): number => Math.round(Clock.real.now() - startedAt)
      const key = Tape.keyOf(headers)
      const request = { method, path: Tape.pathOf(url), body: Tape.redacted(text, key) }
      const write = (line: Omit<Tape.Line, "request">): Promise<void> =>
        append(`${Tape.encode({ request, ...line })}\n`)
      const response = await send(new URL(Tape.pathOf(url), upstream), {
        method,
        headers: [...headers].filter(([name]) => !connectionHeaders.test(name)),
        ...(text === "" ? {} : { body: text }),
        ...(signal === undefined ? {} : { signal })
      }).catch(async (error: unknown) => {
        if (signal?.aborted !== true) {
          const isRefused = String((error as { cause?: { code?: unknown } }).cause?.code).includes("REFUSED")
          await write({ failed: isRefused ? "ECONNREFUSED" : "ECONNRESET" })
        }
        throw error
      })
      const recordedHeaders = [...response.headers]
        .filter(([name]) => !privateHeaders.test(name))
        .map(([name, value]) => [name, Tape.redacted(value, key)] as [string, string])
      const headersAtMillis = since()
      const done = (pieces: ReadonlyArray<Tape.Piece>, cut: boolean): Promise<void> =>
        write({
          response: {
            status: response.status,
            headers: Object.fromEntries(recordedHeaders),
            headersAtMillis,
            chunks: Tape.redactedPieces(pieces, key),
            cut
          }
        })
      const body = response.body === null ? null : recorded(response.body, since, done)
      if (body === null) await done([], false)
      return new Response(body, { status: response.status, headers: recordedHeaders })
    }
  }
}
