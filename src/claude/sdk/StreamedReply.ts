/** Reads a response that is a stream of events, and reports to its attempt what arrives. */
import { Effect } from "effect"
import * as Sse from "effect/encoding/Sse"
import { AskError, CutOff } from "../AskError.ts"
import type { Attempt, PartialReply } from "../Attempt.ts"
import { textOf } from "../Message.ts"
import { cutOff, notJson, readPlain } from "./PlainReply.ts"
import type * as Secret from "./Secret.ts"
import { headersOf } from "./ReplyHeaders.ts"
import { StreamAccumulator } from "./StreamAccumulator.ts"

/** How long the end of the body is waited for once `message_stop` has come. */
const bodyEndWait = "250 millis"

/** A body that is read to its end leaves its connection to the next request; one that does not end loses it. */
const readToEnd = (reader: ReadableStreamDefaultReader<Uint8Array>): Effect.Effect<void> =>
  Effect.promise(() => reader.read()).pipe(
    Effect.repeat({ until: ({ done }) => done }),
    Effect.timeout(bodyEndWait),
    Effect.catchCause(() => Effect.promise(() => reader.cancel().catch(() => {}))),
    Effect.asVoid
  )

/** The reply of a stream. Its error has the headers, and the usage and text that had arrived. */
export const readStream = (attempt: Attempt, cutter: Secret.Cutter) =>
  Effect.fnUntraced(function* (response: Response) {
    const isEventStream = response.headers.get("content-type")?.includes("text/event-stream") ?? false
    // A gateway that knows no streams may answer with a plain message.
    if (!isEventStream || response.body === null) return yield* readPlain(response, cutter)
    const headers = headersOf(response.headers, true)
    attempt.headers(headers)
    const message = new StreamAccumulator()
    const state: { isStopped: boolean; hasText: boolean; error?: AskError } = { isStopped: false, hasText: false }
    const pieces = cutter.pieces()
    const sendDelta = (text: string): void => {
      if (text !== "") attempt.delta(text)
    }
    const parser = Sse.makeParser((event) => {
      if (event._tag !== "Event" || state.isStopped || state.error !== undefined) return
      const step = message.take(event.event, event.data)
      if (step._tag === "Text" && step.text !== "") {
        state.hasText = true
        sendDelta(pieces(step.text))
      } else if (step._tag === "Stopped") {
        state.isStopped = true
        sendDelta(pieces("", true))
      } else if (step._tag === "Error") state.error = cutOff(streamError(step.body, response.headers))
      else if (step._tag === "Unreadable") state.error = notJson(response, event.data)
    })
    const partial = (): PartialReply => {
      const { content, model, usage } = message.partialReply
      return { model: model && cutter.text(model), usage, partialText: cutter.text(textOf({ content })) || undefined }
    }
    const decoder = new TextDecoder()
    const reader = response.body.getReader()
    let isFirstTokenReported = false
    const needsAttention = () =>
      state.isStopped || state.error !== undefined || (state.hasText && !isFirstTokenReported)
    // Reads on until there is something to do: an effect for each chunk would cost as much as the chunk.
    const read = Effect.callback<boolean, AskError>((resume) => {
      let isWanted = true
      const take = ({ done, value }: { readonly done: boolean; readonly value?: Uint8Array | undefined }): void => {
        if (!isWanted) return
        attempt.chunk(partial)
        parser.feed(done ? decoder.decode() : decoder.decode(value, { stream: true }))
        if (done || needsAttention()) resume(Effect.succeed(done))
        else next()
      }
      const next = (): void => {
        reader
          .read()
          .then(take, (thrown) => resume(Effect.fail(cutOff(thrown))))
          .catch((defect) => resume(Effect.die(defect)))
      }
      next()
      return Effect.sync(() => (isWanted = false))
    })

    const receive = Effect.gen(function* () {
      while (!state.isStopped) {
        const isDone = yield* read
        if (state.error !== undefined) return yield* state.error
        if (state.hasText && !isFirstTokenReported) {
          isFirstTokenReported = true
          yield* attempt.firstToken
        }
        if (isDone) break
      }
      if (state.isStopped) yield* readToEnd(reader)
      const reply = message.reply(headers)
      if (!state.isStopped || reply === undefined) {
        return yield* new AskError({ reason: new CutOff({ detail: "the stream ended without message_stop" }) })
      }
      return cutter.reply(reply)
    })

    return yield* Effect.mapError(receive, (error) =>
      error.with({ headers, requestId: error.requestId ?? headers["request-id"], ...partial() })
    )
  })

/** An `error` event has the body of an API error, and no status. */
const streamError = (body: unknown, headers: Headers): unknown => {
  const { error } = (body ?? {}) as {
    readonly error?: {
      readonly type?: string
      readonly message?: string
      readonly details?: { readonly error_code?: string }
    }
  }
  return {
    type: error?.type ?? "api_error",
    apiMessage: error?.message,
    errorCode: error?.details?.error_code,
    headers,
    error: body
  }
}
