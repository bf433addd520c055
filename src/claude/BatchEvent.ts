/** What happens to the Message Batches of a run. `ask` is empty on these events, as a batch holds many. */
import { Schema } from "effect"
import { stamp } from "./EventStamp.ts"

/** How many requests of a batch are in each state. */
export const BatchCounts = Schema.Struct({
  processing: Schema.Int,
  succeeded: Schema.Int,
  errored: Schema.Int,
  canceled: Schema.Int,
  expired: Schema.Int
})
export interface BatchCounts extends Schema.Schema.Type<typeof BatchCounts> {}

/** Tells one creation of a batch from all others, also where no id of the batch is known. */
const nonce = { nonce: Schema.String }

/** A batch is about to be created, with requests of these ids. Kept before the API is called. */
export const BatchSubmitting = Schema.TaggedStruct("BatchSubmitting", {
  ...stamp,
  ...nonce,
  ids: Schema.Array(Schema.String)
})
/** The batch is there, under the id `batch`; the API ends it by `expiresAt`, in epoch milliseconds. */
export const BatchSubmitted = Schema.TaggedStruct("BatchSubmitted", {
  ...stamp,
  ...nonce,
  batch: Schema.String,
  expiresAt: Schema.Finite
})
/** No batch was created: the API rejected it, or has none that fits. */
export const BatchNotCreated = Schema.TaggedStruct("BatchNotCreated", { ...stamp, ...nonce, message: Schema.String })
/** Whether a batch was created is not known, and cannot be told yet. Nothing is sent before it is. */
export const BatchUncertain = Schema.TaggedStruct("BatchUncertain", { ...stamp, ...nonce, message: Schema.String })
/** The API reported other counts, or another state, than before. */
export const BatchPolled = Schema.TaggedStruct("BatchPolled", {
  ...stamp,
  batch: Schema.String,
  expiresAt: Schema.Finite,
  counts: BatchCounts,
  isCanceling: Schema.Boolean
})
/**
 * A call about a batch failed with an error that may pass, the first of a row of failures at `since` (epoch milliseconds), and is
 * made again after `delayMillis`. `batch` is absent where batches are listed to find one. The first failure of a row is reported
 * at once, and later ones once an hour; `BatchPolled`, `BatchEnded` or `BatchUncertain` says that the API answers again.
 */
export const BatchCallFailed = Schema.TaggedStruct("BatchCallFailed", {
  ...stamp,
  batch: Schema.optionalKey(Schema.String),
  reason: Schema.String,
  message: Schema.String,
  since: Schema.Finite,
  delayMillis: Schema.Finite
})
/** The batch has ended, and its results are about to be read; reported again where they were read after calls that failed. */
export const BatchEnded = Schema.TaggedStruct("BatchEnded", { ...stamp, batch: Schema.String, counts: BatchCounts })

export const all = [
  BatchSubmitting,
  BatchSubmitted,
  BatchNotCreated,
  BatchUncertain,
  BatchPolled,
  BatchCallFailed,
  BatchEnded
] as const
export type BatchEvent = (typeof all)[number]["Type"]

/** Whether an event is of a batch, and of no single ask. */
export const isBatchEvent = <E extends { readonly _tag: string }>(event: E): event is Extract<E, BatchEvent> =>
  event._tag.startsWith("Batch")
