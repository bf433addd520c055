/** What the span of a call shares with those of most other calls, as text that is made once. */
import type { Request } from "../claude/Message.ts"
import type { Alike } from "./Metrics.ts"
import { attribute, operation, provider } from "./Names.ts"
import * as Span from "./Span.ts"

/** What most calls have in common with the one before, so that its text is made once. */
export interface Common extends Alike {
  readonly run: string
  readonly isStreamed: boolean
  readonly maxTokens: Request["maxTokens"] | undefined
  readonly stopSequences: Request["stopSequences"] | undefined
  readonly effort: Request["effort"] | undefined
  readonly isJson: boolean
  readonly stopReason: string | null | undefined
}

const isSame = (a: Common, b: Common): boolean =>
  a.server === b.server &&
  a.model === b.model &&
  a.response === b.response &&
  a.error === b.error &&
  a.run === b.run &&
  a.isStreamed === b.isStreamed &&
  a.maxTokens === b.maxTokens &&
  a.stopSequences === b.stopSequences &&
  a.effort === b.effort &&
  a.isJson === b.isJson &&
  a.stopReason === b.stopReason

/** What is made of it. */
export interface Shared {
  readonly common: Common
  readonly title: Span.Title
  readonly attributes: string
}

export const sharedBy = (common: Common): Shared => {
  if (latest !== undefined && isSame(latest.common, common)) return latest
  const { effort, error, isJson, isStreamed, maxTokens, model, response, run, server, stopReason, stopSequences } =
    common
  const attributes = [
    attribute("gen_ai.operation.name", operation.chat),
    attribute("gen_ai.provider.name", provider),
    ...server
  ]
  if (model !== undefined) attributes.push(attribute("gen_ai.request.model", model))
  if (isStreamed) attributes.push(attribute("gen_ai.request.stream", true))
  if (maxTokens !== undefined) attributes.push(attribute("gen_ai.request.max_tokens", maxTokens))
  if (stopSequences !== undefined) attributes.push(attribute("gen_ai.request.stop_sequences", stopSequences))
  if (effort !== undefined) attributes.push(attribute("gen_ai.request.reasoning.level", effort))
  if (isJson) attributes.push(attribute("gen_ai.output.type", "json"))
  if (response !== undefined) attributes.push(attribute("gen_ai.response.model", response))
  if (stopReason != null) attributes.push(attribute("gen_ai.response.finish_reasons", stopReason))
  if (run !== "") attributes.push(attribute("fanfold.run.id", run))
  if (error !== undefined) attributes.push(attribute("error.type", error))
  const title = Span.title(model === undefined ? operation.chat : `${operation.chat} ${model}`, "client")
  return (latest = { common, title, attributes: attributes.join(",") })
}
let latest: Shared | undefined
