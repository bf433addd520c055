/** `fanfold check PLAN`: says what a plan would send and cost, and calls nothing. */
import { Duration, Effect } from "effect"
import { Command } from "effect/cli"
import * as Forecast from "../plan/Forecast.ts"
import type { Prepared } from "../plan/Plan.ts"
import { timeText } from "../options/OptionSchemas.ts"
import * as Policy from "../options/Policy.ts"
import { isStated, pricedAt, type Prices } from "../claude/Price.ts"
import { plural, usdText } from "../report/RunState.ts"
import { bodyOf } from "../claude/RequestBody.ts"
import { code, Failure } from "./Failure.ts"
import * as Flags from "./Flags.ts"
import { inert } from "./Inert.ts"
import * as Output from "./Output.ts"
import { plan, readPlan } from "./run.ts"
import * as Sharing from "./Sharing.ts"

const json = Flags.onOff(
  "json",
  "Print the requests as they would be sent; the synthesis without the findings it does not have yet"
)

const count = (n: number): string => n.toLocaleString("en-US")

const searchesText = (n: number): string => (n === 0 ? "" : `, up to ${plural(n, "web search", "web searches")}`)

const callText = ({ atMostUsd, inputTokens, part, request: { maxTokens }, webSearches }: Forecast.Foreseen): string =>
  `${part === "synthesis" ? "up to " : "about "}${count(inputTokens)} tokens in, up to ${count(maxTokens)} out` +
  `${searchesText(webSearches)}${atMostUsd === undefined ? "" : `, at most ${usdText(atMostUsd)}`}`

/** What a cost is reckoned with. */
const pricesText = (calls: ReadonlyArray<Forecast.Foreseen>, prices: Prices | undefined): string => {
  const models = calls.flatMap(({ models }) => models)
  const stated = models.filter((model) => isStated(model, prices)).length
  return [stated < models.length ? `list prices of ${pricedAt}` : "", stated > 0 ? "prices of the plan" : ""]
    .filter((text) => text !== "")
    .join(" and ")
}

/** The budget beside what all calls may cost together. */
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

const inWords = (models: ReadonlyArray<string>): string => inert(models.join(", else "))

const toText = (
  { concurrency, deadline, layers, policy, synthesis }: Prepared,
  forecast: Forecast.Forecast
): string => {
  const { atMostUsd, calls, unpriced, webSearches } = forecast
  const asks = synthesis === undefined ? calls.length : calls.length - 1
  const deadlineText = deadline === undefined ? "" : `, deadline ${timeText(Duration.toMillis(deadline))}`
  const nameWidth = Math.max(...calls.map(({ name }) => name.length))
  const modelWidth = Math.max(...calls.map(({ models }) => inWords(models).length))
  const searches = webSearches === 0 ? "" : `${searchesText(webSearches)} without the tokens of what they find`
  return [
    `${asks} ${asks === 1 ? "ask" : "asks"}${synthesis === undefined ? "" : " and a synthesis"}, policy ${Policy.toString(policy)}, concurrency ${concurrency}${deadlineText}`,
    ...calls.map(
      (call) => `  ${call.name.padEnd(nameWidth)}  ${inWords(call.models).padEnd(modelWidth)}  ${callText(call)}`
    ),
    atMostUsd === undefined
      ? `Cost: not known, as these models have no known price: ${inert([...unpriced].join(", "))}`
      : `Cost: about $${atMostUsd.toFixed(4)} at most (estimated: ${pricesText(calls, layers.prices)}, every answer as long as it may be, each call once${searches})`,
    ...budgetLines(layers.budget, atMostUsd),
    ...Sharing.linesOf(calls.filter(({ part }) => part === "ask")),
    "Nothing was sent.",
    ""
  ].join("\n")
}

export const check = Command.make(
  "check",
  { plan, json, ...Flags.asking, layers: Flags.layers },
  Effect.fnUntraced(function* (flags) {
    const pipeline = yield* readPlan(flags.plan, Flags.amend(flags))
    const forecast = Forecast.make(pipeline, pipeline.layers.prices)
    const bodies = Object.fromEntries(forecast.calls.map(({ name, request }) => [name, bodyOf(request)]))
    const isPrinted = yield* Output.print(
      flags.json ? `${JSON.stringify(bodies, undefined, 2)}\n` : toText(pipeline, forecast)
    )
    if (!isPrinted) return yield* new Failure({ exitCode: code.failed, message: "" })
  })
).pipe(Command.withDescription("Validate a plan and print what it would send and cost; calls nothing"))
