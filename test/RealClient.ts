/** The real client over the real SDK, sent to a server on loopback or to a `fetch` of the test's own. */
import { type Duration, Effect, Layer, Redacted } from "effect"
import { Claude, Event, Timeout } from "fanfold"
import { send } from "./FakeClaude.ts"
import { type Handler, serve } from "./Loopback.ts"

export const key = "sk-ant-api03-THE-KEY-that-must-never-be-seen"

export type Mode = "plain" | "stream"
export const modes: ReadonlyArray<Mode> = ["plain", "stream"]

export const layerTo = (baseUrl: string, apiKey = key) =>
  Layer.effect(Claude.Claude, Claude.make({ apiKey: Redacted.make(apiKey), baseUrl }))

export const listening = (mode: Mode, deltas: Array<string> = []) =>
  Effect.provideService(Event.Listener, {
    emit: () => Effect.void,
    ...(mode === "stream" && { delta: ({ text }: Event.Delta) => void deltas.push(text) })
  })

/** Turns a hang into a failed test. */
export const safety: Duration.Input = "10 seconds"

const sendBy = (layer: Layer.Layer<Claude.Claude>, mode: Mode) =>
  send().pipe(
    listening(mode),
    Effect.provide(layer),
    Effect.timeoutOrElse({ duration: safety, orElse: () => Effect.die(new Error("it hangs")) })
  )

export const sendTo = (url: string, mode: Mode, apiKey?: string) => sendBy(layerTo(url, apiKey), mode)

/** Small limits of our own, for a server that does not answer: one that does may take longer on a busy machine. */
const limits = { firstToken: "150 millis", stall: "150 millis", attempt: "300 millis" } as const
export const sendLimited = (url: string, mode: Mode) => sendBy(Layer.provide(Timeout.layer(limits), layerTo(url)), mode)

export const errorFrom = (handler: Handler, mode: Mode, sending: typeof sendLimited = sendTo) =>
  Effect.flatMap(serve(handler), ({ url }) => Effect.flip(sending(url, mode)))

export const injected = (respond: () => Response) =>
  Layer.effect(Claude.Claude, Claude.make({ apiKey: Redacted.make(key), fetch: () => Promise.resolve(respond()) }))

const streamOf = (body: string): Response =>
  new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } })

/** Reads an injected stream to its reply. */
export const streamed = (body: string, listener: Partial<Event.Listener> = {}) =>
  send().pipe(
    Effect.provideService(Event.Listener, { emit: () => Effect.void, delta: () => {}, ...listener }),
    Effect.provide(injected(() => streamOf(body)))
  )
