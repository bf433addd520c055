/** A reply with the time at which each part leaves, which faults may change, and its body as a stream. */
import * as ApiError from "./ApiError.ts"
import type { Clock } from "../time/Clock.ts"
import * as Headers from "./Headers.ts"
import { bodyReset } from "./NetworkFailure.ts"
import { bytes } from "./Sse.ts"

/** A part of a body and the clock's time at which it leaves. `event` is the name of a stream event. */
export interface Chunk {
  readonly text: string
  readonly atMillis: number
  readonly event?: string
}

/** How a body ends: complete, closed before its end, by a reset of the connection, or never. */
export type Ending = "close" | "truncate" | "reset" | "hang"

/** A reply. `headersAtMillis` is the clock's time at which status and headers leave. */
export interface Outgoing {
  readonly status: number
  readonly headers: Headers.HeaderList
  readonly headersAtMillis: number
  readonly chunks: ReadonlyArray<Chunk>
  readonly ending: Ending
}

/** Makes a JSON reply that leaves at one time. */
export const json = (
  status: number,
  headers: Headers.HeaderList,
  body: Readonly<Record<string, unknown>>,
  atMillis: number
): Outgoing => ({
  status,
  headers: { ...headers, ...Headers.json },
  headersAtMillis: atMillis,
  chunks: [{ text: JSON.stringify(body), atMillis }],
  ending: "close"
})

/** Makes an error reply. `headers` are those of every reply; the edge sends none of them. */
export const error = (
  problem: ApiError.ApiError,
  requestId: string,
  headers: Headers.HeaderList,
  atMillis: number
): Outgoing =>
  json(
    problem.status,
    {
      ...(problem.fromEdge === true ? {} : headers),
      ...(problem.shouldRetry === undefined ? {} : { "x-should-retry": String(problem.shouldRetry) }),
      ...(problem.retryAfterSeconds === undefined ? {} : { "retry-after": String(problem.retryAfterSeconds) })
    },
    ApiError.body(problem, requestId),
    atMillis
  )

/** How the body ended, or how the client ended it; goes to the journal. */
export type BodyEnd = "complete" | "cut" | "reset" | "aborted" | "cancelled"

/**
 * Makes the stream of a body. Each chunk is enqueued at its time, and only when the reader asks; an abort of `signal` errors the
 * stream. Calls `onRead` at each read, and `onEnd` once.
 */
export const body = (
  outgoing: Outgoing,
  options: {
    readonly clock: Clock
    readonly signal: AbortSignal | undefined
    readonly onRead: () => void
    readonly onEnd: (end: BodyEnd) => void
  }
): ReadableStream<Uint8Array<ArrayBuffer>> => {
  const { chunks, ending } = outgoing
  const { clock, onEnd, onRead, signal } = options
  let next = 0
  let ended = false
  /** Ends a sleep in progress also when the reader cancels, in which case `signal` is not aborted. */
  let sleeping: AbortController | undefined
  const end = (how: BodyEnd): void => {
    if (ended) return
    ended = true
    signal?.removeEventListener("abort", onAbort)
    sleeping?.abort()
    onEnd(how)
  }
  let controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined
  const onAbort = (): void => {
    controller?.error(signal!.reason)
    end("aborted")
  }
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start: (created) => {
        controller = created
        signal?.addEventListener("abort", onAbort, { once: true })
      },
      pull: async (controller) => {
        onRead()
        const chunk = chunks[next]
        const wait =
          chunk === undefined ? (ending === "hang" ? Number.POSITIVE_INFINITY : 0) : chunk.atMillis - clock.now()
        if (wait > 0) {
          // The sleep rejects only after the stream has been errored or cancelled.
          sleeping = new AbortController()
          await clock.sleep(wait, sleeping.signal).catch(() => {})
          sleeping = undefined
          if (ended) return
        }
        const now = clock.now()
        let text = ""
        while (next < chunks.length && (text === "" || chunks[next]!.atMillis <= now)) text += chunks[next++]!.text
        if (text !== "") controller.enqueue(bytes(text))
        if (next < chunks.length || ending === "hang") return
        if (ending === "reset") {
          // The reset follows at the next read, so that the text before it is delivered.
          if (text !== "") return
          controller.error(bodyReset())
          end("reset")
          return
        }
        controller.close()
        end(ending === "close" ? "complete" : "cut")
      },
      cancel: () => end("cancelled")
    },
    { highWaterMark: 0 }
  )
}
