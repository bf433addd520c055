/** What a pipeline may take at most, call by call, told before anything is sent. */
import * as Ask from "../pipeline/Ask.ts"
import { charactersPerToken, estimateInputTokens } from "../cost/TokenCount.ts"
import { noUsage, type Request } from "../claude/Message.ts"
import * as Models from "../claude/Models.ts"
import type { Pipeline } from "../pipeline/Pipeline.ts"
import { dearestOf, type Prices, priceOf, usdOf } from "../claude/Price.ts"
import type { Synthesis } from "../pipeline/Synthesis.ts"

/** One call, sent once and answered as long as it may be. */
export interface Foreseen {
  readonly name: string
  readonly part: "ask" | "synthesis"
  /** As it would be sent; the synthesis without the findings that are not there yet. */
  readonly request: Request
  /** The model it is sent to, then those to go on to. */
  readonly models: ReadonlyArray<string>
  /** By the length of the request; of the synthesis at most. */
  readonly inputTokens: number
  /** Searches that its tools allow; the pages they bring are not foreseen. */
  readonly webSearches: number
  /** By the dearest of its models; `undefined` where one of them has no known price. */
  readonly atMostUsd: number | undefined
}

/** All calls in the order of the plan, the synthesis last, and what they may cost together. */
export interface Forecast {
  readonly calls: ReadonlyArray<Foreseen>
  readonly webSearches: number
  readonly atMostUsd: number | undefined
  /** Models that make the cost unknown. */
  readonly unpriced: ReadonlySet<string>
}

export const make = ({ asks, context, synthesis }: Pipeline, prices: Prices = {}): Forecast => {
  const shared = context === undefined ? {} : { context }
  const calls = Object.entries(asks).map(([name, ask]) => {
    const request = Ask.requestOf(ask, shared)
    return foresee({ name, part: "ask", request, inputTokens: estimateInputTokens(request) }, Ask.modelsOf(ask), prices)
  })
  if (synthesis !== undefined) {
    const request = foldOf(synthesis)
    const inputTokens = estimateInputTokens(request) + findingsTokens(calls)
    const call = { name: "synthesis", part: "synthesis", request, inputTokens } as const
    calls.push(foresee(call, synthesis.options.model, prices))
  }
  return {
    calls,
    webSearches: calls.reduce((sum, call) => sum + call.webSearches, 0),
    atMostUsd: calls.reduce<number | undefined>(
      (sum, { atMostUsd }) => (sum === undefined || atMostUsd === undefined ? undefined : sum + atMostUsd),
      0
    ),
    unpriced: new Set(calls.flatMap(({ models }) => models.filter((model) => priceOf(model, 0, prices) === undefined)))
  }
}

const foldOf = ({ instruction, options }: Synthesis<unknown>): Request => Ask.requestOf(Ask.text(instruction, options))

/** Every question, and every answer as long as it may be. */
const findingsTokens = (calls: ReadonlyArray<Foreseen>): number => {
  const questions = calls.reduce((sum, { request }) => sum + JSON.stringify(request.messages).length, 0)
  return calls.reduce((sum, { request }) => sum + request.maxTokens, Math.ceil(questions / charactersPerToken))
}

const foresee = (
  call: Pick<Foreseen, "name" | "part" | "request" | "inputTokens">,
  asked: Models.Models,
  prices: Prices
): Foreseen => {
  const { inputTokens, request } = call
  const models = Models.all(asked)
  // Calls that leave together all write the context to the cache; at most, none of them finds it there.
  const written = Math.min(inputTokens, Math.ceil((request.context ?? "").length / charactersPerToken))
  const webSearches = (request.tools ?? []).reduce((sum, { max_uses: most }) => sum + Number(most ?? 0), 0)
  const usage = {
    ...noUsage,
    inputTokens: inputTokens - written,
    cacheCreationInputTokens: written,
    outputTokens: request.maxTokens,
    webSearches
  }
  return { ...call, models, webSearches, atMostUsd: usdOf(dearestOf(models, usage, prices), usage, prices) }
}
