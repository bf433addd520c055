/** USD per million tokens, from Anthropic's price list of October 2026. A cost here is an estimate, not an invoice. */
import { Schema } from "effect"
import type { Usage } from "./Message.ts"
import { inputTokensOf } from "./Message.ts"

export const Price = Schema.Struct({
  inputUsd: Schema.Finite,
  outputUsd: Schema.Finite,
  cacheReadUsd: Schema.Finite
})
export interface Price extends Schema.Schema.Type<typeof Price> {}

/** The month the prices were read. */
export const pricedAt = "2026-10"

/** A 5-minute cache write costs 1.25 times the input price. */
const cacheWriteFactor = 1.25

/** Haiku 5.5 has a second, higher price for prompts above this many input tokens. */
const haikuLongPromptTokens = 100_000

/** Gives the price of a model for a prompt of that many tokens; `undefined` where it is not known, never zero. */
export const priceOf = (model: string, inputTokens: number): Price | undefined => {
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

/** Estimates what a usage costs in USD, web searches not included; `undefined` for a model without a known price. */
export const usdOf = (model: string, usage: Usage): number | undefined => {
  const price = priceOf(model, inputTokensOf(usage))
  if (price === undefined) return undefined
  return (
    (usage.inputTokens * price.inputUsd +
      usage.cacheCreationInputTokens * price.inputUsd * cacheWriteFactor +
      usage.cacheReadInputTokens * price.cacheReadUsd +
      usage.outputTokens * price.outputUsd) /
    1_000_000
  )
}
