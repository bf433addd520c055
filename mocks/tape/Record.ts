/** Passes requests on to the real API, and keeps what it answers, and when, on a tape. */
import * as Clock from "../time/Clock.ts"
import * as Incoming from "../wire/Incoming.ts"
import * as Tape from "./Tape.ts"

/** Headers that belong to the account or to the connection, and not to the answer. */
const privateHeaders =
  /^(anthropic-(organization|workspace)-id|set-cookie|cf-ray|content-encoding|content-length|connection|via)$/

/** Headers that `fetch` writes itself on the way on. */
const ofTheConnection = /^(host|connection|content-length|transfer-encoding|accept-encoding|keep-alive)$/

/** Copies a body to the client while noting when each piece came; `done` gets the pieces and whether it was cut. */
const tapped = (
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
    // What the client gave up half-way is not worth keeping: nobody knows how it would have ended.
    cancel: (reason) => reader.cancel(reason)
  })
}

/** Where requests go, and who is told when the tape cannot be written. */
export interface Options {
  /** Default: the API. */
  readonly upstream?: string
  readonly fetch?: typeof globalThis.fetch
  /** Called once, with the first error of the file; from then on the tape is incomplete. Default: a warning of the process. */
  readonly onLost?: (error: unknown) => void
}

/** Appends lines to a file, one after the other. Its errors cost nobody an answer: after the first one it stops. */
const writer = (file: string, onLost: (error: unknown) => void): ((text: string) => Promise<void>) => {
  let last = Promise.resolve()
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
  return (text) => (last = last.then(() => append(text)))
}

/** Passes requests on to `upstream` and appends each exchange to `file`. */
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
        headers: [...headers].filter(([name]) => !ofTheConnection.test(name)),
        ...(text === "" ? {} : { body: text }),
        ...(signal === undefined ? {} : { signal })
      }).catch(async (error: unknown) => {
        if (signal?.aborted !== true) {
          const refused = String((error as { cause?: { code?: unknown } }).cause?.code).includes("REFUSED")
          await write({ failed: refused ? "ECONNREFUSED" : "ECONNRESET" })
        }
        throw error
      })
      const kept = [...response.headers]
        .filter(([name]) => !privateHeaders.test(name))
        .map(([name, value]) => [name, Tape.redacted(value, key)] as [string, string])
      const headersAtMillis = since()
      const done = (pieces: ReadonlyArray<Tape.Piece>, cut: boolean): Promise<void> =>
        write({
          response: {
            status: response.status,
            headers: Object.fromEntries(kept),
            headersAtMillis,
            chunks: Tape.redactedPieces(pieces, key),
            cut
          }
        })
      const body = response.body === null ? null : tapped(response.body, since, done)
      if (body === null) await done([], false)
      return new Response(body, { status: response.status, headers: kept })
    }
  }
}
