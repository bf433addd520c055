/** Prices of models in USD, from Anthropic's price list of October 2026. A cost is an estimate, not an invoice. */
import { type Array, Context, Schema } from "effect"
import type { Usage } from "./Message.ts"
import { inputTokensOf } from "./Message.ts"

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
export const pricedAt = "2026-10"

/** A 5-minute cache write costs 1.25 times the input price. */
const cacheWriteFactor = 1.25

/** One web search costs 10 USD per 1,000, as the documentation of the web search tool says; its results are input tokens. */
const webSearchUsd = 0.01

/** Haiku 5.5 has a second, higher price for prompts above this many input tokens. */
const haikuLongPromptTokens = 100_000

/** The date of a model's snapshot: `claude-next` is answered by `claude-next-20261101`, at the same price. */
const snapshot = /-\d{8}$/

const ownOf = (overrides: Prices, model: string): Price | undefined =>
  Object.hasOwn(overrides, model) ? overrides[model] : undefined

const overrideOf = (overrides: Prices, model: string): Price | undefined =>
  ownOf(overrides, model) ?? ownOf(overrides, model.replace(snapshot, ""))

/** Whether the price of a model is an override of the list, or added to it. */
export const isOverridden = (model: string, overrides: Prices = {}): boolean =>
  overrideOf(overrides, model) !== undefined

/** The price of a model for a prompt of so many tokens; `undefined`, never zero, where it is not known. */
export const priceOf = (model: string, inputTokens: number, overrides: Prices = {}): Price | undefined => {
  const override = overrideOf(overrides, model)
  if (override !== undefined) return override
  if (model.startsWith("claude-haiku-5-5")) {
    return inputTokens > haikuLongPromptTokens
      ? { inputUsd: 0.5, outputUsd: 2.5, cacheReadUsd: 0.05 }
      : { inputUsd: 0.1, outputUsd: 0.5, cacheReadUsd: 0.01 }
  }
  if (model.startsWith("claude-sonnet-5-5")) return { inputUsd: 2, outputUsd: 10, cacheReadUsd: 0.1 }
  if (model.startsWith("claude-opus-5-5")) return { inputUsd: 4, outputUsd: 20, cacheReadUsd: 0.2 }
  if (model.startsWith("claude-fable-5-1")) return { inputUsd: 10, outputUsd: 50, cacheReadUsd: 0.25 }
  return undefined
}

/** The cost of a usage in USD, web searches included; `undefined` for a model without a known price, and for an incomplete usage. */
export const usdOf = (model: string, usage: Usage, overrides: Prices = {}): number | undefined => {
  if (usage.isIncomplete === true) return undefined
  const price = priceOf(model, inputTokensOf(usage), overrides)
  if (price === undefined) return undefined
  return (
    (usage.inputTokens * price.inputUsd +
      usage.cacheCreationInputTokens * price.inputUsd * cacheWriteFactor +
      usage.cacheReadInputTokens * price.cacheReadUsd +
      usage.outputTokens * price.outputUsd) /
      1_000_000 +
    usage.webSearches * webSearchUsd
  )
}

/** A rounding error of added dollars, the same that a budget allows. */
const addedError = 1e-12

/**
 * Writes US dollars: from one dollar, and zero, with 2 decimals, from $0.001 with 4, below that with 2 significant digits. `"up"`
 * rounds up, for an amount that another one must reach.
 */
export const usdText = (usd: number, rounding: "nearest" | "up" = "nearest"): string => {
  const digits =
    usd >= 1 || usd === 0
      ? { minimumFractionDigits: 2, maximumFractionDigits: 2 }
      : usd >= 0.001
        ? { minimumFractionDigits: 4, maximumFractionDigits: 4 }
        : { minimumSignificantDigits: 2, maximumSignificantDigits: 2 }
  const isUp = rounding === "up"
  const roundingMode = isUp ? "ceil" : "halfExpand"
  return `$${Math.max(0, isUp ? usd - addedError : usd).toLocaleString("en-US", { ...digits, roundingMode })}`
}

/** The model that such a usage costs most with; one without a known price counts as dearer than any other. */
export const dearestOf = (
  [first, ...others]: Array.NonEmptyReadonlyArray<string>,
  usage: Usage,
  overrides: Prices = {}
): string => {
  const usd = (model: string) => usdOf(model, usage, overrides) ?? Number.POSITIVE_INFINITY
  return others.reduce((dearest, model) => (usd(model) > usd(dearest) ? model : dearest), first)
}
