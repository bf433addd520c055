/** Model, attempts, usage, cost and time of each ask and of the synthesis: the key `spent` of a report. */
import { Schema } from "effect"
import { Usage } from "../claude/Message.ts"
import { type AskState, isReused } from "./AskState.ts"
import type { RunState } from "./RunState.ts"

/** `model`: the one that answered, else that of the latest request; null if none was sent. `attempts`: requests sent. */
export const Part = Schema.Struct({
  model: Schema.NullOr(Schema.String),
  attempts: Schema.Int,
  usage: Usage,
  /** Null if a model has no known price, or a usage is incomplete. */
  estimatedCostUsd: Schema.NullOr(Schema.Finite),
  /** From its first request to its end; null if none was sent. */
  durationMillis: Schema.NullOr(Schema.Finite),
  /** How much of that it waited for its turn to try again, beyond the backoff; absent where it did not. */
  heldMillis: Schema.optionalKey(Schema.Finite),
  /** The answer is that of an earlier run: its id, when it was paid (epoch milliseconds), and what it cost then. */
  reused: Schema.optionalKey(
    Schema.Struct({ from: Schema.String, paidAt: Schema.Finite, estimatedCostUsd: Schema.NullOr(Schema.Finite) })
  ),
  /** Each change of model with the tag of its reason, such as `Refused`; absent where the first model was kept. */
  fallbacks: Schema.optionalKey(
    Schema.Array(Schema.Struct({ from: Schema.String, to: Schema.String, reason: Schema.String }))
  )
})
export interface Part extends Schema.Schema.Type<typeof Part> {}

/** One fold below the document: its level, from 1, the asks that it stands for, and how it ended. */
const FoldPart = Schema.Struct({
  ...Part.fields,
  level: Schema.Int,
  asks: Schema.Array(Schema.String),
  status: Schema.String,
  /** Why it has no text; null where it has one. */
  message: Schema.NullOr(Schema.String)
})

/** One comparison of answers, and how it ended. */
const ComparisonPart = Schema.Struct({
  ...Part.fields,
  asks: Schema.Array(Schema.String),
  status: Schema.String,
  /** Why nothing was compared; null where something was. */
  message: Schema.NullOr(Schema.String)
})

/** `asks` by name; `synthesis` is null if the run has none; `folds` by name, where the synthesis was a tree of them; `comparisons` by name. */
export const RunBreakdown = Schema.Struct({
  asks: Schema.Record(Schema.String, Part),
  synthesis: Schema.NullOr(Part),
  folds: Schema.optionalKey(Schema.Record(Schema.String, FoldPart)),
  comparisons: Schema.optionalKey(Schema.Record(Schema.String, ComparisonPart)),
  /** By name, the calls that looked for what the findings leave open, where the synthesis has `rounds`. */
  rounds: Schema.optionalKey(Schema.Record(Schema.String, Part))
})
export interface RunBreakdown extends Schema.Schema.Type<typeof RunBreakdown> {}

export const of = ({ asks, comparisons, folds, lookings, synthesis }: RunState): RunBreakdown => ({
  asks: Object.fromEntries(asks.map((ask) => [ask.name, partOf(ask)])),
  synthesis: synthesis === undefined ? null : partOf(synthesis),
  ...(folds.length > 0 && { folds: Object.fromEntries(folds.map((fold) => [fold.name, foldOf(fold)])) }),
  ...(lookings.length > 0 && { rounds: Object.fromEntries(lookings.map((ask) => [ask.name, partOf(ask)])) }),
  ...(comparisons.length > 0 && {
    comparisons: Object.fromEntries(comparisons.map((comparison) => [comparison.name, comparisonOf(comparison)]))
  })
})

const comparisonOf = (state: Readonly<AskState>): typeof ComparisonPart.Type => {
  const { compared = [], message, status } = state
  return { ...partOf(state), asks: compared, status, message: status === "failed" ? (message ?? null) : null }
}

const foldOf = (state: Readonly<AskState>): typeof FoldPart.Type => {
  const { fold, message, status } = state
  const { asks = [], level = 1 } = fold ?? {}
  return { ...partOf(state), level, asks, status, message: status === "failed" ? (message ?? null) : null }
}

/** Of one ask, or of a synthesis. */
export const partOf = (ask: Readonly<AskState>): Part => {
  const { costUsd, dispatches, durationMillis, fallbacks, heldMillis, model, reused, usage } = ask
  return {
    model: model ?? null,
    attempts: dispatches,
    usage,
    estimatedCostUsd: costUsd ?? null,
    durationMillis: dispatches === 0 ? null : (durationMillis ?? null),
    ...(dispatches > 0 && heldMillis !== undefined && { heldMillis }),
    ...(reused !== undefined &&
      isReused(ask) && {
        reused: { from: reused.from, paidAt: reused.paidAt, estimatedCostUsd: reused.costUsd ?? null }
      }),
    ...(fallbacks !== undefined && { fallbacks: fallbacks.map(({ from, reason, to }) => ({ from, to, reason })) })
  }
}
