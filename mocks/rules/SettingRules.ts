/** Which values of thinking, effort, sampling and fallbacks a model accepts, and which of them go together. */
import type { Model } from "../wire/Models.ts"
import { listOf, objectOf, objectsOf, type UncheckedJson } from "../wire/UncheckedJson.ts"

/** Parameters that the newer API version does not have, with the value that newer models still accept in the older one. */
const sampling: ReadonlyArray<readonly [field: string, isDefault: (value: unknown) => boolean]> = [
  ["temperature", (value) => value === 1],
  ["top_p", (value) => typeof value === "number" && value >= 0.99],
  ["top_k", () => false]
]

const adaptiveInstead = 'Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'

/** What the API says of a `thinking.type` that the model does not accept. */
const unsupported: Readonly<Record<string, (model: Model) => string>> = {
  adaptive: () => "adaptive thinking is not supported on this model",
  between_tools: () => '"thinking.type.between_tools" is not supported for this model.',
  disabled: ({ thinking }) =>
    thinking.types.includes("between_tools")
      ? '"thinking.type.disabled" is not supported for this model. Use "thinking.type.between_tools" for the lowest thinking setting, or "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
      : `"thinking.type.disabled" is not supported for this model. ${adaptiveInstead}`,
  enabled: () => `"thinking.type.enabled" is not supported for this model. ${adaptiveInstead}`
}

const effortOf = (body: UncheckedJson): unknown => objectOf(body["output_config"])?.["effort"] ?? undefined

const thinkingProblem = (
  body: UncheckedJson,
  model: Model,
  betas: ReadonlyArray<string> | undefined
): string | undefined => {
  const thinking = objectOf(body["thinking"])
  if (thinking === undefined) return undefined
  const type = String(thinking["type"])
  if (!model.thinking.types.includes(type)) return unsupported[type]?.(model)
  const isOff = type === "disabled" || type === "between_tools"
  const effort = effortOf(body)
  if (isOff && model.thinking.isOffUpToHigh && (effort === "xhigh" || effort === "max")) {
    return `output_config.effort '${effort}' is not supported when thinking is disabled on this model. Use effort 'high' or below, or enable thinking.`
  }
  const allows = (name: string): boolean => betas === undefined || betas.some((beta) => beta.startsWith(name))
  if (thinking["display"] === "updates" && !allows("thinking-display-updates-")) {
    return `thinking.${type}.display: Input should be 'summarized' or 'omitted'`
  }
  if (thinking["block_binding"] !== undefined && !allows("thinking-binding-controls-")) {
    return `thinking.${type}.block_binding: Extra inputs are not permitted`
  }
  const budget = thinking["budget_tokens"]
  return typeof budget === "number" && typeof body["max_tokens"] === "number" && budget >= body["max_tokens"]
    ? "`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking#max-tokens-and-context-window-size"
    : undefined
}

const effortProblem = (body: UncheckedJson, model: Model): string | undefined => {
  const level = effortOf(body)
  if (typeof level !== "string" || model.efforts.includes(level)) return undefined
  return model.efforts.length === 0
    ? "This model does not support the effort parameter."
    : `This model does not support effort level '${level}'. Supported levels: ${model.efforts.toSorted().join(", ")}.`
}

const samplingProblem = (body: UncheckedJson, model: Model, isOlderVersion: boolean): string | undefined => {
  const deprecated = sampling.find(
    ([field, isDefault]) =>
      body[field] !== undefined &&
      body[field] !== null &&
      (!isOlderVersion || (!model.takesSampling && !isDefault(body[field])))
  )
  if (deprecated !== undefined) return `\`${deprecated[0]}\` is deprecated for this model.`
  const thinks = ["enabled", "adaptive"].includes(String(objectOf(body["thinking"])?.["type"]))
  if (!thinks) return undefined
  if (typeof body["temperature"] === "number" && body["temperature"] !== 1) {
    return "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode. Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking#important-considerations-when-using-extended-thinking"
  }
  if (typeof body["top_p"] === "number" && body["top_p"] < 0.95) {
    return "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled or in adaptive mode."
  }
  return body["top_k"] === undefined || body["top_k"] === null
    ? undefined
    : "`top_k` must be unset when thinking is enabled or in adaptive mode."
}

/** A request with `max_tokens: 0` only fills the prompt cache. */
const warmUpProblem = (body: UncheckedJson): string | undefined => {
  if (body["max_tokens"] !== 0) return undefined
  const forced = ["any", "tool"].includes(String(objectOf(body["tool_choice"])?.["type"]))
  const reasons: ReadonlyArray<readonly [boolean, string]> = [
    [body["stream"] === true, "`stream` is true"],
    [objectOf(body["thinking"])?.["type"] === "enabled", "thinking is enabled"],
    [forced, "`tool_choice` forces tool use"],
    [objectOf(objectOf(body["output_config"])?.["format"]) !== undefined, "`output_config.format` is set"]
  ]
  const found = reasons.find(([isSo]) => isSo)
  return found === undefined ? undefined : `max_tokens: must be greater than or equal to 1 when ${found[1]}`
}

const maxFallbacks = 3

const fallbackProblem = (body: UncheckedJson, model: Model): string | undefined => {
  const list = body["fallbacks"]
  if (list === undefined || list === null) return undefined
  if (body["fallback_credit_token"] !== undefined && body["fallback_credit_token"] !== null) {
    return "fallbacks: cannot be combined with `fallback_credit_token`"
  }
  if (!Array.isArray(list)) return undefined
  if (model.fallbacks.length === 0) return `fallbacks: '${model.id}' does not support fallback models`
  if (listOf(list).length > maxFallbacks) return `fallbacks: List should have at most ${maxFallbacks} items`
  const index = objectsOf(list).findIndex((entry) => !model.fallbacks.includes(String(entry["model"])))
  return index < 0
    ? undefined
    : `fallbacks.${index}.model: '${String(objectsOf(list)[index]!["model"])}' is not an allowed fallback of '${model.id}'. Allowed: ${model.fallbacks.join(", ")}`
}

/** Gives the message for the first setting that the model, or another setting, does not allow. */
export const problem = (
  body: UncheckedJson,
  model: Model,
  betas: ReadonlyArray<string> | undefined,
  isOlderVersion: boolean
): string | undefined =>
  samplingProblem(body, model, isOlderVersion) ??
  thinkingProblem(body, model, betas) ??
  effortProblem(body, model) ??
  warmUpProblem(body) ??
  fallbackProblem(body, model)
