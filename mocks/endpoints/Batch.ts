/** One message batch: when its items are done, and what it reports at a given time. Times are the clock's, in milliseconds. */
import * as BatchItem from "./BatchItem.ts"
import type { Exchange, Rules } from "./Exchange.ts"
import type * as Message from "../wire/Message.ts"

/** A batch. Its status follows from the clock; only a cancellation changes it. */
export interface Batch extends BatchItem.Origin {
  readonly items: ReadonlyArray<BatchItem.BatchItem>
  readonly createdAt: number
  /** When the list of batches has it. */
  readonly listedAt: number
  readonly expiresAt: number
  readonly archivedAt: number
  canceledAt: number | undefined
  /** The items without a result, in the order in which they are done. */
  open: ReadonlyArray<BatchItem.BatchItem>
}

/** The share of `processingMillis` for which items may still finish after a cancellation. */
const cancelShare = 0.05

/** Makes a batch of items, in the order of the request that creates it. */
export const make = (rules: Rules, exchange: Exchange, items: ReadonlyArray<BatchItem.BatchItem>): Batch => {
  const { betas, startedAt, version } = exchange
  const after = (millis: number): number => startedAt + millis * rules.timeScale
  const { archivedMillis, expiresMillis, listedMillis } = rules.batches
  return {
    id: `msgbatch_01${exchange.random.letters("batch id", 22)}`,
    items,
    createdAt: startedAt,
    listedAt: after(listedMillis),
    expiresAt: after(expiresMillis),
    archivedAt: after(archivedMillis),
    version,
    betas,
    canceledAt: undefined,
    open: items.toSorted((a, b) => a.doneAt - b.doneAt)
  }
}

const stopsAt = (rules: Rules, { canceledAt }: Batch): number =>
  canceledAt === undefined
    ? Number.POSITIVE_INFINITY
    : canceledAt + cancelShare * rules.batches.processingMillis * rules.timeScale

/** Gives the items that are done by now and have no result yet. */
export const takeDone = (rules: Rules, batch: Batch, now: number): ReadonlyArray<BatchItem.BatchItem> => {
  const until = Math.min(now, batch.expiresAt, stopsAt(rules, batch))
  const index = batch.open.findIndex(({ doneAt }) => doneAt > until)
  const done = index < 0 ? batch.open : batch.open.slice(0, index)
  batch.open = index < 0 ? [] : batch.open.slice(index)
  return done
}

/** Gives the time from which the batch has ended: all items done, expired, or canceled. */
const endsAt = (rules: Rules, batch: Batch): number => {
  const doneAt = batch.items.reduce((latest, item) => Math.max(latest, item.doneAt), batch.createdAt)
  return Math.min(doneAt, batch.expiresAt, stopsAt(rules, batch))
}

/** Whether processing has ended. The items that are done must have their results. */
export const isEnded = (rules: Rules, batch: Batch, now = rules.clock.now()): boolean => now >= endsAt(rules, batch)

/** What became of an item of a batch that has ended. */
const outcomeOf = (rules: Rules, batch: Batch, item: BatchItem.BatchItem): BatchItem.Result =>
  item.result ?? { type: stopsAt(rules, batch) <= batch.expiresAt ? "canceled" : "expired" }

/** Renders the result file of a batch that has ended: one JSON line an item, in random order as in the API. */
export const resultLines = (rules: Rules, batch: Batch): string =>
  batch.items
    .toSorted((a, b) => a.place - b.place)
    .map((item) => `${JSON.stringify({ custom_id: item.customId, result: outcomeOf(rules, batch, item) })}\n`)
    .join("")

const instant = (millis: number): string => new Date(millis).toISOString().replace("Z", "000+00:00")

const countsOf = (rules: Rules, batch: Batch, hasEnded: boolean): Message.Fields => {
  const counts = { processing: 0, succeeded: 0, errored: 0, canceled: 0, expired: 0 }
  if (!hasEnded) return { ...counts, processing: batch.items.length }
  for (const item of batch.items) counts[outcomeOf(rules, batch, item).type]++
  return counts
}

/** Gives the batch as the API reports it at a time; `origin` is the base of `results_url`. */
export const describe = (
  rules: Rules,
  batch: Batch,
  origin: string,
  now: number
): Message.Fields & { readonly id: string } => {
  const hasEnded = isEnded(rules, batch, now)
  const isArchived = now >= batch.archivedAt
  return {
    id: batch.id,
    type: "message_batch",
    processing_status: hasEnded ? "ended" : batch.canceledAt === undefined ? "in_progress" : "canceling",
    request_counts: countsOf(rules, batch, hasEnded),
    ended_at: hasEnded ? instant(endsAt(rules, batch)) : null,
    created_at: instant(batch.createdAt),
    expires_at: instant(batch.expiresAt),
    archived_at: isArchived ? instant(batch.archivedAt) : null,
    cancel_initiated_at: batch.canceledAt === undefined ? null : instant(batch.canceledAt),
    results_url: hasEnded && !isArchived ? `${origin}/v1/messages/batches/${batch.id}/results` : null
  }
}
