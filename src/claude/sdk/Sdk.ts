/** `Claude` over `@anthropic-ai/sdk`: one request, one reply, plainly or as a stream. Loaded when the first Claude is made. */
import Anthropic from "@anthropic-ai/sdk"
import { Effect, Redacted } from "effect"
import * as Sse from "effect/encoding/Sse"
import { AskError, Authentication, CutOff, NotJson } from "../AskError.ts"
import * as Call from "../Call.ts"
import { Activity, defaultBaseUrl, isStreamed, type Options, type SoFar } from "../Claude.ts"
import * as Event from "../Event.ts"
import { type Reply, type Request, textOf } from "../Message.ts"
import * as RateLimitHeaders from "../RateLimitHeaders.ts"
import { bodyOf } from "../RequestBody.ts"
import { askErrorOf, sdkTimeoutMillis } from "./SdkError.ts"
import * as Secret from "./Secret.ts"
import * as Transport from "../../transport/Transport.ts"
import { headersOf } from "./ReplyHeaders.ts"
import { jsonOf, messageOf, replyOf } from "./ReplyMessage.ts"
import { StreamAccumulator } from "./StreamAccumulator.ts"

/** Bytes of a foreign body that are shown in an error. */
const excerptLength = 120

/** Builds the SDK's client and gives its `send`. */
export const send = (options: Options): ((request: Request) => Effect.Effect<Reply, AskError>) => {
  const key = Redacted.value(options.apiKey).trim()
  const client = new Anthropic({
    apiKey: key,
    baseURL: options.baseUrl ?? defaultBaseUrl,
    fetch: withOwnSignal(options.fetch ?? Transport.fetch),
    maxRetries: 0,
    timeout: sdkTimeoutMillis,
    logLevel: "off",
    openTelemetry: false
  })
  // Another character would make the platform quote the whole header in its own error.
  if (!/^[\x21-\x7e]+$/.test(key)) {
    const detail = "the key is empty or holds characters that no header can carry"
    return () => Effect.fail(new AskError({ reason: new Authentication({ detail }) }))
  }
  const cutter = Secret.cutter([key, ...Secret.ofCustomHeaders(globalThis.process?.env["ANTHROPIC_CUSTOM_HEADERS"])])
  return (request) =>
    Effect.withFiber((fiber) => {
      const call = fiber.getRef(Call.Current)
      const listener = fiber.getRef(Event.Listener)
      const streams = isStreamed(request, call, listener)
      const body = bodyOf(request)
      // One controller spans request and body, so that an interruption closes the connection wherever it is.
      const controller = new AbortController()
      const ended: Ended = { endedBy: controller.signal }
      const respond = Effect.tryPromise({
        try: () =>
          client.messages.create(streams ? { ...body, stream: true } : body, { fetchOptions: ended }).asResponse(),
        catch: (thrown) => askErrorOf(thrown, false)
      })
      return Effect.flatMap(respond, streams ? readStream(listener, call, cutter) : readPlain).pipe(
        Effect.mapBoth({ onFailure: cutter.error, onSuccess: cutter.reply }),
        Effect.onError(() => Effect.sync(() => controller.abort()))
      )
    })
}

/**
 * The SDK registers every signal that it is given for when its response is collected, which takes a sixth of all that a
 * call costs. Its own signal never fires, so ours takes its place on the way out.
 */
