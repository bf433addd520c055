/** Emits the events of asks to a listener, one or a few at a time, stamped with the time of the clock. */
import { Clock, Effect } from "effect"
import { type Event, Message } from "fanfold"
import { priced } from "../../Priced.ts"

export const model = "claude-haiku-5-5"
export const usage = { ...Message.noUsage, inputTokens: 1000, outputTokens: 2000 }

type Fields<E> = E extends Event.Event ? Omit<E, "version" | "at" | "run" | "ask" | "part"> : never

const partOf = (ask: string) => (ask === "synthesis" ? "synthesis" : "ask")

export const emit = (listener: Event.Listener, ask: string, fields: Fields<Event.Event>) =>
  Effect.flatMap(Clock.currentTimeMillis, (at) =>
    listener.emit({ ...priced(fields), version: 1, at, run: "run", ask, part: partOf(ask) })
  )
export const begin = (listener: Event.Listener, names: ReadonlyArray<string>) =>
  emit(listener, "", {
    _tag: "ResearchStarted",
    asks: names.map((name) => ({ name, question: `What of ${name}?` })),
    policy: "best-effort",
    concurrency: "unbounded"
  })
export const end = (listener: Event.Listener, durationMillis: number) =>
  emit(listener, "", { _tag: "ResearchEnded", answered: 0, failed: 0, interrupted: 0, durationMillis })
export const start = Effect.fnUntraced(function* (listener: Event.Listener, ask: string) {
  yield* emit(listener, ask, { _tag: "Started", question: `What of ${ask}?` })
  yield* emit(listener, ask, { _tag: "Dispatched", attempt: 1, model })
})
export const answer = Effect.fnUntraced(function* (listener: Event.Listener, ask: string) {
  yield* emit(listener, ask, { _tag: "Replied", attempt: 1, model, stopReason: null, usage, durationMillis: 1 })
  yield* emit(listener, ask, { _tag: "Answered", model, usage, durationMillis: 1 })
})
const why = { reason: "RateLimited", message: "rate limited: slow down" }
export const retry = Effect.fnUntraced(function* (listener: Event.Listener, ask: string, delayMillis: number) {
  yield* emit(listener, ask, { _tag: "AttemptFailed", attempt: 1, ...why, durationMillis: 1 })
  yield* emit(listener, ask, { _tag: "Retrying", attempt: 1, ...why, delayMillis })
})
export const fail = (listener: Event.Listener, ask: string, message = "overloaded: busy") =>
  emit(listener, ask, { _tag: "Failed", reason: "Overloaded", message, durationMillis: 1 })
export const stop = (listener: Event.Listener, ask: string) =>
  emit(listener, ask, { _tag: "Interrupted", durationMillis: 1 })
export const stream = Effect.fnUntraced(function* (listener: Event.Listener, ask: string, text: string) {
  yield* emit(listener, ask, { _tag: "FirstToken", attempt: 1 })
  listener.delta?.({ run: "run", ask, part: partOf(ask), text })
})
