/** What `fanfold check` prints: the calls of a plan, their tokens and cost at most, the budget and the shared prefixes. */
import * as Models from "../claude/Models.ts"
import { isOverridden, pricedAt, type Prices, sumOf, usdText } from "../claude/Price.ts"
import { fallbacksOf } from "../claude/RefusalPolicy.ts"
import { charactersPerToken } from "../cost/TextLength.ts"
import * as ToolCosts from "../cost/ToolCosts.ts"
import { exceedsLimit, uncachedInputTokens } from "../cost/TokenCount.ts"
import * as Policy from "../options/Policy.ts"
import * as Ask from "../pipeline/Ask.ts"
import * as DeadlineOption from "../pipeline/DeadlineOption.ts"
import type * as Forecast from "../plan/Forecast.ts"
import type { JournalForecast } from "../plan/JournalForecast.ts"
import type { Prepared } from "../plan/Plan.ts"
import { numberText, plural } from "../options/NumberText.ts"
import { inert } from "../report/TerminalText.ts"
import * as DocumentLines from "./DocumentLines.ts"
import * as SharedPrefixLines from "./SharedPrefixLines.ts"
import { usesText } from "./ToolUses.ts"

export const toText = (
  { concurrency, deadline, layers, policy, synthesis, table }: Prepared,
  forecast: Forecast.Forecast,
  kept?: JournalForecast,
  /** The same without batches; `undefined` where it is that. */
  live?: Forecast.Forecast
): string => {
  const { atMostUsd, calls, unpriced } = forecast
  const askCount = calls.filter(({ part }) => part === "ask").length
  const deadlineText = deadline === undefined ? "" : `, deadline ${DeadlineOption.textOf(deadline)}`
  const nameColumns = columnsOf(calls.map(({ name }) => name))
  const modelColumns = columnsOf(calls.map(({ models }) => modelsText(models)))
  return [
    `${askCount} ${askCount === 1 ? "ask" : "asks"}${callsText(calls)}${synthesis === undefined ? "" : " and a synthesis"}, policy ${Policy.toString(policy)}, concurrency ${concurrency}${deadlineText}`,
    ...listed(calls, table !== undefined).map((call) =>
      typeof call === "string"
        ? call
        : `  ${call.name.padEnd(nameColumns)}  ${modelsText(call.models).padEnd(modelColumns)}  ${callText(call)}`
    ),
    ...roundLines(calls, synthesis),
    ...comparisonLines(calls),
    ...treeLines(calls),
    ...DocumentLines.lines(calls.map(({ request }) => request)),
    atMostUsd === undefined
      ? `Cost: not known, as these models have no known price: ${inert([...unpriced].join(", "))}`
      : costText(forecast, layers.prices),
    ...batchLines(live, policy, askCount),
    ...(kept === undefined ? [] : keptLines(forecast, kept, layers.reuse)),
    ...addedLines(calls),
    ...refusalLines(calls, live?.calls),
    ...budgetLines(layers.budget, atMostUsd),
    ...limitLines(calls, layers.pacing?.limits?.itpm),
    ...SharedPrefixLines.lines(
      calls.filter(({ part }) => part === "ask"),
      live !== undefined,
      layers.prices
    ),
    "Nothing was sent.",
    ""
  ].join("\n")
}

/** How many calls the asks have, where that is more than one each. */
const callsText = (calls: ReadonlyArray<Forecast.Foreseen>): string => {
  const asks = calls.filter(({ part }) => part === "ask")
  const count = asks.reduce((sum, { votes }) => sum + (votes?.count ?? 1) + (votes?.joining === undefined ? 0 : 1), 0)
  return count === asks.length ? "" : ` (${plural(count, "call", "calls")}, as votes are asked several times)`
}

/** The length of the longest text. */
const columnsOf = (texts: ReadonlyArray<string>): number => texts.reduce((max, { length }) => Math.max(max, length), 0)

