/** Prices of models in USD, from Anthropic's price list of November 2026. A cost is an estimate, not an invoice. */
import { type Array, Context, Schema } from "effect"
import { type BatchUsage, type Declined, inputTokensOf, ownUsageOf, type Usage } from "./Message.ts"
import * as ModelInfo from "./ModelInfo.ts"

export { usdText } from "../options/UsdText.ts"

const aPrice = { expected: "a price in USD, 0 or more" }
const Usd = Schema.Number.annotate(aPrice).check(
  Schema.isFinite(aPrice).abort(),
  Schema.isGreaterThanOrEqualTo(0, aPrice)
)

/** USD per million tokens: of input, of output, and of input that is read from the prompt cache. */
export const Price = Schema.Struct({ inputUsd: Usd, outputUsd: Usd, cacheReadUsd: Usd }).annotate({
  expected: "{ inputUsd, outputUsd, cacheReadUsd } in USD per million tokens"
})
export interface Price extends Schema.Schema.Type<typeof Price> {}

/** Prices by the name of a model, as a user sets them: they override list prices, and add models that the list lacks. */
export const Prices = Schema.Record(Schema.String, Price).annotate({
  description: "USD per million tokens by model: they override list prices, and add models without one",
  expected: "prices by model"
})
export type Prices = typeof Prices.Type

/** Prices that override list prices in the costs of events and in budgets; none by default. */
export const Overrides = Context.Reference<Prices>("fanfold/claude/Price/Overrides", { defaultValue: () => ({}) })

/** The month of the price list. */
export const pricedAt = "2026-11"

/** A cache write costs so many times the input price: one that is kept for 5 minutes, and one for an hour. */
const cacheWriteFactor = 1.25
const cacheWrite1hFactor = 2

/** What is asked in a Message Batch costs so many times the price; web searches cost as much as elsewhere. */
export const batchFactor = 0.5

/** One web search costs 10 USD per 1,000, as the documentation of the web search tool says; its results are input tokens. */
const webSearchUsd = 0.01

/**
 * A container of code execution costs 0.05 USD an hour, as its documentation says, which counts at least five minutes, and has 1,550
 * free hours a month. This is an estimate of the time of one request: ten minutes, as long as an attempt may take by default.
 */
export const containerUsd = 0.05 / 6

const ownOf = (overrides: Prices, model: string): Price | undefined =>
  Object.hasOwn(overrides, model) ? overrides[model] : undefined

const overrideOf = (overrides: Prices, model: string): Price | undefined =>
  ownOf(overrides, model) ??
  ownOf(overrides, ModelInfo.undated(model)) ??
  ownOf(overrides, ModelInfo.canonicalOf(model))

/** Whether the price of a model is an override of the list, or added to it. */
export const isOverridden = (model: string, overrides: Prices = {}): boolean =>
  overrideOf(overrides, model) !== undefined

/** The price of a model for a prompt of so many tokens; `undefined`, never zero, where it is not known. */
export const priceOf = (model: string, inputTokens: number, overrides: Prices = {}): Price | undefined => {
  const override = overrideOf(overrides, model)
  if (override !== undefined) return override
  const info = ModelInfo.infoOf(model)
  if (info === undefined) return undefined
  return info.longPrompt !== undefined && inputTokens > info.longPrompt.above ? info.longPrompt : info.price
}

/**
 * The cost of a usage in USD, web searches included; `undefined` for a model without a known price, and for an incomplete
 * usage. The parts of it that other models used, as they `declined`, count at the prices of these.
 */
export const usdOf = (
  model: string,
  usage: Usage,
  overrides: Prices = {},
  declined: ReadonlyArray<Declined> = []
): number | undefined => {
  if (usage.isIncomplete === true) return undefined
  let usd = 0
  for (const part of declined) {
    const partUsd = usdOf(part.model, part.usage, overrides)
    if (partUsd === undefined) return undefined
    usd += partUsd
  }
  const own = ownUsageOf({ declined, usage })
  const price = priceOf(model, inputTokensOf(own), overrides)
  if (price === undefined) return undefined
  const discountUsd = own.batch === undefined ? 0 : (1 - batchFactor) * tokensUsd(own.batch, price)
  return usd + tokensUsd(own, price) - discountUsd + own.webSearches * webSearchUsd
}

const tokensUsd = (tokens: BatchUsage, price: Price): number => {
  const { cacheCreation1hInputTokens: for1h = 0, cacheCreationInputTokens: written } = tokens
  return (
    (tokens.inputTokens * price.inputUsd +
      ((written - for1h) * cacheWriteFactor + for1h * cacheWrite1hFactor) * price.inputUsd +
      tokens.cacheReadInputTokens * price.cacheReadUsd +
      tokens.outputTokens * price.outputUsd) /
    1_000_000
  )
}

/** The sum of amounts; `undefined` where one of them is not known. */
export const sumOf = (amounts: ReadonlyArray<number | undefined>): number | undefined =>
  amounts.reduce<number | undefined>((sum, usd) => (sum === undefined || usd === undefined ? undefined : sum + usd), 0)

/** The model that such a usage costs most with; one without a known price counts as dearer than any other. */
export const dearestOf = (
  [first, ...others]: Array.NonEmptyReadonlyArray<string>,
  usage: Usage,
  overrides: Prices = {}
): string => {
  const usd = (model: string) => usdOf(model, usage, overrides) ?? Number.POSITIVE_INFINITY
  return others.reduce((dearest, model) => (usd(model) > usd(dearest) ? model : dearest), first)
}
