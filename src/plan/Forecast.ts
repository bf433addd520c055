/** The calls of a pipeline and their cost, at most and estimated, before anything is sent. */
import { Result } from "effect"
import type { Request } from "../claude/Message.ts"
import * as Models from "../claude/Models.ts"
import { priceOf, sumOf } from "../claude/Price.ts"
import * as RefusalPolicy from "../claude/RefusalPolicy.ts"
import { prefixOf } from "../cost/SharedPrefix.ts"
import { bytesOf, charactersPerToken } from "../cost/TextLength.ts"
import { estimateInputTokens } from "../cost/TokenCount.ts"
import * as ToolCosts from "../cost/ToolCosts.ts"
import * as WorstCase from "../cost/WorstCase.ts"
import * as Ask from "../pipeline/Ask.ts"
import * as Comparison from "../pipeline/Comparison.ts"
import type { Pipeline } from "../pipeline/Pipeline.ts"
import * as PlannedVotes from "../pipeline/PlannedVotes.ts"
import * as Synthesis from "../pipeline/Synthesis.ts"
import {
  askCall,
  type Batched,
  type Costs,
  estimatedUsd,
  type Foreseen,
  type Known,
  mostOf,
  type Names
} from "./Foreseen.ts"
import * as FoldForecast from "./FoldForecast.ts"
import * as RoundForecast from "./RoundForecast.ts"

export type { Foreseen, Tree } from "./Foreseen.ts"

/** All calls in the order of the plan, the synthesis last, and their sums. */
export interface Forecast {
  readonly calls: ReadonlyArray<Foreseen>
  readonly webSearches: number
  readonly webFetches: number
  readonly estimatedUsd: number | undefined
  /** The budget under which all asks can be sent at once, and the synthesis after them. */
  readonly atMostUsd: number | undefined
  /** Models without a known price, which make the cost unknown. */
  readonly unpriced: ReadonlySet<string>
}

/** The forecast of a pipeline; `prices` override list prices, and with `batch` the asks go into batches, without `fallbacks`. */
export const make = (
  { asks, context, synthesis }: Pipeline,
  { batch, prices = {}, refusals = RefusalPolicy.standard }: Costs = {}
): Forecast => {
  const shared = context === undefined ? {} : { context }
  const isBatched = batch !== undefined
  const leads = leading()
  const calls = Object.entries(asks).map(([name, ask]): Foreseen => {
    const models = Models.all(Ask.modelsOf(ask))
    const own = Ask.requestOf(ask, shared)
    const request = RefusalPolicy.withFallbacks(own, isBatched || models.length > 1, refusals)
    const known = { prices, refusals }
    const call = askCall(name, request, models, { ...known, batched: isBatched ? leads(request) : undefined })
    const votes = PlannedVotes.of(ask, shared)
    return votes === undefined ? call : voted(call, votes, known)
  })
  if (synthesis !== undefined) {
    const known = { prices, refusals }
    const rounds = RoundForecast.of(synthesis, asks, shared, answerTokensIn(calls), known)
    const all = [...calls, ...rounds.flatMap(({ parts }) => parts)]
    calls.push(
      ...rounds.map(({ sum }) => sum),
      ...comparisonCalls(synthesis, asks, all, known),
      synthesisCall(synthesis, asks, all, known)
    )
  }
  return {
    calls,
    webSearches: calls.reduce((sum, call) => sum + call.webSearches, 0),
    webFetches: calls.reduce((sum, call) => sum + call.webFetches, 0),
    estimatedUsd: sumOf(calls.map(({ estimatedUsd }) => estimatedUsd)),
    atMostUsd: sumOf(calls.map(({ atMostUsd }) => atMostUsd)),
    unpriced: new Set(
      calls
        .flatMap(({ models, tree }) => models.concat(tree?.models ?? []))
        .filter((model) => priceOf(model, 0, prices) === undefined)
    )
  }
}

/** The same, made when it is first read: a run needs it at its end, and its first request does not wait for it. */
export const later = (pipeline: Pipeline, costs?: Costs): (() => Forecast) => {
  let forecast: Forecast | undefined
  return () => (forecast ??= make(pipeline, costs))
}

/** Says of each request, in their order, whether it is the first with its document. */
const leading = () => {
  const known = new Set<string>()
  return (request: Request): Batched => {
    const prefix = prefixOf(request)
    if (prefix._tag !== "Context" || !known.has(prefix.cacheKey)) {
      if (prefix._tag === "Context") known.add(prefix.cacheKey)
      return "writes"
    }
    return "reads"
  }
}

/** All votes of a call, and the one that joins them. */
const voted = (call: Foreseen, votes: PlannedVotes.PlannedVotes, { prices, refusals }: Known): Foreseen => {
  const { count, joining } = votes
  const sum = (
    one: number | undefined,
    joined: (joining: PlannedVotes.Joining, models: Names, request: Request) => number | undefined
  ): number | undefined => {
    if (joining === undefined) return one === undefined ? undefined : count * one
    const models = Models.all(joining.models)
    const request = RefusalPolicy.withFallbacks(joining.request, models.length > 1, refusals)
    return sumOf([one === undefined ? undefined : count * one, joined(joining, models, request)])
  }
  return {
    ...call,
    votes,
    webSearches: count * call.webSearches,
    webFetches: count * call.webFetches,
    estimatedUsd: sum(call.estimatedUsd, (_, models, request) => {
      const inputTokens = estimateInputTokens(request) + count * call.request.maxTokens
      return estimatedUsd(request, inputTokens, models, prices)
    }),
    atMostUsd: sum(call.atMostUsd, ({ answerTokens }, models, request) => {
      const bounds = WorstCase.byModel(request, models, prices, true, false, answerTokens)
      return Result.isFailure(bounds) ? undefined : mostOf(bounds.success, refusals).usd
    })
  }
}

