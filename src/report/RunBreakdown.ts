/** What each ask, and the synthesis, took: for the report, and for scripts. */
import { Schema } from "effect"
import { Usage } from "../claude/Message.ts"
import type { Entry, RunState } from "./RunState.ts"

/** `model`: the one that answered, else the one asked last; null where nothing was sent. `attempts`: requests that left. */
const Part = Schema.Struct({
  model: Schema.NullOr(Schema.String),
  attempts: Schema.Int,
  usage: Usage,
  /** Null where a model's price is not known. */
  estimatedCostUsd: Schema.NullOr(Schema.Finite),
  /** From its first request to its end; null where it had none. */
  durationMillis: Schema.NullOr(Schema.Finite)
})
interface Part extends Schema.Schema.Type<typeof Part> {}

/** By the names of the asks; `synthesis` is null where there was none. */
export const RunBreakdown = Schema.Struct({ asks: Schema.Record(Schema.String, Part), synthesis: Schema.NullOr(Part) })
export interface RunBreakdown extends Schema.Schema.Type<typeof RunBreakdown> {}

export const of = ({ asks, synthesis }: RunState): RunBreakdown => ({
  asks: Object.fromEntries(asks.map((entry) => [entry.name, partOf(entry)])),
  synthesis: synthesis === undefined ? null : partOf(synthesis)
})

const partOf = ({ costUsd, dispatches, durationMillis, model, usage }: Readonly<Entry>): Part => ({
  model: model ?? null,
  attempts: dispatches,
  usage,
  estimatedCostUsd: costUsd ?? null,
  durationMillis: dispatches === 0 ? null : (durationMillis ?? null)
})