/** So many rows are shown, from the first one. */
const shownRows = 10

/** The calls that have a line; of many rows, which are alike, the first ones, the longest, and how many more there are. */
const listed = (
  calls: ReadonlyArray<Forecast.Foreseen>,
  ofRows: boolean
): ReadonlyArray<Forecast.Foreseen | string> => {
  const asks = calls.filter(({ part }) => part === "ask")
  if (!ofRows || asks.length <= shownRows + 2) return calls
  const rest = asks.slice(shownRows)
  const longest = rest.reduce((longest, call) => (call.inputTokens > longest.inputTokens ? call : longest))
  const others = `  … and ${numberText(rest.length - 1)} more rows, none longer than`
  return [...asks.slice(0, shownRows), others, longest, ...calls.filter(({ part }) => part !== "ask")]
}

/** How many asks each further round may have, and what it costs. */
const roundLines = (
  calls: ReadonlyArray<Forecast.Foreseen>,
  synthesis: Prepared["synthesis"]
): ReadonlyArray<string> => {
  const rounds = calls.filter(({ part }) => part === "round")
  if (rounds.length === 0 || synthesis?.rounds === undefined) return []
  const { count, maxNewAsks } = synthesis.rounds
  const by = modelsText(Models.all(synthesis.options.model))
  return [
    `Rounds: up to ${count}; each after the first has one call of ${by} that looks for what is open, and up to ${plural(maxNewAsks, "new ask", "new asks")}`
  ]
}

/** That answers are compared, what share of the cost that is, and how to turn it off. */
const comparisonLines = (calls: ReadonlyArray<Forecast.Foreseen>): ReadonlyArray<string> =>
  calls.flatMap(({ atMostUsd, part }) => {
    if (part !== "comparison") return []
    const total = sumOf(calls.map((call) => call.atMostUsd))
    const share =
      atMostUsd === undefined || total === undefined || total === 0
        ? ""
        : `, ${((100 * atMostUsd) / total).toFixed(1)} % of the cost`
    return [
      `Comparison: before the synthesis, answers of 1,000 characters together are compared for contradictions${share} ("contradictions: off" turns it off)`
    ]
  })

/** That the answers may be more than one request holds: how many folds each level has, and what all of it costs beside one request. */
const treeLines = (calls: ReadonlyArray<Forecast.Foreseen>): ReadonlyArray<string> =>
  calls.flatMap(({ models, tree }) => {
    if (tree === undefined) return []
    const count = tree.levels.reduce((sum, folds) => sum + folds, 0)
    const why =
      "fanIn" in tree.limit
        ? `the answers are more than ${numberText(tree.limit.fanIn)} (fanIn)`
        : `if the answers are that long, they are more than the window of ${numberText(tree.limit.window)} tokens holds`
    const folding = modelsText(tree.models)
    const by = folding === modelsText(models) ? `, all by ${folding}` : `, below the document by ${folding}`
    return [
      `Tree: ${why}, and are folded in up to ${numberText(tree.levels.length)} levels ` +
        `with ${plural(count, "call", "calls")} (${tree.levels.map(numberText).join(" → ")})${by}; the cost of the synthesis ` +
        `has all of them${ratioText(tree)}`
    ]
  })

const ratioText = ({ cheaper, ratio }: Forecast.Tree): string => {
  if (ratio === undefined) return ""
  const instead = cheaper === undefined ? "" : `, ${cheaper.ratio.toFixed(2)} × with "foldModel: ${cheaper.model}"`
  return `, about ${ratio.toFixed(2)} × the cost of one request with all answers${instead}`
}

const toolsText = (call: Forecast.Foreseen): string => {
  const uses = usesText(call)
  return `${uses === "" ? "" : `, up to ${uses}`}${ToolCosts.runsCode(call.request) ? ", runs code" : ""}`
}

