/** What a user may change of a run while it is under way, as versioned data. */
import { Schema } from "effect"
import { stamp } from "./EventStamp.ts"

const positive = { expected: "a number more than 0" }
const aboveZero = Schema.Finite.annotate(positive).check(Schema.isGreaterThan(0, positive))
const whole = { expected: "a whole number ≥ 1" }
const wholeAboveZero = Schema.Int.annotate(whole).check(Schema.isGreaterThanOrEqualTo(1, whole))

/** Ends asking: asks without an answer are interrupted, and what is there is folded. */
export const Stop = Schema.TaggedStruct("Stop", {})
/** Asks these again, which have ended without an answer. */
export const AskAgain = Schema.TaggedStruct("AskAgain", { asks: Schema.Array(Schema.String) })
/** The new limits of the whole run: US dollars, and tokens of input and output together. */
export const RaiseBudget = Schema.TaggedStruct("RaiseBudget", {
  usd: Schema.optionalKey(aboveZero),
  tokens: Schema.optionalKey(wholeAboveZero)
})
/** The new ends of the asks, and of the run, in milliseconds from the start of the research. */
export const RaiseDeadline = Schema.TaggedStruct("RaiseDeadline", {
  askingMillis: Schema.optionalKey(aboveZero),
  allMillis: Schema.optionalKey(aboveZero)
})
/** How many asks may be under way at once from here on. */
export const RaiseConcurrency = Schema.TaggedStruct("RaiseConcurrency", {
  concurrency: Schema.Union([wholeAboveZero, Schema.Literal("unbounded")]).annotate({
    expected: 'a whole number ≥ 1, or "unbounded"'
  })
})

/** What was changed. */
export const Intervention = Schema.Union([Stop, AskAgain, RaiseBudget, RaiseDeadline, RaiseConcurrency])
export type Intervention = typeof Intervention.Type

/** Doubles a limit that the run has, whatever it is. */
export const Double = Schema.TaggedStruct("Double", { limit: Schema.Literals(["budget", "deadline", "concurrency"]) })

/** What is to be changed. `AskAgain` without a name: every ask that has ended without an answer. */
export const Wanted = Schema.Union([...Intervention.members, Double])
export type Wanted = typeof Wanted.Type

/** The user has changed the run while it was under way. `ask` is empty. */
export const Intervened = Schema.TaggedStruct("Intervened", { ...stamp, intervention: Intervention })
