/** Short constructors for the events of a run, and the state folded from them. */
import { type Event, Message } from "fanfold"
import * as RunState from "../src/report/RunState.ts"
import { priced } from "./Priced.ts"

export const haiku = "claude-haiku-5-5"
export const sonnet = "claude-sonnet-5-5"

/** Haiku takes 0.10 and 0.50 USD per million tokens, so this costs 0.0011 USD there. */
export const usage: Message.Usage = { ...Message.noUsage, inputTokens: 1000, outputTokens: 2000 }

type Fields<E> = E extends Event.Event ? Omit<E, "version" | "at" | "run" | "ask" | "part"> : never
export type Emitted = readonly [at: number, ask: string, fields: Fields<Event.Event>]

export const eventOf = ([at, ask, fields]: Emitted): Event.Event => ({
  ...priced(fields),
  version: 1,
  at,
  run: "run",
  ask,
  part: /^synthesis(\.|$)/.test(ask) ? "synthesis" : "ask"
})

export const fold = (...emitteds: ReadonlyArray<Emitted>): RunState.RunState => {
  const state = RunState.make()
  for (const emitted of emitteds) state.add(eventOf(emitted))
  return state
}

export const begin = (at: number, ...names: ReadonlyArray<string>): Emitted => [
  at,
  "",
  {
    _tag: "ResearchStarted",
    asks: names.map((name) => ({ name, question: `${name}?` })),
    policy: "all",
    concurrency: "unbounded"
  }
]
export const end = (at: number, durationMillis: number): Emitted => [
  at,
  "",
  { _tag: "ResearchEnded", answered: 0, failed: 0, interrupted: 0, durationMillis }
]
export const started = (at: number, ask: string): Emitted => [at, ask, { _tag: "Started", question: `${ask}?` }]
export const dispatched = (at: number, ask: string, attempt = 1): Emitted => [
  at,
  ask,
  { _tag: "Dispatched", attempt, model: haiku }
]
export const replied = (at: number, ask: string, model = haiku, spent = usage, attempt = 1): Emitted => [
  at,
  ask,
  { _tag: "Replied", attempt, model, stopReason: "end_turn", usage: spent, durationMillis: 1 }
]
export const answered = (at: number, ask: string, spent = usage): Emitted => [
  at,
  ask,
  { _tag: "Answered", model: haiku, usage: spent, durationMillis: 1 }
]
export const attemptFailed = (
  at: number,
  ask: string,
  paid: { usage?: Message.Usage; model?: string } = {}
): Emitted => [
  at,
  ask,
  { _tag: "AttemptFailed", attempt: 1, reason: "Overloaded", message: "overloaded: busy", durationMillis: 1, ...paid }
]
export const retrying = (at: number, ask: string, delayMillis: number): Emitted => [
  at,
  ask,
  { _tag: "Retrying", attempt: 1, reason: "Overloaded", message: "overloaded: busy", delayMillis }
]
export const failed = (at: number, ask: string, reason = "Overloaded"): Emitted => [
  at,
  ask,
  { _tag: "Failed", reason, message: "overloaded: busy", durationMillis: 1 }
]
/** A fold in a tree of them, of the part `synthesis`. */
export const failedFold = (name: string, level: number, asks: ReadonlyArray<string>): ReadonlyArray<Emitted> => [
  [2000, name, { _tag: "Started", question: "", fold: { level, asks } }],
  failed(2001, name)
]
/** What an earlier run paid an hour before. */
export const reused = (at: number, ask: string): Emitted => [
  at,
  ask,
  { _tag: "Reused", model: haiku, usage, paidAt: at - 3_600_000, from: "earlier" }
]
export const interrupted = (at: number, ask: string): Emitted => [at, ask, { _tag: "Interrupted", durationMillis: 1 }]

export const completed = (at: number, ask: string, durationMillis: number): ReadonlyArray<Emitted> => [
  started(at, ask),
  dispatched(at, ask),
  replied(at + durationMillis, ask),
  answered(at + durationMillis, ask)
]
