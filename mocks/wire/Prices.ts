/** What the API bills for a message, by its price list of November 2026. */
import type { Usage } from "./Message.ts"
import * as Models from "./Models.ts"

/** USD per million tokens: input, output, and input that is read from the prompt cache. */
type Price = readonly [inputUsd: number, outputUsd: number, cacheReadUsd: number]

/** By the undated name of a model; those that are not here have no known price. */
export const prices: Readonly<Record<string, Price>> = {
  "claude-fable-5-2": [8, 40, 0.2],
  "claude-fable-5-1": [10, 50, 0.25],
  "claude-fable-5": [10, 50, 1],
  "claude-haiku-5-5": [0.1, 0.5, 0.01],
  "claude-sonnet-5-5": [2, 10, 0.1],
  "claude-opus-5-5": [4, 20, 0.2],
  "claude-opus-5": [5, 25, 0.5],
  "claude-sonnet-5": [2, 10, 0.2],
  "claude-opus-4-8": [5, 25, 0.5],
  "claude-opus-4-7": [5, 25, 0.5],
  "claude-opus-4-6": [5, 25, 0.5],
  "claude-sonnet-4-6": [3, 15, 0.3],
  "claude-opus-4-5": [5, 25, 0.5],
  "claude-sonnet-4-5": [3, 15, 0.3],
  "claude-haiku-4-5": [1, 5, 0.1]
}

/** The prices of prompts with more tokens than `above`. */
export const longPrompts: Readonly<Record<string, { readonly above: number; readonly price: Price }>> = {
  "claude-haiku-5-5": { above: 100_000, price: [0.5, 2.5, 0.05] }
}

/** A cache write costs so many times the input price: one that is kept for 5 minutes, and one for an hour. */
const write5mFactor = 1.25
const write1hFactor = 2
/** Tokens of a batch cost half. Server tools do not. */
const batchFactor = 0.5
/** 10 USD per 1,000 searches. */
const webSearchUsd = 0.01

/** Gives the cost of a message in USD; null for a model without a known price. */
export const usdOf = (model: string, usage: Usage, webSearches: number): number | null => {
  const name = (Models.find(model)?.id ?? model).replace(/-\d{8}$/, "")
  const { cacheCreation1h, cacheCreation5m, cacheRead, input, output, serviceTier } = usage
  const long = longPrompts[name]
  const isLong = long !== undefined && input + cacheCreation5m + cacheCreation1h + cacheRead > long.above
  const price = isLong ? long.price : prices[name]
  if (price === undefined) return null
  const [inputUsd, outputUsd, cacheReadUsd] = price
  const tokensUsd =
    ((input + cacheCreation5m * write5mFactor + cacheCreation1h * write1hFactor) * inputUsd +
      cacheRead * cacheReadUsd +
      output * outputUsd) /
    1_000_000
  return tokensUsd * (serviceTier === "batch" ? batchFactor : 1) + webSearches * webSearchUsd
}
