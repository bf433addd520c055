/** The calls of further rounds and their cost, before anything is sent: each has as many asks, as long, as it may have. */
import { Result } from "effect"
import * as Models from "../claude/Models.ts"
import { sumOf } from "../claude/Price.ts"
import * as RefusalPolicy from "../claude/RefusalPolicy.ts"
import { estimateInputTokens } from "../cost/TokenCount.ts"
import { bytesOf } from "../cost/TextLength.ts"
import * as WorstCase from "../cost/WorstCase.ts"
import * as Ask from "../pipeline/Ask.ts"
import type { Pipeline } from "../pipeline/Pipeline.ts"
import * as OpenQuestions from "../pipeline/OpenQuestions.ts"
import { maxQuestionBytes } from "../pipeline/RoundsOption.ts"
import type { Synthesis } from "../pipeline/Synthesis.ts"
import { askCall, estimatedUsd, type Foreseen, type Known, mostOf } from "./Foreseen.ts"

/** One round: its calls, and all of them as one. */
export interface ForeseenRound {
  readonly parts: ReadonlyArray<Foreseen>
  readonly sum: Foreseen
}

/** `answerTokens`: of the answers of the first round. */
export const of = (
  synthesis: Synthesis<unknown>,
  asks: Pipeline["asks"],
  shared: Parameters<typeof Ask.requestOf>[1],
  answerTokens: number,
  known: Known
): ReadonlyArray<ForeseenRound> => {
  const { rounds } = synthesis
  if (rounds === undefined) return []
  const { count, maxNewAsks } = rounds
  const ask = Ask.text("x".repeat(maxQuestionBytes), OpenQuestions.sharedOptions(asks))
  const models = Models.all(Ask.modelsOf(ask))
  const asked = (request: ReturnType<typeof Ask.requestOf>, list: typeof models) =>
    RefusalPolicy.withFallbacks(request, list.length > 1, known.refusals)
  const newAsk = askCall("new", asked(Ask.requestOf(ask, shared), models), models, { ...known, batched: undefined })
  const newTokens = maxNewAsks * (WorstCase.answerTokens(newAsk.request) + newAsk.maxInputTokens)
  const questions = Object.values(asks).reduce((sum, { question }) => sum + bytesOf(question), 0)
  return Array.from({ length: count - 1 }, (_, index) => {
    const read = answerTokens + questions + index * newTokens
    const looking = lookingCall(synthesis, maxNewAsks, read, known)
    const parts = [looking, ...Array.from({ length: maxNewAsks }, () => newAsk)]
    const total = (of: (call: Foreseen) => number) => parts.reduce((sum, call) => sum + of(call), 0)
    const sum: Foreseen = {
      ...newAsk,
      name: `round${index + 2}`,
      part: "round",
      request: { ...newAsk.request, maxTokens: total(({ request }) => request.maxTokens) },
      inputTokens: total(({ inputTokens }) => inputTokens),
      longestTokens: Math.max(looking.inputTokens, newAsk.inputTokens),
      maxInputTokens: total(({ maxInputTokens }) => maxInputTokens),
      webSearches: total(({ webSearches }) => webSearches),
      webFetches: total(({ webFetches }) => webFetches),
      estimatedUsd: sumOf(parts.map(({ estimatedUsd }) => estimatedUsd)),
      atMostUsd: sumOf(parts.map(({ atMostUsd }) => atMostUsd))
    }
    return { parts, sum }
  })
}

/** The call that looks for what the findings leave open; `read`: tokens of the findings at most. */
const lookingCall = (
  { instruction, options }: Synthesis<unknown>,
  maxNewAsks: number,
  read: number,
  { prices, refusals }: Known
): Foreseen => {
  const models = Models.all(options.model)
  const subject = { instruction, model: options.model, maxNewAsks }
  const request = RefusalPolicy.withFallbacks(OpenQuestions.requestOf(subject), models.length > 1, refusals)
  const bounds = WorstCase.byModel(request, models, prices, true, false, read)
  const inputTokens = estimateInputTokens(request) + read
  return {
    name: "open",
    part: "round",
    request,
    models,
    inputTokens,
    maxInputTokens: WorstCase.inputTokens(request) + read,
    webSearches: 0,
    webFetches: 0,
    estimatedUsd: estimatedUsd(request, inputTokens, models, prices),
    atMostUsd: Result.isFailure(bounds) ? undefined : mostOf(bounds.success, refusals).usd
  }
}
