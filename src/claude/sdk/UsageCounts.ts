/** The token counts of a message or of a stream's events, and the `Usage` made of them. */
import { Predicate } from "effect"
import type { Usage } from "../Message.ts"
import type { Json } from "./Json.ts"

/** The counts of the API's `usage` as they came. They are not checked before they are needed: gateways leave them out, or send text. */
export type Counts = { readonly [K in Exclude<keyof Usage, "isIncomplete" | "batch">]?: unknown }

const fieldsOf = (json: unknown): Json => (Predicate.isObject(json) ? json : {})

/** Reads the API's `usage`; of any other value, or none, no count is known. */
export const countsOf = (json: unknown): Counts => {
  const usage = fieldsOf(json)
  return {
    inputTokens: usage["input_tokens"],
    cacheCreationInputTokens: usage["cache_creation_input_tokens"],
    cacheReadInputTokens: usage["cache_read_input_tokens"],
    outputTokens: usage["output_tokens"],
    thinkingTokens: fieldsOf(usage["output_tokens_details"])["thinking_tokens"],
    webSearches: fieldsOf(usage["server_tool_use"])["web_search_requests"],
    webFetches: fieldsOf(usage["server_tool_use"])["web_fetch_requests"],
    cacheCreation1hInputTokens: fieldsOf(usage["cache_creation"])["ephemeral_1h_input_tokens"]
  }
}

/**
 * The counts of a stream after another event. They are cumulative, so the latest one wins, except that one which is missing
 * or 0 leaves the earlier one: some gateways end every stream with `input_tokens: 0`.
 */
export const later = (before: Counts, after: Counts): Counts => {
  const counts: { -readonly [K in keyof Counts]: Counts[K] } = { ...before }
  for (const name of Object.keys(after) as Array<keyof Counts>) {
    if (after[name] || Predicate.isNullish(counts[name])) counts[name] = after[name]
  }
  return counts
}

const isCount = (count: unknown): count is number => Number.isSafeInteger(count) && (count as number) >= 0
const orZero = (count: unknown): number => (isCount(count) ? count : 0)

/**
 * The usage of these counts. One that is no whole number from 0 stands as 0; where that changes the cost, or where input or
 * output was not counted at all, the usage is marked incomplete. Thinking is a part of the output, and changes no cost.
 */
export const usageOf = (counts: Counts): Usage => {
  const { cacheCreation1hInputTokens: for1h, cacheCreationInputTokens, cacheReadInputTokens } = counts
  const { inputTokens, outputTokens, thinkingTokens, webFetches, webSearches } = counts
  const usage: Usage = {
    inputTokens: orZero(inputTokens),
    cacheCreationInputTokens: orZero(cacheCreationInputTokens),
    cacheReadInputTokens: orZero(cacheReadInputTokens),
    outputTokens: orZero(outputTokens),
    thinkingTokens: orZero(thinkingTokens),
    webSearches: orZero(webSearches),
    ...(isCount(webFetches) && webFetches > 0 && { webFetches }),
    ...(isCount(for1h) && for1h > 0 && { cacheCreation1hInputTokens: for1h })
  }
  const isComplete =
    isCount(inputTokens) &&
    isCount(outputTokens) &&
    [cacheCreationInputTokens, for1h, cacheReadInputTokens, webSearches].every(
      (count) => Predicate.isNullish(count) || isCount(count)
    )
  return isComplete ? usage : { ...usage, isIncomplete: true }
}
