/** What the API would bill: one bill for each message that was made, whether the client received it or not. */
import { Schema } from "effect"
import * as SeededRandom from "../time/SeededRandom.ts"
import type { Envelope } from "../wire/Message.ts"
import * as Prices from "../wire/Prices.ts"
import type { UncheckedJson } from "../wire/UncheckedJson.ts"

/**
 * One message that is billed. `key` is the same for all requests that ask the same, whether live, streamed or in a batch.
 * `inputTokens` are those outside of the cache; `usd` is null for a model without a known price. `atMillis` is the clock's time.
 */
export const Bill = Schema.Struct({
  key: Schema.String,
  messageId: Schema.String,
  batchId: Schema.NullOr(Schema.String),
  customId: Schema.NullOr(Schema.String),
  model: Schema.String,
  serviceTier: Schema.Literals(["standard", "batch"]),
  inputTokens: Schema.Int,
  cacheCreation5mTokens: Schema.Int,
  cacheCreation1hTokens: Schema.Int,
  cacheReadTokens: Schema.Int,
  outputTokens: Schema.Int,
  webSearches: Schema.Int,
  usd: Schema.NullOr(Schema.Finite),
  atMillis: Schema.Finite
})
export type Bill = typeof Bill.Type

/** All that was billed: `usd` is the sum, null if a price is not known. `billedTwice` has the keys with more than one bill. */
export const Statement = Schema.Struct({
  messages: Schema.Int,
  usd: Schema.NullOr(Schema.Finite),
  billedTwice: Schema.Array(Schema.Struct({ key: Schema.String, bills: Schema.Int })),
  bills: Schema.Array(Bill)
})
export type Statement = typeof Statement.Type

/** Where a message is billed: for a request of its own, or as an item of a batch. */
export interface Source {
  readonly body: UncheckedJson
  readonly batchId: string | null
  readonly customId: string | null
  readonly atMillis: number
}

/** The ledger of a mock. */
export interface Ledger {
  readonly bill: (envelope: Envelope, source: Source) => void
  readonly statement: () => Statement
  readonly clear: () => void
}

/** What changes how a reply is delivered or paid. */
const deliveryFields = ["cache_control", "stream", "fallbacks"]
const isDelivery = new Set(deliveryFields)

/** Hashes what is asked: the body without its delivery fields, which most bodies do not have, and which take long to leave out. */
const keyOf = (body: UncheckedJson): string => {
  const text = JSON.stringify(body)
  const asked = deliveryFields.some((name) => text.includes(name))
    ? JSON.stringify(body, (name, value: unknown) => (isDelivery.has(name) ? undefined : value))
    : text
  return SeededRandom.hash(asked, 0).toString(36)
}

/** The models that declined before the one that answers read the same input; their output is not counted. */
const usdOf = ({ model, serverToolTraces, usage }: Envelope, webSearches: number): number | null => {
  let total = Prices.usdOf(model, usage, webSearches)
  for (const one of serverToolTraces.iterations) {
    if (one.declined === true) total = add(total, Prices.usdOf(one.model ?? model, { ...usage, output: 0 }, 0))
  }
  return total
}

const add = (sum: number | null, usd: number | null): number | null => (sum === null || usd === null ? null : sum + usd)

/** Makes an empty ledger that keeps the last `limit` bills; its counts and sums include dropped ones. */
export const make = (limit: number): Ledger => {
  let bills: Array<Bill> = []
  let messages = 0
  let total: number | null = 0
  const counts = new Map<string, number>()
  return {
    bill: (envelope, { atMillis, batchId, body, customId }) => {
      const { id, model, serverToolTraces, usage } = envelope
      const searches = serverToolTraces.toolUse?.["web_search_requests"]
      const webSearches = typeof searches === "number" ? searches : 0
      const key = keyOf(body)
      const usd = usdOf(envelope, webSearches)
      messages++
      total = add(total, usd)
      counts.set(key, (counts.get(key) ?? 0) + 1)
      bills.push({
        key,
        messageId: id,
        batchId,
        customId,
        model,
        serviceTier: usage.serviceTier,
        inputTokens: usage.input,
        cacheCreation5mTokens: usage.cacheCreation5m,
        cacheCreation1hTokens: usage.cacheCreation1h,
        cacheReadTokens: usage.cacheRead,
        outputTokens: usage.output,
        webSearches,
        usd,
        atMillis
      })
      if (bills.length > 2 * limit) bills = bills.slice(-limit)
    },
    statement: () => ({
      messages,
      usd: total,
      billedTwice: [...counts].filter(([, bills]) => bills > 1).map(([key, bills]) => ({ key, bills })),
      bills: bills.slice(-limit)
    }),
    clear: () => {
      bills = []
      messages = 0
      total = 0
      counts.clear()
    }
  }
}
