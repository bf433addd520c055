/** What `fanfold check` prints: the calls of a plan, their tokens and cost at most, the budget and the shared prefixes. */
import { Duration } from "effect"
import { isStated, pricedAt, type Prices } from "../claude/Price.ts"
import { planText } from "../options/DurationText.ts"
import * as Policy from "../options/Policy.ts"
import type * as Forecast from "../plan/Forecast.ts"
import type { Prepared } from "../plan/Plan.ts"
import { numberText, plural } from "../report/NumberText.ts"
import { inert } from "../report/TerminalText.ts"
import { usdText } from "../report/UsdText.ts"
import * as SharedPrefixLines from "./SharedPrefixLines.ts"

export const toText = (
  { concurrency, deadline, layers, policy, synthesis }: Prepared,
  { atMostUsd, calls, unpriced, webSearches }: Forecast.Forecast
): string => {
  const askCount = synthesis === undefined ? calls.length : calls.length - 1
  const deadlineText = deadline === undefined ? "" : `, deadline ${planText(Duration.toMillis(deadline))}`
  const nameColumns = Math.max(...calls.map(({ name }) => name.length))
  const modelColumns = Math.max(...calls.map(({ models }) => modelsText(models).length))
  const searches = webSearches === 0 ? "" : `${searchesText(webSearches)} without the tokens of what they find`
  return [
    `${askCount} ${askCount === 1 ? "ask" : "asks"}${synthesis === undefined ? "" : " and a synthesis"}, policy ${Policy.toString(policy)}, concurrency ${concurrency}${deadlineText}`,
    ...calls.map(
      (call) => `  ${call.name.padEnd(nameColumns)}  ${modelsText(call.models).padEnd(modelColumns)}  ${callText(call)}`
    ),
    atMostUsd === undefined
      ? `Cost: not known, as these models have no known price: ${inert([...unpriced].join(", "))}`
      : `Cost: about ${usdText(atMostUsd)} at most (estimated: ${pricesText(calls, layers.prices)}, every answer as long as it may be, each call once${searches})`,
    ...budgetLines(layers.budget, atMostUsd),
    ...SharedPrefixLines.lines(calls.filter(({ part }) => part === "ask")),
    "Nothing was sent.",
    ""
  ].join("\n")
}

const searchesText = (n: number): string => (n === 0 ? "" : `, up to ${plural(n, "web search", "web searches")}`)

const callText = ({ atMostUsd, inputTokens, part, request: { maxTokens }, webSearches }: Forecast.Foreseen): string =>
  `${part === "synthesis" ? "up to " : "about "}${numberText(inputTokens)} tokens in, up to ${numberText(maxTokens)} out` +
  `${searchesText(webSearches)}${atMostUsd === undefined ? "" : `, at most ${usdText(atMostUsd)}`}`

/** Names the sources of the prices: the list, the plan, or both. */
const pricesText = (calls: ReadonlyArray<Forecast.Foreseen>, prices: Prices | undefined): string => {
  const models = calls.flatMap(({ models }) => models)
  const statedCount = models.filter((model) => isStated(model, prices)).length
  return [statedCount < models.length ? `list prices of ${pricedAt}` : "", statedCount > 0 ? "prices of the plan" : ""]
    .filter((text) => text !== "")
    .join(" and ")
}

/** The budget, and whether it is less than what all calls may cost together. */
const budgetLines = (budget: Prepared["layers"]["budget"], atMostUsd = 0): ReadonlyArray<string> => {
  if (budget === undefined) return []
  const { tokens, usd } = typeof budget === "number" ? { usd: budget, tokens: undefined } : budget
  const limits = [
    ...(tokens === undefined ? [] : [plural(tokens, "token", "tokens")]),
    ...(usd === undefined ? [] : [usdText(usd)])
  ]
  const isLess = usd !== undefined && usd < atMostUsd
  return [
    `Budget: ${limits.join(" and ")}${isLess ? ", less than that: asks that do not fit any more are left out" : ""}`
  ]
}

/** The model that is asked first, then its fallbacks. */
const modelsText = (models: ReadonlyArray<string>): string => inert(models.join(", else "))
