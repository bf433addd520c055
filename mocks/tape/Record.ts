/** Forwards requests to the API, and records the replies and their times on a tape. */
import * as Clock from "../time/Clock.ts"
import * as Incoming from "../wire/Incoming.ts"
import * as Form from "./Form.ts"
import * as Identity from "./Identity.ts"
import * as Secrets from "./Secrets.ts"
import * as Tape from "./Tape.ts"
import * as Writer from "./Writer.ts"

/** Response headers that no longer hold for a body that `fetch` has decoded. */
const decodedHeaders = /^(content-encoding|content-length|connection)$/

/** Request headers that `fetch` sets itself. */
const connectionHeaders = /^(host|connection|content-length|transfer-encoding|accept-encoding|keep-alive)$/

/**
 * Passes a body on, recording the time of each piece; `done` gets the pieces, and whether the connection broke. A body that the
 * client ends itself is not recorded, as its end is unknown, unless it is a stream whose last event had come.
 */
const recorded = (
  body: ReadableStream<Uint8Array>,
  sinceMillis: () => number,
  { done, isError, signal }: Recorder
): ReadableStream<Uint8Array> => {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  const pieces: Array<Tape.Piece> = []
  const read = async (): Promise<Uint8Array | undefined> => {
    const { value } = await reader.read()
    if (value !== undefined) pieces.push({ atMillis: sinceMillis(), text: decoder.decode(value, { stream: true }) })
    return value
  }
  /** A read may be in progress when the client cancels. */
  let isCancelled = false
  const isWhole = (): boolean => Form.isEndedStream(pieces.map(({ text }) => text).join(""))
  return new ReadableStream({
    pull: async (controller) => {
      try {
        const value = await read()
        if (isCancelled) return
        if (value !== undefined) return controller.enqueue(value)
        await done(pieces, false)
        controller.close()
      } catch (error) {
        if (isCancelled) return
        const isAborted = signal?.aborted === true
        if (!isAborted || isWhole()) await done(pieces, !isAborted)
        controller.error(error)
      }
    },
    cancel: async (reason) => {
      isCancelled = true
      // Clients cancel the body of an error before they try again. It is short, so its rest is read.
      if (isError) while ((await read().catch(() => undefined)) !== undefined);
      if (isError || isWhole()) await done(pieces, false)
      await reader.cancel(reason)
    }
  })
}

/** Who gets a recorded body, and what is known of its end. */
interface Recorder {
  readonly done: (pieces: ReadonlyArray<Tape.Piece>, cut: boolean) => Promise<void>
  /** Whether the response is an error. */
  readonly isError: boolean
  readonly signal: AbortSignal | undefined
}

/** Where requests are sent, and who is informed of a write error. */
export interface Options {
  /** The base URL that requests are forwarded to; by default they are sent where they are addressed. */
  readonly upstream?: string
  readonly fetch?: typeof globalThis.fetch
  /** The clock of the recorded times; the machine's by default. */
  readonly clock?: Clock.Clock
  /** Called with the first write error, after which nothing is recorded. By default, emits a process warning. */
  readonly onLost?: (error: unknown) => void
}

/** The URL that a request is forwarded to. The client may know the path of `upstream`, or only the API's. */
const forwarded = (url: URL, upstream: string | undefined): URL => {
  if (upstream === undefined) return url
  const { pathname, search } = url
  const base = new URL(upstream)
  const prefix = base.pathname.replace(/\/$/, "")
  return new URL(`${pathname.startsWith(`${prefix}/`) ? "" : prefix}${pathname}${search}`, base)
}

/** Makes a `fetch` that forwards requests and appends each exchange to `file`. */
export const record = (file: string, options: Options = {}): Tape.Tape => {
  const send = options.fetch ?? globalThis.fetch
  const clock = options.clock ?? Clock.real
  const warn = (error: unknown): void => process.emitWarning(`The tape ${file} is incomplete: ${String(error)}`)
  const append = Writer.make(file, options.onLost ?? warn)
  const recording = crypto.randomUUID()
  let requests = 0
  return {
    fetch: async (input, init) => {
      const nth = ++requests
      const incoming = await Incoming.read(input, init)
      const { headers, method, signal, text, url } = incoming
      const startedAt = clock.now()
      const since = (): number => Math.round(clock.now() - startedAt)
      const secrets = Secrets.of([...headers, ...url.searchParams])
      const request = Identity.requestOf(incoming, secrets)
      const write = (line: Omit<Tape.Line, "request">): Promise<void> =>
        append(`${Tape.encode({ recording, nth, request, ...line })}\n`)
      const response = await send(forwarded(url, options.upstream), {
        method,
        headers: [...headers].filter(([name]) => !connectionHeaders.test(name)),
        ...(text === "" ? {} : { body: text }),
        ...(signal === undefined ? {} : { signal })
      }).catch(async (error: unknown) => {
        if (signal?.aborted !== true) {
          const isRefused = String((error as { cause?: { code?: unknown } }).cause?.code).includes("REFUSED")
          await write({ failed: isRefused ? "ECONNREFUSED" : "ECONNRESET", failedAtMillis: since() })
        }
        throw error
      })
      // A server may write the ids and cookies of its headers into its body too.
      const replySecrets = [...secrets, ...Secrets.of(response.headers)]
      const headersAtMillis = since()
      const done = (pieces: ReadonlyArray<Tape.Piece>, cut: boolean): Promise<void> =>
        write({
          response: {
            status: response.status,
            headers: Object.fromEntries(Secrets.recordedHeaders(response.headers, replySecrets)),
            headersAtMillis,
            chunks: Secrets.redactedPieces(pieces, replySecrets),
            cut
          }
        })
      const body =
        response.body === null
          ? null
          : recorded(response.body, since, { done, isError: response.status >= 400, signal })
      if (body === null) await done([], false)
      const passedHeaders = [...response.headers].filter(([name]) => !decodedHeaders.test(name))
      return new Response(body, { status: response.status, headers: passedHeaders })
    }
  }
}
