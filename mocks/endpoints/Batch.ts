/** One message batch: when its items are done, and what it reports at a given time. Times are the clock's, in milliseconds. */
import * as ApiError from "../wire/ApiError.ts"
import * as SeededRandom from "../time/SeededRandom.ts"
import type { Exchange, Rules } from "./Exchange.ts"
import * as Message from "../wire/Message.ts"
import { compose } from "./Messages.ts"
import * as Prompt from "../answers/Prompt.ts"
import { objectOf, type UncheckedJson } from "../wire/UncheckedJson.ts"
import * as Validation from "./Validation.ts"

interface Item {
  readonly customId: string
  readonly params: UncheckedJson
  readonly random: SeededRandom.SeededRandom
  readonly doneAt: number
}

/** A batch. Its status follows from the clock; only a cancellation changes it. */
export interface Batch {
  readonly id: string
  readonly items: ReadonlyArray<Item>
  readonly createdAt: number
  readonly expiresAt: number
  readonly version: Message.ApiVersion
  /** The betas of the request that made the batch; undefined if they are not checked. */
  readonly betas: ReadonlyArray<string> | undefined
  canceledAt: number | undefined
  /** The result file, rendered at its first use, so that reading it twice gives the same text. */
  results: string | undefined
}

/** The share of `processingMillis` for which items may still finish after a cancellation. */
const cancelShare = 0.05

/** Makes a batch from the items of a request; each is done at a random time within `processingMillis`. */
export const make = (rules: Rules, exchange: Exchange, requests: ReadonlyArray<UncheckedJson>): Batch => {
  const now = rules.clock.now()
  const { expiresMillis, processingMillis } = rules.batches
  const items = requests.map((request): Item => {
    const random = SeededRandom.make(rules.seed, SeededRandom.hash(JSON.stringify(request), 0), exchange.attempt)
    return {
      customId: String(request["custom_id"]),
      params: objectOf(request["params"]) ?? {},
      random,
      doneAt: now + random.uniform("time in the batch") * processingMillis * rules.timeScale
    }
  })
  return {
    id: `msgbatch_01${exchange.random.letters("batch id", 22)}`,
    items,
    createdAt: now,
    expiresAt: now + expiresMillis * rules.timeScale,
    version: exchange.version,
    betas: exchange.betas,
    canceledAt: undefined,
    results: undefined
  }
}

const doneAt = (batch: Batch): number => Math.max(batch.createdAt, ...batch.items.map((item) => item.doneAt))

const stopsAt = (rules: Rules, batch: Batch): number =>
  batch.canceledAt === undefined
    ? Number.POSITIVE_INFINITY
    : batch.canceledAt + cancelShare * rules.batches.processingMillis * rules.timeScale

/** Gives the time from which the batch has ended: all items done, expired, or canceled. */
export const endsAt = (rules: Rules, batch: Batch): number =>
  Math.min(doneAt(batch), batch.expiresAt, stopsAt(rules, batch))

const resultOf = (rules: Rules, batch: Batch, item: Item): UncheckedJson => {
  if (item.doneAt > endsAt(rules, batch)) {
    return { type: stopsAt(rules, batch) <= batch.expiresAt ? "canceled" : "expired" }
  }
  const error = Validation.checkBody(item.params, {
    version: batch.version,
    betas: batch.betas,
    isCounting: false,
    isBatch: true
  })
  if (error !== undefined) {
    return { type: "errored", error: ApiError.body(error, `req_01${item.random.letters("request id", 22)}`) }
  }
  const envelope = compose(rules, {
    prompt: Prompt.read(item.params),
    random: item.random,
    version: batch.version,
    tier: "batch",
    cacheUse: { read: 0, created5m: 0, created1h: 0 },
    betas: batch.betas?.join() ?? ""
  })
  if ("status" in envelope) {
    return { type: "errored", error: ApiError.body(envelope, `req_01${item.random.letters("request id", 22)}`) }
  }
  return { type: "succeeded", message: Message.plain(envelope) }
}

/** Renders the result file of a batch that has ended: one JSON line an item, in random order as in the API. */
export const resultLines = (rules: Rules, batch: Batch): string =>
  (batch.results ??= batch.items
    .toSorted((a, b) => a.random.uniform("place in the results") - b.random.uniform("place in the results"))
    .map((item) => `${JSON.stringify({ custom_id: item.customId, result: resultOf(rules, batch, item) })}\n`)
    .join(""))

const instant = (millis: number): string => new Date(millis).toISOString().replace("Z", "000+00:00")

const countsOf = (rules: Rules, batch: Batch, isEnded: boolean): Message.Fields => {
  const counts = { processing: 0, succeeded: 0, errored: 0, canceled: 0, expired: 0 }
  if (!isEnded) return { ...counts, processing: batch.items.length }
  for (const line of resultLines(rules, batch).trimEnd().split("\n")) {
    counts[(JSON.parse(line) as { result: { type: keyof typeof counts } }).result.type]++
  }
  return counts
}

/** Gives the batch as the API reports it at the clock's time; `origin` is the base of `results_url`. */
export const describe = (rules: Rules, batch: Batch, origin: string): Message.Fields & { readonly id: string } => {
  const end = endsAt(rules, batch)
  const isEnded = rules.clock.now() >= end
  return {
    id: batch.id,
    type: "message_batch",
    processing_status: isEnded ? "ended" : batch.canceledAt === undefined ? "in_progress" : "canceling",
    request_counts: countsOf(rules, batch, isEnded),
    ended_at: isEnded ? instant(end) : null,
    created_at: instant(batch.createdAt),
    expires_at: instant(batch.expiresAt),
    archived_at: null,
    cancel_initiated_at: batch.canceledAt === undefined ? null : instant(batch.canceledAt),
    results_url: isEnded ? `${origin}/v1/messages/batches/${batch.id}/results` : null
  }
}
