/** What the span of a call has in common with those of most other calls, as text that is made once. */
import type { Request } from "../claude/Message.ts"
import type { Encoding, Template } from "./Encoding.ts"
import type { Alike } from "./Metrics.ts"
import { operation, provider } from "./Names.ts"

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

export const templateOf = (encoding: Encoding, common: Common): Template => {
  if (latest !== undefined && isSame(latest.common, common)) return latest.template
  const { effort, error, isJson, isStreamed, maxTokens, model, response, run, server, stopReason, stopSequences } =
    common
  const { attribute } = encoding
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
  const name = model === undefined ? operation.chat : `${operation.chat} ${model}`
  latest = { common, template: encoding.template(name, "client", attributes) }
  return latest.template
}
let latest: { readonly common: Common; readonly template: Template } | undefined
