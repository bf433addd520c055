/** One call of a forecast, and what it costs, at most and estimated. */
import { Result } from "effect"
import { inBatch, noUsage, type Request } from "../claude/Message.ts"
import type * as Models from "../claude/Models.ts"
import { dearestOf, type Prices, usdOf } from "../claude/Price.ts"
import type * as RefusalPolicy from "../claude/RefusalPolicy.ts"
import { tokensOf } from "../cost/SharedPrefix.ts"
import { estimateInputTokens } from "../cost/TokenCount.ts"
import * as ToolCosts from "../cost/ToolCosts.ts"
import * as WorstCase from "../cost/WorstCase.ts"
import type { Options as StackOptions } from "../layers/Stack.ts"
import type * as PlannedVotes from "../pipeline/PlannedVotes.ts"

/** One call, sent once, or once for each of its votes, with an answer of `maxTokens`. */
export interface Foreseen {
  readonly name: string
  readonly part: "ask" | "round" | "comparison" | "synthesis"
  /** The request as it would be sent; those of the comparison and the synthesis without findings; of a round a new ask. */
  readonly request: Request
  /** The model it is sent to, then those that are asked where it is overloaded or missing, or refuses. */
  readonly models: ReadonlyArray<string>
  /** Estimated from the length of the request; for the synthesis with the longest findings. Without what tools bring. */
  readonly inputTokens: number
  /** The same of the longest of its requests, where it stands for several: the folds of a tree, comparisons, or a round. */
  readonly longestTokens?: number
  /** At most, as `WorstCase` has it: one token for each byte, and what tools bring. */
  readonly maxInputTokens: number
  /** Of a synthesis that may be a tree, as long answers may be: its levels, folds and the documents' one; what it costs has all. */
  readonly tree?: Tree
  /** How many votes are asked for, where there are several; what the call costs, its searches and its fetches are those of all. */
  readonly votes?: PlannedVotes.PlannedVotes
  /** Searches that the request allows, and pages that it may fetch. */
  readonly webSearches: number
  readonly webFetches: number
  /** The cost of `inputTokens`, by the dearest of the models; `undefined` where one of them has no known price. */
  readonly estimatedUsd: number | undefined
  /**
   * What a budget reserves for the call: by the sum of the models that may be paid after refusals, or else by the dearest of them;
   * `undefined` where one of them has no known price.
   */
  readonly atMostUsd: number | undefined
}

/** `levels`: how many folds each has at most, with answers as long as they may be, the document's last. */
export interface Tree {
  readonly levels: ReadonlyArray<number>
  /** What the answers are more than: tokens, or findings where these are more than `fanIn`. */
  readonly limit: { readonly window: number } | { readonly fanIn: number }
  /** The models of the folds below the document. */
  readonly models: ReadonlyArray<string>
  /** The estimated cost of all of it, beside that of one request with all answers, whether that fits or not. */
  readonly ratio?: number
  /** What the same would be with a cheaper model below the document. */
  readonly cheaper?: { readonly model: string; readonly ratio: number }
}

/** The options of a stack that its cost at most depends on. */
export type Costs = Pick<StackOptions, "batch" | "prices" | "refusals">

export type Names = ReturnType<typeof Models.all>

export type Known = Required<{ readonly [K in Exclude<keyof Costs, "batch">]: Exclude<Costs[K], undefined> }>

/** What the document of a call in a batch costs: it is written to the cache for the others, or read there. */
export type Batched = "writes" | "reads"

export const askCall = (
  name: string,
  request: Request,
  models: Names,
  { batched, prices, refusals }: Known & { readonly batched: Batched | undefined }
): Foreseen => {
  const inputTokens = estimateInputTokens(request)
  const bounds = WorstCase.byModel(request, models, prices, true, batched !== undefined)
  return {
    name,
    part: "ask",
    request,
    models,
    inputTokens,
    maxInputTokens: WorstCase.inputTokens(request),
    webSearches: ToolCosts.searchesOf(request),
    webFetches: ToolCosts.fetchesOf(request),
    estimatedUsd: estimatedUsd(request, inputTokens, models, prices, batched),
    atMostUsd: Result.isFailure(bounds) ? undefined : mostOf(bounds.success, refusals).usd
  }
}

/** Of the bounds of several models: of all that may be paid after refusals, or of the dearest. */
export const mostOf = (
  bounds: ReadonlyArray<WorstCase.Amount>,
  refusals: RefusalPolicy.RefusalPolicy
): WorstCase.Amount => (refusals === "fallback" ? bounds.reduce(WorstCase.add) : WorstCase.dearest(bounds))

/**
 * The shared document counts as written to the cache by every call, as calls that are sent together do not read it there. In
 * batches one writes it, for an hour, and the others read it.
 */
export const estimatedUsd = (
  request: Request,
  inputTokens: number,
  models: Names,
  prices: Prices,
  batched?: Batched
): number | undefined => {
  const ofDocument = Math.min(inputTokens, tokensOf(request.context ?? ""))
  const written = batched === "reads" ? 0 : ofDocument
  const usage = {
    ...noUsage,
    inputTokens: inputTokens - ofDocument,
    cacheCreationInputTokens: written,
    cacheReadInputTokens: ofDocument - written,
    ...(batched !== undefined && written > 0 && { cacheCreation1hInputTokens: written }),
    outputTokens: request.maxTokens,
    webSearches: ToolCosts.searchesOf(request)
  }
  const billed = batched === undefined ? usage : inBatch(usage)
  return usdOf(dearestOf(models, billed, prices), billed, prices)
}