const callText = (call: Forecast.Foreseen): string => {
  const { atMostUsd, inputTokens, maxInputTokens, part, request, votes } = call
  const { count, joining } = votes ?? { count: 1, joining: undefined }
  const asked =
    count === 1 ? "" : `${count} votes${joining === undefined ? "" : " and one call that joins them"}, each vote `
  const input = part !== "ask" ? `up to ${numberText(maxInputTokens)}` : `about ${numberText(inputTokens)}`
  const cost = atMostUsd === undefined ? "" : `, at most ${usdText(atMostUsd, "up")}`
  return `${asked}${input} tokens in, up to ${numberText(request.maxTokens)} out${toolsText(call)}${cost}`
}

/** The sum that a budget must be so that nothing is left out, and the estimate by length. */
const costText = (
  { atMostUsd = 0, calls, estimatedUsd = 0, webFetches, webSearches }: Forecast.Forecast,
  prices?: Prices
): string => {
  const uses = usesText({ webFetches, webSearches })
  const found = webSearches + webFetches === 1 ? "brings" : "bring"
  const searches = uses === "" ? "" : `, without what ${uses} ${found}`
  return (
    `Cost: at most ${usdText(atMostUsd, "up")}, as a budget counts it; about ${usdText(estimatedUsd)} by the length of the text${searches} ` +
    `(estimated: ${pricesText(calls, prices)}, every answer as long as it may be, each call once)`
  )
}

/** What the journal would answer, and the cost of the rest. Nothing where it has nothing of the plan, unless that was asked for. */
const keptLines = (
  { atMostUsd, calls }: Forecast.Forecast,
  { asks, comparesAnew, hasSynthesis, lacksFolds, underWay, untaken }: JournalForecast,
  reuse: Prepared["layers"]["reuse"]
): ReadonlyArray<string> => {
  if (underWay !== undefined) {
    const { answered, id } = underWay
    return [
      `Journal: ${inert(id)}, a run of this plan, is under way with ${plural(answered, "answer", "answers")} so far: another run waits for it and takes them (--fresh does not)`
    ]
  }
  const isExpected = reuse !== undefined && reuse !== "unfinished" && reuse !== "never"
  if (asks.size === 0 && !isExpected) return []
  const isNew = ({ name, part }: Forecast.Foreseen) => (part === "ask" ? !asks.has(name) : !hasSynthesis)
  const rest = calls.filter(isNew)
  const askCount = calls.filter(({ part }) => part === "ask").length
  const newAsks = askCount - asks.size
  const parts = [
    ...(newAsks === 0 ? [] : [plural(newAsks, "ask", "asks")]),
    // What compares reads all answers.
    ...((newAsks > 0 || comparesAnew) && rest.some(({ part }) => part === "comparison") ? ["the comparison"] : []),
    ...(rest.length > newAsks ? [`the synthesis${lacksFolds ? ", as folds that failed are asked again" : ""}`] : [])
  ]
  const head = `Journal: ${numberText(asks.size)} of ${plural(askCount, "ask", "asks")} answered from it`
  if (asks.size === 0) return [`${head}${untaken === undefined ? "" : untakenTexts[untaken]}`]
  if (parts.length === 0) return [`${head}${calls.length > askCount ? ", and the synthesis" : ""}: nothing is sent`]
  const usd = sumOf(rest.map((call) => call.atMostUsd))
  const isPriced = usd !== undefined && atMostUsd !== undefined
  const cost = isPriced ? `: at most ${usdText(usd, "up")} instead of ${usdText(atMostUsd, "up")}` : ""
  const listed = [...(parts.length > 1 ? [parts.slice(0, -1).join(", ")] : []), ...parts.slice(-1)].join(" and ")
  return [`${head}; new: ${listed}${cost}`]
}

const untakenTexts = {
  simulated: "; simulated answers do not count",
  older: "; those it has are older than reuse allows"
}

