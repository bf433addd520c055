/** Checks, before anything is sent, that requests fit into the windows of their models, and answers into what these write. */
import * as ModelInfo from "../claude/ModelInfo.ts"
import * as Models from "../claude/Models.ts"
import { tokensOf } from "../cost/SharedPrefix.ts"
import { charactersPerToken, estimateInputTokens, exceedsLimit } from "../cost/TokenCount.ts"
import type * as Issue from "../options/Issue.ts"
import { numberText, plural } from "../options/NumberText.ts"
import * as Ask from "../pipeline/Ask.ts"
import type { Pipeline } from "../pipeline/Pipeline.ts"
import * as Synthesis from "../pipeline/Synthesis.ts"

type Path = Issue.Issue["path"]

/** `issues`: what no model of the call can take. `notices`: what may be too large, by an estimate or if answers are long. */
export interface Checked {
  readonly issues: ReadonlyArray<Issue.Issue>
  readonly notices: ReadonlyArray<Issue.Issue>
}

/** Models that `ModelInfo` lacks are not checked. `defaults` are the settings of asks that set none. */
export const check = (
  { asks, context = "", synthesis }: Pick<Pipeline, "asks" | "context" | "synthesis">,
  defaults: Ask.Options = {}
): Checked => {
  const issues: Array<Issue.Issue> = []
  const notices: Array<Issue.Issue> = []
  /** Reports input that is larger than the window of a model, and whether it is. */
  const isTooLarge = (path: Path, what: string, tokens: number, model: string, isCertain = true): boolean => {
    const window = ModelInfo.infoOf(model)?.windowTokens
    if (window === undefined || tokens <= window) return false
    const isError = isCertain && exceedsLimit(tokens, window)
    const message = `${what} ${numberText(tokens)} tokens, more than the ${numberText(window)} of the context window of ${model}`
    ;(isError ? issues : notices).push({ path, message })
    return true
  }
  const checkOutput = (path: Path, maxTokens: number, models: Models.Models): void => {
    for (const model of Models.all(models)) {
      const limit = ModelInfo.infoOf(model)?.maxOutputTokens
      if (limit === undefined || maxTokens <= limit) continue
      const message = `expected at most ${numberText(limit)}, the output limit of ${model}, got ${numberText(maxTokens)}`
      issues.push({ path: [...path, "maxTokens"], message })
    }
  }

  // One document may be too large for thousands of asks: it is reported once for each model.
  const tooSmall = new Map<string, boolean>()
  const isContextTooLarge = (model: string): boolean => {
    const known = tooSmall.get(model)
    if (known !== undefined) return known
    const isLarge = isTooLarge(["context"], "the context has about", tokensOf(context), model)
    tooSmall.set(model, isLarge)
    return isLarge
  }

  const shared = { ...defaults, ...(context !== "" && { context }) }
  let [questionTokens, answerTokens, count] = [0, 0, 0]
  for (const [name, ask] of Object.entries(asks)) {
    const path = ["asks", name]
    const models = Ask.modelsOf(ask, shared)
    const request = Ask.requestOf(ask, shared)
    checkOutput(path, request.maxTokens, models)
    const tokens = estimateInputTokens(request)
    for (const model of Models.all(models)) {
      if (!isContextTooLarge(model)) isTooLarge(path, "the request has about", tokens, model)
    }
    questionTokens += ask.question.length / charactersPerToken
    answerTokens += request.maxTokens
    count++
  }
  if (synthesis === undefined) return { issues, notices }

  const request = Synthesis.requestOf(synthesis)
  const path = ["synthesis"]
  checkOutput(path, request.maxTokens, synthesis.options.model)
  const certainTokens = Math.ceil(estimateInputTokens(request) + questionTokens)
  const answers = `the answers to ${plural(count, "ask", "asks")} may be as long as their maxTokens: with them the request has up to`
  for (const model of Models.all(synthesis.options.model)) {
    if (isTooLarge(path, "the instruction and the questions have about", certainTokens, model)) continue
    isTooLarge(path, answers, certainTokens + answerTokens, model, false)
  }
  return { issues, notices }
}