const withOwnSignal =
  (fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  (input, init = {}) => {
    const { endedBy, ...rest } = init as RequestInit & Partial<Ended>
    return fetch(input, endedBy === undefined ? init : { ...rest, signal: endedBy })
  }

/** What the SDK hands on to `fetch` as it is. */
type Ended = Omit<RequestInit, "body" | "headers" | "method" | "signal"> & { readonly endedBy: AbortSignal }

const cutOff = (thrown: unknown): AskError => askErrorOf(thrown, true)

const textOfBody = (response: Response) => Effect.tryPromise({ try: () => response.text(), catch: cutOff })

const readPlain = (response: Response): Effect.Effect<Reply, AskError> =>
  Effect.flatMap(textOfBody(response), (text) => {
    const message = messageOf(jsonOf(text))
    return message === undefined
      ? Effect.fail(notJson(response, text))
      : Effect.succeed(replyOf(message, headersOf(response.headers, true)))
  })

/** How long the end of a body is waited for, after all of the message has come. */
const farewell = "250 millis"

/** A body that is read to its end leaves its connection to the next request; one that does not end loses it. */
const leave = (reader: ReadableStreamDefaultReader<Uint8Array>): Effect.Effect<void> =>
  Effect.promise(() => reader.read()).pipe(
    Effect.repeat({ until: ({ done }) => done }),
    Effect.timeout(farewell),
    Effect.catchCause(() => Effect.promise(() => reader.cancel().catch(() => {}))),
    Effect.asVoid
  )

const readStream = (listener: Event.Listener, { ask, part, run }: Call.Call, cutter: Secret.Cutter) =>
  Effect.fnUntraced(function* (response: Response) {
    const isEventStream = response.headers.get("content-type")?.includes("text/event-stream") ?? false
    // A gateway that knows no streams may answer all the same.
    if (!isEventStream || response.body === null) return yield* readPlain(response)
    const headers = headersOf(response.headers, true)
    const tellHeaders = yield* RateLimitHeaders.Arrived
    tellHeaders(headers)
    const activity = yield* Activity
    const message = new StreamAccumulator()
    const state: { stopped: boolean; begun: boolean; error?: AskError } = { stopped: false, begun: false }
    const tell = Event.teller(listener)
    const pieces = cutter.pieces()
    const hand = (text: string): void => {
      if (text !== "") tell.delta({ run, ask, part, text })
    }
    const parser = Sse.makeParser((event) => {
      if (event._tag !== "Event" || state.stopped || state.error !== undefined) return
      const step = message.take(event.event, event.data)
      if (step._tag === "Text" && step.text !== "") {
        state.begun = true
        hand(pieces(step.text))
      } else if (step._tag === "Stopped") {
        state.stopped = true
        hand(pieces("", true))
      } else if (step._tag === "Error") state.error = cutOff(streamError(step.body, response.headers))
      else if (step._tag === "Unreadable") state.error = notJson(response, event.data)
    })
    const soFar: SoFar = () => {
      const { content, model, usage } = message.partialReply
      return { model: model && cutter.text(model), usage, partialText: cutter.text(textOf({ content })) || undefined }
    }
    const decoder = new TextDecoder()
    const reader = response.body.getReader()
    let told = false
    const isNews = () => state.stopped || state.error !== undefined || (state.begun && !told) || tell.hasFailed()
    // Reads on until there is something to do: an effect for each chunk would cost as much as the chunk.
    const read = Effect.callback<boolean, AskError>((resume) => {
      let isWanted = true
      const take = ({ done, value }: { readonly done: boolean; readonly value?: Uint8Array | undefined }): void => {
        if (!isWanted) return
        activity(soFar)
        parser.feed(done ? decoder.decode() : decoder.decode(value, { stream: true }))
        if (done || isNews()) resume(Effect.succeed(done))
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
      while (!state.stopped) {
        const done = yield* read
        yield* tell.failure
        if (state.error !== undefined) return yield* state.error
        if (state.begun && !told) {
          told = true
          const { attempt } = yield* Call.Current
          yield* Event.emit({ _tag: "FirstToken", attempt })
        }
        if (done) break
      }
      if (state.stopped) yield* leave(reader)
      const reply = message.reply(headers)
      if (!state.stopped || reply === undefined) {
        return yield* new AskError({ reason: new CutOff({ detail: "the stream ended without message_stop" }) })
      }
      return reply
    })

    return yield* Effect.mapError(receive, (error) =>
      error.with({ headers, requestId: error.requestId ?? headers["request-id"], ...soFar() })
    )
  })

const notJson = (response: Response, text: string): AskError =>
  new AskError({
    reason: new NotJson({
      contentType: response.headers.get("content-type") ?? "no content type",
      excerpt: text.slice(0, excerptLength)
    }),
    headers: headersOf(response.headers, true)
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
