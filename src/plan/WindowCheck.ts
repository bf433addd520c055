/** Checks, before anything is sent, that requests fit into the windows of their models, and answers into what these write. */
import type { Request } from "../claude/Message.ts"
import * as ModelInfo from "../claude/ModelInfo.ts"
import * as Models from "../claude/Models.ts"
import { tokensOf } from "../cost/SharedPrefix.ts"
import * as FoldTree from "../cost/FoldTree.ts"
import { charactersPerToken } from "../cost/TextLength.ts"
import { estimateInputTokens, exceedsLimit } from "../cost/TokenCount.ts"
import * as WorstCase from "../cost/WorstCase.ts"
import * as Limits from "../documents/Limits.ts"
import type * as Issue from "../options/Issue.ts"
import { numberText } from "../options/NumberText.ts"
import * as Ask from "../pipeline/Ask.ts"
import type { Pipeline } from "../pipeline/Pipeline.ts"
import * as PlannedVotes from "../pipeline/PlannedVotes.ts"
import * as Synthesis from "../pipeline/Synthesis.ts"

type Path = Issue.Issue["path"]

/** `issues`: what no model of the call can take. `notices`: what may be too large, by an estimate or if answers are long. */
export interface Checked {
  readonly issues: ReadonlyArray<Issue.Issue>
  readonly notices: ReadonlyArray<Issue.Issue>
}

/** Models that `ModelInfo` lacks are not checked. `defaults` are the settings of asks that set none. */
export const check = (
  { asks, context, synthesis }: Pick<Pipeline, "asks" | "context" | "synthesis">,
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
    const isLarge = isTooLarge(["context"], "the context has about", tokensOf(context ?? ""), model)
    tooSmall.set(model, isLarge)
    return isLarge
  }

  // What asks share is reported once, at the context.
  const reported = new Set<string>()
  const checkDocuments = (ask: Ask.Ask<unknown, any>, request: Request, models: Models.Models, path: Path): void => {
    const message = Limits.problemOf(request, Models.all(models))
    if (message === undefined || reported.has(message)) return
    reported.add(message)
    issues.push({ path: ask.options.files === undefined ? ["context"] : [...path, "files"], message })
  }

  const shared = { ...defaults, ...(context !== undefined && { context }) }
  const longest: Array<readonly [string, number]> = []
  for (const [name, ask] of Object.entries(asks)) {
    const path = ["asks", name]
    const models = Ask.modelsOf(ask, shared)
    const request = Ask.requestOf(ask, shared)
    checkOutput(path, request.maxTokens, models)
    checkDocuments(ask, request, models, path)
    const tokens = estimateInputTokens(request)
    for (const model of Models.all(models)) {
      if (!isContextTooLarge(model)) isTooLarge(path, "the request has about", tokens, model)
    }
    if (synthesis?.limits !== undefined) {
      const answered = PlannedVotes.of(ask, shared)?.joining?.request ?? request
      longest.push([name, Math.ceil(ask.question.length / charactersPerToken) + WorstCase.answerTokens(answered)])
    }
  }
  if (synthesis === undefined) return { issues, notices }

  const request = Synthesis.requestOf(synthesis)
  const path = ["synthesis"]
  checkOutput(path, request.maxTokens, synthesis.options.model)
  const { limits } = synthesis
  if (limits === undefined) return { issues, notices }
  // The instruction and the tags are in every fold, with at least two texts of other folds.
  const room = FoldTree.documentRoom(limits)
  const two = 2 * FoldTree.foldedTokens(limits, 0)
  const window = synthesis.fold.window === undefined ? "the context window of its model" : "synthesis.window"
  if (room < two) {
    const has = `the instruction, the document (maxTokens) and two findings have about ${numberText(limits.window - room + two)} tokens`
    issues.push({ path, message: `${has}, more than the ${numberText(limits.window)} of ${window}` })
    return { issues, notices }
  }
  const foldRoom = FoldTree.foldRoom(limits)
  const foldWindow = limits.foldWindow === undefined ? window : "the context window of its foldModel"
  for (const [name, tokens] of longest) {
    if (tokens <= foldRoom) continue
    const message = `the answer may have up to ${numberText(tokens)} tokens with its question, more than the ${numberText(foldRoom)} that a fold of ${foldWindow} can read: the synthesis fails then`
    notices.push({ path: ["asks", name], message })
  }
  return { issues, notices }
}
