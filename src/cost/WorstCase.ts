/** The most that a request may cost: what a budget reserves before it is sent, and what `check` prints as "at most". */
import { Result } from "effect"
import type { Call } from "../claude/Call.ts"
import {
  inBatch,
  inputTokensOf,
  ownUsageOf,
  type Reply,
  type Request,
  sourcesOf,
  textOf,
  type Usage
} from "../claude/Message.ts"
import * as Price from "../claude/Price.ts"
import { fallbacksOf } from "../claude/RefusalPolicy.ts"
import { infoOf } from "../claude/ModelInfo.ts"
import { documentsOf } from "../claude/RequestBody.ts"
import * as DocumentTokens from "./DocumentTokens.ts"
import { bytesOf } from "./TextLength.ts"
import * as FoldTree from "./FoldTree.ts"
import * as ToolCosts from "./ToolCosts.ts"
import { answerFrameTokens, tokenizerFactor } from "./TokenCount.ts"

export { answerFrameTokens } from "./TokenCount.ts"

/** US dollars and tokens, input and output together; in a limit, infinite where there is none. */
export interface Amount {
  readonly usd: number
  readonly tokens: number
}

export const noAmount: Amount = { usd: 0, tokens: 0 }

export const add = (a: Amount, b: Amount): Amount => ({ usd: a.usd + b.usd, tokens: a.tokens + b.tokens })

/** An answer as input of the synthesis: its tokens at most, and the length of its text in bytes. */
export interface Answer {
  readonly tokens: number
  readonly bytes: number
}

/** Two parts of one answer. */
export const addAnswers = (a: Answer, b: Answer): Answer => ({ tokens: a.tokens + b.tokens, bytes: a.bytes + b.bytes })

/** The last context whose length was taken: all asks of a run share one, which may have megabytes. */
let lastContext = { text: "", bytes: 0 }

const bytesOfContext = (text: string): number => {
  if (lastContext.text !== text) lastContext = { text, bytes: bytesOf(text) }
  return lastContext.bytes
}

/** Tokens that the API adds to a request: a few for each turn. */
const addedTokens = 100

/** Tokens of an answer's sources, each a title and an address. Nothing limits their number; this is a high estimate. */
const sourcesTokens = 4000

/**
 * Input tokens of a request at most, with what the API's tools bring, and counted as often as they let the model read it. With
 * documents no more than its model can read.
 */
export const inputTokens = (request: Request): number => {
  const { answerSchema, context = "", messages, system, tools } = request
  const body = JSON.stringify([system, messages, answerSchema, tools])
  const contextBytes = typeof context === "string" ? bytesOfContext(context) : 0
  const ofTexts = bytesOf(body) + contextBytes + addedTokens + ToolCosts.definitionTokens(request)
  const documents = documentsOf(request)
  const window = infoOf(request.model)?.windowTokens ?? Number.POSITIVE_INFINITY
  const own = documents.length === 0 ? ofTexts : Math.min(ofTexts + DocumentTokens.most(documents), window)
  return ToolCosts.readsOf(request) * own + ToolCosts.resultTokens(request)
}

/** Input tokens at most of all turns after the first, as often as the model reads them. */
export const laterTokens = (request: Request): number => {
  const [, ...later] = request.messages
  return later.length === 0 ? 0 : ToolCosts.readsOf(request) * bytesOf(JSON.stringify(later))
}

/** Output tokens, and all input that is not cached. `isCached`: all of it is written to the cache; `isBatched`: in a batch. */
interface Most extends Pick<Usage, "inputTokens" | "outputTokens"> {
  readonly webSearches?: number
  /** Of code execution. */
  readonly containers?: number
  readonly isCached?: boolean
  readonly isBatched?: boolean
}

/** The cost of a call at most: all output used. `undefined` without a known price. */
export const amount = (model: string, usage: Most, prices: Price.Prices): Amount | undefined => {
  const { containers = 0, inputTokens, isBatched = false, isCached = false, outputTokens, webSearches = 0 } = usage
  const input = isCached
    ? {
        inputTokens: 0,
        cacheCreationInputTokens: inputTokens,
        // A batch may keep it for an hour, which costs more.
        ...(isBatched && { cacheCreation1hInputTokens: inputTokens })
      }
    : { inputTokens, cacheCreationInputTokens: 0 }
  const full = { ...input, cacheReadInputTokens: 0, outputTokens, thinkingTokens: 0, webSearches }
  const usd = Price.usdOf(model, isBatched ? inBatch(full) : full, prices)
  if (usd === undefined) return undefined
  return { usd: usd + containers * Price.containerUsd, tokens: inputTokens + outputTokens }
}

/**
 * The cost at most of the synthesis that a `Call` plans, with so many tokens of answers. Where these may not fit into its window: of
 * the document with the folds below it, or of one request with as many of them as fit, as answers may be shorter, or be counted as fewer.
 */