/** Input tokens of the synthesis that a budget keeps back for the call at most: until votes are joined, all of them count. */
const answerTokensOf = ({ request, votes }: Foreseen): number => {
  const { count, joining } = votes ?? { count: 1, joining: undefined }
  return count * WorstCase.answerTokens(request) + (joining === undefined ? 0 : WorstCase.answerTokens(joining.request))
}

const answerTokensIn = (calls: ReadonlyArray<Foreseen>): number =>
  calls.reduce((sum, call) => sum + answerTokensOf(call), 0)

const synthesisCall = (
  synthesis: Synthesis.Synthesis<unknown>,
  asks: Pipeline["asks"],
  calls: ReadonlyArray<Foreseen>,
  { prices, refusals }: Known
): Foreseen => {
  const models = Models.all(synthesis.options.model)
  const request = RefusalPolicy.withFallbacks(Synthesis.requestOf(synthesis), models.length > 1, refusals)
  const planned = Synthesis.planned(synthesis, asks, prices, refusals)
  const answerTokens = answerTokensIn(calls)
  const asked = calls.filter(({ part }) => part === "ask")
  const folded = FoldForecast.of(synthesis, asked, prices)
  const inputTokens = folded?.inputTokens ?? estimateInputTokens(request) + findingsTokens(asked)
  const isPriced = [...models, ...(folded?.tree.models ?? [])].every((model) => priceOf(model, 0, prices) !== undefined)
  return {
    name: "synthesis",
    part: "synthesis",
    request,
    models,
    inputTokens,
    maxInputTokens: planned.inputTokens + (planned.reads ?? 1) * answerTokens,
    webSearches: ToolCosts.searchesOf(request),
    webFetches: ToolCosts.fetchesOf(request),
    ...(folded && { tree: folded.tree, longestTokens: folded.longestTokens }),
    estimatedUsd: folded === undefined ? estimatedUsd(request, inputTokens, models, prices) : folded.usd,
    atMostUsd: isPriced ? WorstCase.synthesis(planned, answerTokens, prices).usd : undefined
  }
}

/** The comparison of all answers, where the synthesis has one and an answer is prose: all calls of it as one, each with its share. */
const comparisonCalls = (
  { fold, options }: Synthesis.Synthesis<unknown>,
  asks: Pipeline["asks"],
  calls: ReadonlyArray<Foreseen>,
  { prices, refusals }: Known
): ReadonlyArray<Foreseen> => {
  const isCompared = fold.contradictions !== "off" && calls.length > 1
  if (!isCompared || Object.values(asks).every(({ format }) => format._tag === "Object")) return []
  const settings = Comparison.optionsOf(options)
  const models = Models.all(settings.model!)
  const request = RefusalPolicy.withFallbacks(Comparison.requestOf(settings), models.length > 1, refusals)
  const answerTokens = calls.reduce((sum, call) => sum + WorstCase.answerTokens(call.request), 0)
  const questions = Object.values(asks).reduce((sum, { question }) => sum + bytesOf(question), 0)
  const read = answerTokens + questions
  // Two neighbouring groups together are more than one comparison reads.
  const count = Math.max(1, Math.ceil((2 * read) / Comparison.maxGroupTokens) - 1)
  const frame = WorstCase.inputTokens(request)
  const each = { inputTokens: Math.ceil(read / count) + frame, outputTokens: request.maxTokens }
  const inputTokens = estimateInputTokens(request) * count + findingsTokens(calls)
  const bounds = models.map((model) => WorstCase.amount(model, each, prices)?.usd)
  const most = bounds.some((usd) => usd === undefined) ? undefined : Math.max(...bounds.map((usd = 0) => usd))
  return [
    {
      name: "comparison",
      part: "comparison",
      request: { ...request, maxTokens: request.maxTokens * count },
      models,
      inputTokens,
      ...(count > 1 && { longestTokens: Math.ceil(inputTokens / count) }),
      maxInputTokens: each.inputTokens * count,
      webSearches: 0,
      webFetches: 0,
      estimatedUsd: estimatedUsd({ ...request, maxTokens: request.maxTokens * count }, inputTokens, models, prices),
      atMostUsd: most === undefined ? undefined : most * count
    }
  ]
}

/** An estimate of every question, with an answer of `maxTokens` each. */
const findingsTokens = (calls: ReadonlyArray<Foreseen>): number => {
  const questions = calls.reduce((sum, { request }) => sum + JSON.stringify(request.messages).length, 0)
  return calls.reduce((sum, { request }) => sum + request.maxTokens, Math.ceil(questions / charactersPerToken))
}
