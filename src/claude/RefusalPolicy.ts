/** What follows a refusal: the request goes on to another model, or the ask is a gap. */
import { Context, Schema } from "effect"
import type { Request } from "./Message.ts"
import * as ModelInfo from "./ModelInfo.ts"

/** `fallback`: the next model of the ask's list is asked, or, without a list, the one that the API chooses. `gap`: none is. */
export const RefusalPolicy = Schema.Literals(["fallback", "gap"]).annotate({ expected: '"fallback" or "gap"' })
export type RefusalPolicy = typeof RefusalPolicy.Type

/** What a stack does that sets none. */
export const standard: RefusalPolicy = "fallback"

/** The policy of the `Claude` in the context. A `Claude` without a stack asks no other model. */
export const Current = Context.Reference<RefusalPolicy>("fanfold/claude/RefusalPolicy/Current", {
  defaultValue: () => "gap"
})

/**
 * The models that the API may go on to after a refusal of a model; none where it does not, which is so for the names of Amazon
 * Bedrock, Vertex AI and gateways.
 */
export const fallbacksOf = (model: string): ReadonlyArray<string> =>
  ModelInfo.all.get(ModelInfo.undated(model))?.fallbacks ?? []

/** The request with the API's own fallback, by the policy `fallback`, for an ask without a list whose model has one. */
export const withFallbacks = (request: Request, hasList: boolean, policy: RefusalPolicy): Request =>
  policy === "gap" || hasList || fallbacksOf(request.model).length === 0
    ? request
    : { ...request, fallbacks: "default" }