/** What fanfold adds of its own to each ask: the default system prompt, where no other replaces it. */
const addedLines = (calls: ReadonlyArray<Forecast.Foreseen>): ReadonlyArray<string> => {
  const askCount = calls.filter(({ part, request }) => part === "ask" && request.system === Ask.system).length
  if (askCount === 0) return []
  const tokens = Math.ceil(Ask.system.length / charactersPerToken)
  const where = askCount === 1 ? "one ask" : `each of ${numberText(askCount)} asks`
  return [`Added by fanfold: about ${tokens} tokens to ${where}, its system prompt ("system" replaces it)`]
}

/** The models of requests that have `fallbacks`. */
const modelsWithFallbacks = (all: ReadonlyArray<Forecast.Foreseen>): ReadonlySet<string> =>
  new Set(all.flatMap(({ request: { fallbacks, model } }) => (fallbacks === undefined ? [] : [model])))

const othersText = (model: string): string => fallbacksOf(model).join(" or ")

/** One line for each model whose refusals the API answers with another model; `live`: the calls as they are after a batch. */
const refusalLines = (
  calls: ReadonlyArray<Forecast.Foreseen>,
  live: ReadonlyArray<Forecast.Foreseen> = []
): ReadonlyArray<string> => {
  return [
    ...Array.from(
      modelsWithFallbacks(live.filter(({ part }) => part === "ask")),
      (model) =>
        `Refusals: if ${inert(model)} declines in its batch, it is asked live, where the API asks ${othersText(model)} ("refusals: gap" turns it off)`
    ),
    ...Array.from(
      modelsWithFallbacks(calls),
      (model) =>
        `Refusals: if ${inert(model)} declines, the API asks ${othersText(model)}; "at most" has the price of both ("refusals: gap" turns it off)`
    )
  ]
}

/** What the same would cost live, and what becomes of requests that no batch answers. */
const batchLines = (
  live: Forecast.Forecast | undefined,
  policy: Prepared["policy"],
  asks: number
): ReadonlyArray<string> => {
  if (live === undefined) return []
  const { atMostUsd, estimatedUsd } = live
  return [
    ...(atMostUsd === undefined || estimatedUsd === undefined
      ? []
      : [`Live, without batches: at most ${usdText(atMostUsd, "up")}, about ${usdText(estimatedUsd)}`]),
    "Batch: asks that expire, are canceled, or end with a passing error there are asked live, at the live price",
    ...(typeof policy === "object" && "first" in policy && policy.first < asks
      ? [
          `Batch: ${Policy.toString(policy)} saves nothing there, as results come together: all ${numberText(asks)} asks are answered, and paid`
        ]
      : [])
  ]
}

/** Names the sources of the prices: the list, the plan, or both. */
const pricesText = (calls: ReadonlyArray<Forecast.Foreseen>, prices: Prices | undefined): string => {
  const models = calls.flatMap(({ models }) => models)
  const statedCount = models.filter((model) => isOverridden(model, prices)).length
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

/** The calls with a request of more input tokens than the configured limit a minute: it fails, the synthesis where the answers are long. */
const limitLines = (calls: ReadonlyArray<Forecast.Foreseen>, itpm: number | undefined): ReadonlyArray<string> =>
  calls.flatMap(({ inputTokens, longestTokens, name, part, request }) => {
    const tokens = part === "ask" ? uncachedInputTokens(request) : (longestTokens ?? inputTokens)
    if (itpm === undefined || !exceedsLimit(tokens, itpm)) return []
    const [count, end] =
      part === "ask" ? ["about", "it would fail"] : ["up to", "it fails if the answers are that long"]
    const limit = `more than the limit of ${numberText(itpm)} a minute (pacing.limits.itpm) holds`
    const what = longestTokens === undefined ? "" : "a request of "
    return [`Too large: ${inert(name)} has ${what}${count} ${numberText(tokens)} input tokens, ${limit}: ${end}`]
  })

/** The model that is asked first, then its fallbacks. */
const modelsText = (models: ReadonlyArray<string>): string => inert(models.join(", else "))
