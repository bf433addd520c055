/** Reads a response to a streamed request, and reports to its attempt what arrives. */
import { Effect } from "effect"
import { AskError, CutOff } from "../AskError.ts"
import type { Attempt, PartialReply } from "../Attempt.ts"
import { BodyText, damaged } from "./BodyText.ts"
import { EventStream } from "./EventStream.ts"
import { cutOff, readPlain } from "./PlainReply.ts"
import { headersOf } from "./ReplyHeaders.ts"
import type * as Secret from "./Secret.ts"

/** How long the end of the body is waited for once `message_stop` has come. */
const bodyEndWait = "250 millis"

/**
 * How long `message_stop` is waited for after the stop reason while nothing of the message comes: the API sends both at once, some
 * gateways never send it.
 */
const stopWait = "2 seconds"

/** How many times as long the rest of a block is waited for that has begun and not ended. */
const openWaits = 15

/** Ends once a stream has been silent for so long; pings do not count. */
const untilSilent = Effect.fnUntraced(function* (stream: EventStream) {
  for (let silent = 0; silent < (stream.hasOpenBlock ? openWaits : 1);) {
    const { eventCount } = stream
    yield* Effect.sleep(stopWait)
    silent = stream.eventCount === eventCount ? silent + 1 : 0
  }
})

const unended = (): AskError =>
  new AskError({ reason: new CutOff({ detail: "the stream gave its stop reason, and did not end a block" }) })

/** The reply of a stream. Its error has the headers, and the usage and text that had arrived. */
export const readStream = (attempt: Attempt, cutter: Secret.Cutter) =>
  Effect.fnUntraced(function* (response: Response) {
    const { model } = attempt.request
    const contentType = response.headers.get("content-type") ?? ""
    // A gateway that knows no streams may answer with a plain message.
    if (contentType.includes("json") || response.body === null) return yield* readPlain(response, model, cutter)
    const pieces = cutter.pieces()
    const sendDelta = (text: string): void => {
      if (text !== "") attempt.delta(text)
    }
    const stream = new EventStream(response, model, (text) => sendDelta(pieces(text)))
    const partial = (): PartialReply => {
      const { model, partialText, usage } = stream.partial
      return { model: model && cutter.text(model), usage, partialText: partialText && cutter.text(partialText) }
    }
    let isAnnounced = false
    const announce = (): void => {
      isAnnounced = true
      attempt.headers(headersOf(response.headers, true))
    }
    // Under another content type it is a stream only once an event has come.
    if (contentType.includes("text/event-stream")) announce()
    const body = new BodyText(contentType)
    let isDamaged = false
    const feed = (value: Uint8Array | undefined): void => {
      const isWhole = stream.isStopped
      stream.feed(value === undefined ? body.decode(new Uint8Array(), true) : body.decode(value))
      isDamaged ||= body.isDamaged && !isWhole
    }
    const reader = response.body.getReader()
    let isFirstTokenReported = false
    const isOver = () => stream.isStopped || stream.hasStopReason || stream.error !== undefined
    const needsAttention = () => isOver() || (stream.hasText && !isFirstTokenReported)
    // Reads on until there is something to do: an effect for each chunk would cost as much as the chunk.
    const readUntil = (isEnough: () => boolean) =>
      Effect.callback<boolean, AskError>((resume) => {
        let isWanted = true
        const take = ({ done, value }: { readonly done: boolean; readonly value?: Uint8Array | undefined }): void => {
          if (!isWanted) return
          if (isAnnounced) attempt.chunk(partial)
          feed(value)
          if (!isAnnounced && stream.hasEvents) {
            announce()
            attempt.chunk(partial)
          }
          if (done || isEnough()) resume(Effect.succeed(done))
          else next()
        }
        const next = (): void => {
          reader
            .read()
            .then(take, (thrown) => resume(Effect.fail(stream.brokenOff(cutOff(thrown)))))
            .catch((defect) => resume(Effect.die(defect)))
        }
        next()
        return Effect.sync(() => (isWanted = false))
      })

    /**
     * Whether the body has ended. One that is read to its end leaves its connection to the next request; one that does not end in
     * time, or breaks off, loses it. What still comes is fed to the stream, which knows whether it may be ignored.
     */
    const readOn = (isEnough: () => boolean, tooLong: Effect.Effect<void>): Effect.Effect<boolean> =>
      Effect.raceFirst(readUntil(isEnough), Effect.as(tooLong, false)).pipe(
        Effect.catch(() => Effect.succeed(false)),
        Effect.tap((isDone) =>
          isDone || isEnough() ? Effect.void : Effect.promise(() => reader.cancel().catch(() => {}))
        )
      )

    let isDone = false
    while (!isOver() && !isDone) {
      isDone = yield* readUntil(needsAttention)
      if (stream.error === undefined && stream.hasText && !isFirstTokenReported) {
        isFirstTokenReported = true
        yield* attempt.firstToken
      }
    }
    const hasError = () => stream.error !== undefined
    if (!isDone && stream.hasStopReason && !stream.isStopped && !hasError()) {
      isDone = yield* readOn(() => stream.isStopped || hasError(), untilSilent(stream))
      const isOpen = !isDone && !stream.isStopped && !hasError() && stream.hasOpenBlock
      if (isOpen) return yield* Effect.fail(stream.brokenOff(unended()))
    }
    if (!isDone && stream.isStopped && !hasError()) yield* readOn(hasError, Effect.sleep(bodyEndWait))
    const reply = yield* stream.end()
    if (isDamaged) return yield* stream.withPartial(damaged())
    sendDelta(pieces("", true))
    return cutter.reply(reply)
  })
