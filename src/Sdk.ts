/** `Claude` over `@anthropic-ai/sdk`: one request, one reply, plainly or as a stream. Loaded when the first Claude is made. */
import Anthropic from "@anthropic-ai/sdk"
import { Effect, Redacted } from "effect"
import * as Sse from "effect/encoding/Sse"
import { AskError, Authentication, CutOff, NotJson } from "./AskError.ts"
import * as Call from "./Call.ts"
import { Activity, isStreamed, type Options, type SoFar } from "./Claude.ts"
import * as Event from "./Event.ts"
import { type Reply, type Request, textOf } from "./Message.ts"
import { askErrorOf, sdkTimeoutMillis } from "./SdkError.ts"
import * as Wire from "./Wire.ts"

/** Bytes of a foreign body that are shown in an error. */
const excerptLength = 120

/** Builds the SDK's client and gives its `send`. */
export const send = (options: Options): ((request: Request) => Effect.Effect<Reply, AskError>) => {
  const key = Redacted.value(options.apiKey).trim()
  const client = new Anthropic({
    apiKey: key,
    baseURL: options.baseUrl ?? "https://api.anthropic.com",
    ...(options.fetch !== undefined && { fetch: options.fetch }),
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
  return (request) =>
    Effect.flatMap(Call.Current, (call) =>
      Effect.flatMap(Event.Listener, (listener) => {
        const streams = isStreamed(request, call, listener)
        const body = Wire.bodyOf(request)
        // One controller spans request and body, so that an interruption closes the connection wherever it is.
        const controller = new AbortController()
        const respond = Effect.tryPromise({
          try: () =>
            client.messages
              .create(streams ? { ...body, stream: true } : body, { signal: controller.signal })
              .asResponse(),
          catch: (thrown) => askErrorOf(thrown, false)
        })
        return Effect.flatMap(respond, streams ? readStream(listener, call) : readPlain).pipe(
          Effect.mapError((error) => withoutKey(error, key)),
          Effect.onError(() => Effect.sync(() => controller.abort()))
        )
      })
    )
}

const cutOff = (thrown: unknown): AskError => askErrorOf(thrown, true)

const textOfBody = (response: Response) => Effect.tryPromise({ try: () => response.text(), catch: cutOff })

const readPlain = Effect.fnUntraced(function* (response: Response) {
  const text = yield* textOfBody(response)
  const message = Wire.messageOf(Wire.jsonOf(text))
  if (message === undefined) return yield* notJson(response, text)
  return Wire.replyOf(message, Wire.headersOf(response.headers))
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

const readStream = (listener: Event.Listener, { ask, part, run }: Call.Call) =>
  Effect.fnUntraced(function* (response: Response) {
    const isEventStream = response.headers.get("content-type")?.includes("text/event-stream") ?? false
    if (!isEventStream || response.body === null) {
      return yield* notJson(response, yield* textOfBody(response))
    }
    const headers = Wire.headersOf(response.headers)
    const activity = yield* Activity
    const message = new Wire.Accumulator()
    const state: { stopped: boolean; begun: boolean; error?: AskError } = { stopped: false, begun: false }
    const tell = Event.teller(listener)
    const parser = Sse.makeParser((event) => {
      if (event._tag !== "Event" || state.stopped || state.error !== undefined) return
      const step = message.take(event.event, event.data)
      if (step._tag === "Text" && step.text !== "") {
        state.begun = true
        tell.delta({ run, ask, part, text: step.text })
      } else if (step._tag === "Stopped") state.stopped = true
      else if (step._tag === "Error") state.error = cutOff(streamError(step.body, response.headers))
      else if (step._tag === "Unreadable") state.error = notJson(response, event.data)
    })
    const soFar: SoFar = () => {
      const { content, model, usage } = message.soFar
      return { model, usage, partialText: textOf({ content }) || undefined }
    }
    const decoder = new TextDecoder()
    const reader = response.body.getReader()
    const read = Effect.tryPromise({ try: () => reader.read(), catch: cutOff })

    const receive = Effect.gen(function* () {
      let told = false
      while (!state.stopped) {
        const { done, value } = yield* read
        activity(soFar)
        parser.feed(done ? decoder.decode() : decoder.decode(value, { stream: true }))
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
    headers: Wire.headersOf(response.headers)
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

/** A shorter key is a placeholder for a mock, and would be found in the midst of words. */
const shortestSecret = 8

/** A proxy or the platform may echo the key it was given, so it is cut out of all that an error quotes. */
const withoutKey = (error: AskError, key: string): AskError => {
  if (key.length < shortestSecret) return error
  const clean = <Fields extends object>(fields: Fields): Fields =>
    Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, typeof value === "string" ? cut(value, key) : value])
    ) as Fields
  const { headers, model, partialText, requestId } = error
  const Reason = error.reason.constructor as new (fields: object) => AskError["reason"]
  return error.with({
    reason: new Reason(clean(error.reason)),
    headers: headers && clean(headers),
    ...clean({ model, partialText, requestId })
  })
}

/** Cuts out the key, and any beginning of it that is long enough to be one: an excerpt may end within the key. */
const cut = (text: string, key: string): string => {
  const rest = key.slice(secretFrom)
  const [before = "", ...parts] = text.split(key.slice(0, secretFrom))
  return before + parts.map((part) => `<key>${part.slice(commonLength(part, rest))}`).join("")
}

/** Characters of a key that are the same for everybody, and one more. */
const secretFrom = "sk-ant-".length + 1

const commonLength = (a: string, b: string): number => {
  let length = 0
  while (length < b.length && a[length] === b[length]) length++
  return length
}