export const synthesis = (planned: Call["synthesis"], answerTokens: number, prices: Price.Prices): Amount => {
  if (planned === undefined) return noAmount
  const { containers, findings = 0, folds = planned, limits, maxTokens, reads = 1, webSearches } = planned
  const folded = limits && FoldTree.bound(answerTokens + planned.inputTokens, findings, { ...limits, maxTokens })
  const reading = (tokens: number): Amount => {
    const inputTokens = planned.inputTokens + reads * tokens
    return ofAll(planned, { inputTokens, outputTokens: maxTokens, webSearches, containers }, prices)
  }
  if (limits === undefined || folded === undefined) return reading(answerTokens)
  const tree = add(reading(folded.documentTokens), ofAll(folds, folded, prices))
  return dearest([tree, reading(Math.min(answerTokens, limits.window - maxTokens))])
}

/** Of all models that may be paid for it. */
const ofAll = (
  { fallbacks = [], model }: { readonly model: string; readonly fallbacks?: ReadonlyArray<string> },
  usage: Pick<Most, "inputTokens" | "outputTokens"> & {
    readonly webSearches?: number | undefined
    readonly containers?: number | undefined
  },
  prices: Price.Prices
): Amount => {
  const { containers = 0, inputTokens, outputTokens, webSearches = 0 } = usage
  return [model, ...fallbacks]
    .map(
      (model) =>
        amount(model, { inputTokens, outputTokens, webSearches, containers }, prices) ?? {
          usd: 0,
          tokens: inputTokens + outputTokens
        }
    )
    .reduce(add)
}

/**
 * The cost of a request at most, in a batch where `isBatched`, or in words why it has no bound. `isPriced`: a model without a price
 * has none. `moreTokens`: of input that is not in the request yet. Where the API may go on to another model after a refusal, both are paid.
 */
export const of = (
  request: Request,
  prices: Price.Prices,
  isPriced: boolean,
  isBatched = false,
  moreTokens = 0
): Result.Result<Amount, string> => {
  const [unlimited] = ToolCosts.unlimitedIn(request)
  if (unlimited !== undefined) return Result.fail(unlimited)
  const tokens = { inputTokens: inputTokens(request) + moreTokens, outputTokens: request.maxTokens }
  const more = { ...ToolCosts.pricedUsesOf(request), isCached: request.context !== undefined, isBatched }
  const boundOf = (model: string): Result.Result<Amount, string> => {
    const bound = amount(model, { ...tokens, ...more }, prices)
    if (bound !== undefined) return Result.succeed(bound)
    return isPriced
      ? Result.fail(`no price is known for the model ${model}: state it in prices`)
      : Result.succeed({ usd: 0, tokens: tokens.inputTokens + tokens.outputTokens })
  }
  const own = boundOf(request.model)
  if (request.fallbacks === undefined) return own
  // The API asks one of them, whichever it recommends for the reason of the refusal.
  const others = Result.map(Result.all(fallbacksOf(request.model).map(boundOf)), dearest)
  return Result.flatMap(own, (own) => Result.map(others, (other) => add(own, other)))
}

/** The most of each unit. */
export const dearest = (amounts: ReadonlyArray<Amount>): Amount =>
  amounts.reduce((a, b) => ({ usd: Math.max(a.usd, b.usd), tokens: Math.max(a.tokens, b.tokens) }), noAmount)

/** The cost at most with each of several models, in their order; fails where one of them has no bound. `isBatched`: the first. */
export const byModel = (
  request: Request,
  models: ReadonlyArray<string>,
  prices: Price.Prices,
  isPriced: boolean,
  isBatched = false,
  moreTokens = 0
): Result.Result<ReadonlyArray<Amount>, string> =>
  // Only the first model is asked in a batch.
  Result.all(
    models.map((model, index) => of({ ...request, model }, prices, isPriced, isBatched && index === 0, moreTokens))
  )

/** The cost of a reply, by the price of the model that answered, or else of the model that was asked. */
export const spent = (request: Request, { declined, model, usage }: Reply, prices: Price.Prices): Amount => ({
  usd: Price.usdOf(model, usage, prices, declined) ?? Price.usdOf(request.model, usage, prices) ?? 0,
  tokens: inputTokensOf(usage) + usage.outputTokens
})

/** Input tokens at most that the answer to a request adds to the synthesis. */
export const answerTokens = (request: Request): number => {
  const { maxTokens, tools = [] } = request
  const hasSources = tools.some(ToolCosts.isWeb) || documentsOf(request).some(({ citations }) => citations === true)
  return Math.ceil(maxTokens * tokenizerFactor) + answerFrameTokens + (hasSources ? sourcesTokens : 0)
}

/** A reply as input of the synthesis. */
export const answerOf = (reply: Reply): Answer => {
  const sources = sourcesOf(reply)
  const bytes = bytesOf(textOf(reply))
  const { isIncomplete = false, outputTokens } = ownUsageOf(reply)
  const written = isIncomplete ? bytes : Math.min(bytes, Math.ceil(outputTokens * tokenizerFactor))
  const cited = sources.length === 0 ? 0 : bytesOf(JSON.stringify(sources))
  return { tokens: written + cited + answerFrameTokens, bytes: bytes + cited }
}
