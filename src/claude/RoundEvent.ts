/** Events of the further rounds of a run, in which questions are asked that the findings have left open. */
import { Schema } from "effect"
import { stamp } from "./EventStamp.ts"

/** The findings were looked through for what they leave open, for the round `round`, from 2: the new asks, none where nothing is. */
export const RoundPlanned = Schema.TaggedStruct("RoundPlanned", {
  ...stamp,
  round: Schema.Int,
  asks: Schema.Array(Schema.String)
})
/** A further round brought nothing, for `reason`; the document is made of the findings before it. */
export const RoundFailed = Schema.TaggedStruct("RoundFailed", {
  ...stamp,
  round: Schema.Int,
  reason: Schema.String,
  message: Schema.String
})

export const all = [RoundPlanned, RoundFailed] as const
export type RoundEvent = (typeof all)[number]["Type"]

/** Whether an event is of a round, and of no single ask. */
export const isRoundEvent = <E extends { readonly _tag: string }>(event: E): event is Extract<E, RoundEvent> =>
  event._tag === "RoundPlanned" || event._tag === "RoundFailed"
