/** A reply on its way out: what it says and when, before a transport carries it. Faults rewrite it. */
import * as ApiError from "./ApiError.ts"
import type { Clock } from "../time/Clock.ts"
import * as Headers from "./Headers.ts"
import { bodyReset } from "./NetworkFailure.ts"
import { bytes } from "./Sse.ts"

/** A piece of a body and the clock's time at which it leaves. `event` names a stream event. */
export interface Chunk {
  readonly text: string
  readonly atMillis: number
  readonly event?: string
}

/** How a body ends: whole, closed too early, torn by a reset, or silent until the client gives up. */
export type Ending = "close" | "truncate" | "reset" | "hang"

/** `headersAtMillis` is the clock's time at which status and headers leave. */
export interface Outgoing {
  readonly status: number
  readonly headers: Headers.HeaderList
  readonly headersAtMillis: number
  readonly chunks: ReadonlyArray<Chunk>
  readonly ending: Ending
}

/** Makes a reply of one JSON body. */
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

/** Makes the reply of an API error. `headers` are those every answer carries. */
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

/** What became of a body, for the journal. */
export type BodyEnd = "complete" | "cut" | "reset" | "aborted" | "cancelled"

/** Gives the body as a stream that keeps time, stops at an abort, and tells `onRead` and `onEnd` what happened to it. */
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
  // Cancelling must also end a wait in progress, though the caller's signal stays quiet then.
  const stopped = new AbortController()
  const end = (how: BodyEnd): void => {
    if (ended) return
    ended = true
    signal?.removeEventListener("abort", onAbort)
    stopped.abort()
    onEnd(how)
  }
  let controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined
  const onAbort = (): void => {
    controller?.error(signal!.reason)
    end("aborted")
  }
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start: (given) => {
        controller = given
        signal?.addEventListener("abort", onAbort, { once: true })
      },
      pull: async (controller) => {
        onRead()
        const chunk = chunks[next]
        const wait =
          chunk === undefined ? (ending === "hang" ? Number.POSITIVE_INFINITY : 0) : chunk.atMillis - clock.now()
        if (wait > 0) {
          // The abort that ends this wait has already put the stream in error.
          await clock.sleep(wait, stopped.signal).catch(() => {})
          if (ended) return
        }
        const now = clock.now()
        let text = ""
        while (next < chunks.length && (text === "" || chunks[next]!.atMillis <= now)) text += chunks[next++]!.text
        if (text !== "") controller.enqueue(bytes(text))
        if (next < chunks.length || ending === "hang") return
        if (ending === "reset") {
          // A reader that asks once more meets the reset; what came before it has been delivered.
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
