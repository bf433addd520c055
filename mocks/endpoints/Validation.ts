/** Checks requests as the API does; messages are those of the recordings where there is one. */
import * as ApiError from "../wire/ApiError.ts"
import type { Incoming } from "../wire/Incoming.ts"
import type { ApiVersion } from "../wire/Message.ts"
import * as Models from "../wire/Models.ts"
import { answerSchema, toolsOf } from "../answers/Prompt.ts"
import { listOf, objectOf, type UncheckedJson } from "../wire/UncheckedJson.ts"
import * as SchemaRules from "./SchemaRules.ts"
import * as Tokens from "../wire/Tokens.ts"
import * as TurnRules from "./TurnRules.ts"

/** The largest body: 32 MiB for a request, 256 MiB for a batch. */
export const maxBytes = { request: 32 * 1024 * 1024, batch: 256 * 1024 * 1024 }

/** The top-level fields of a Messages body. */
const fields = new Set(
  `billing_policy cache_control compaction container context_management diagnostics fallback_credit_token fallbacks
  inference_geo max_tokens mcp_servers messages metadata model output_config output_format service_tier speed stop_sequences
  stream system thinking thread tool_choice tools user_profile_id workspace_id`.split(/\s+/)
)
/** Accepted by version 2023-06-01 alone. */
const sampling = ["temperature", "top_p", "top_k"]

const isInteger = (value: unknown): value is number => typeof value === "number" && Number.isInteger(value)

/** Counts the `cache_control` marks of a value, its items and its `content`. */
const breakpoints = (value: unknown): number => {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + breakpoints(item), 0)
  const node = objectOf(value)
  if (node === undefined) return 0
  return (objectOf(node["cache_control"]) === undefined ? 0 : 1) + breakpoints(node["content"])
}

const keyProblem = (headers: Headers): ApiError.ApiError | undefined => {
  const apiKey = headers.get("x-api-key")
  const bearer = headers.get("authorization")
  const given = apiKey ?? bearer?.replace(/^Bearer\s*/i, "")
  if (given === undefined || given.trim() === "") return ApiError.unauthenticated("x-api-key header is required")
  return given.startsWith("invalid") ? ApiError.unauthenticated("invalid x-api-key") : undefined
}

const limitProblem = (body: UncheckedJson, model: Models.Model): string | undefined => {
  const maxTokens = body["max_tokens"] as number
  if (maxTokens > model.maxOutputTokens) {
    return `max_tokens: ${maxTokens} > ${model.maxOutputTokens}, which is the maximum allowed number of output tokens for ${model.id}`
  }
  const tokens = Tokens.ofRequest(body)
  if (tokens > model.windowTokens) return `prompt is too long: ${tokens} tokens > ${model.windowTokens} maximum`
  const thinking = objectOf(body["thinking"])
  const budget = thinking?.["type"] === "enabled" ? thinking["budget_tokens"] : undefined
  if (thinking?.["type"] === "enabled" && !isInteger(budget)) return "thinking.enabled.budget_tokens: Field required"
  if (isInteger(budget) && budget < 1024) {
    return "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"
  }
  if (isInteger(budget) && budget >= maxTokens) {
    return "`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking#max-tokens-and-context-window-size"
  }
  return undefined
}

const effortProblem = (body: UncheckedJson, model: Models.Model): string | undefined => {
  const level = objectOf(body["output_config"])?.["effort"]
  if (typeof level !== "string" || model.efforts.includes(level)) return undefined
  return model.efforts.length === 0
    ? "This model does not support the effort parameter."
    : `This model does not support effort level '${level}'. Supported levels: ${model.efforts.toSorted().join(", ")}.`
}

const toolProblem = (body: UncheckedJson): string | undefined => {
  const names = toolsOf(body).map((tool) => String(tool["name"]))
  if (new Set(names).size < names.length) return "tools: Tool names must be unique."
  const choice = objectOf(body["tool_choice"])
  if (choice?.["type"] === "tool" && !names.includes(String(choice["name"]))) {
    return `Tool '${String(choice["name"])}' not found in provided tools`
  }
  return undefined
}

const hasCitations = (body: UncheckedJson): boolean =>
  listOf(body["messages"]).some((turn) =>
    listOf(objectOf(turn)?.["content"]).some((block) => objectOf(objectOf(block)?.["citations"])?.["enabled"] === true)
  )

const outputProblem = (body: UncheckedJson): string | undefined => {
  const schema = answerSchema(body)
  if (schema === undefined) return undefined
  if (hasCitations(body)) return "output_config.format: citations cannot be enabled together with structured output"
  const found = SchemaRules.problem(schema)
  return found === undefined ? undefined : `output_config.format.schema: ${found}`
}

/** Checks the body of a Messages request or of one item of a batch; with `counting`, that of `count_tokens`. */
export const checkBody = (
  body: UncheckedJson,
  version: ApiVersion,
  counting: boolean
): ApiError.ApiError | undefined => {
  if (typeof body["model"] !== "string") return ApiError.invalid("model: Field required")
  if (!counting && body["max_tokens"] === undefined) return ApiError.invalid("max_tokens: Field required")
  if (!counting && (!isInteger(body["max_tokens"]) || body["max_tokens"] < 0)) {
    return ApiError.invalid("max_tokens: Input should be a valid integer, greater than or equal to 0")
  }
  const model = Models.find(body["model"])
  const turns = TurnRules.problem(body["messages"], model)
  if (turns !== undefined) return ApiError.invalid(turns)
  if (model === undefined) return ApiError.notFound(`model: ${body["model"]}`)
  const unknown = Object.keys(body).find((field) => !fields.has(field) && !sampling.includes(field))
  if (unknown !== undefined) return ApiError.invalid(`${unknown}: Extra inputs are not permitted`)
  const sampled = sampling.find((field) => field in body)
  if (sampled !== undefined && version !== "2023-06-01") {
    return ApiError.invalid(`${sampled} is deprecated for this model.`)
  }
  const marks =
    breakpoints(body["system"]) +
    breakpoints(body["messages"]) +
    breakpoints(body["tools"]) +
    (objectOf(body["cache_control"]) === undefined ? 0 : 1)
  if (marks > 4) {
    return ApiError.invalid(`A maximum of 4 blocks with cache_control may be provided. Found ${marks}.`)
  }
  const problem =
    (counting ? undefined : limitProblem(body, model)) ??
    effortProblem(body, model) ??
    toolProblem(body) ??
    outputProblem(body)
  return problem === undefined ? undefined : ApiError.invalid(problem)
}

/** Checks size, key, version header and JSON of any request. With a configured `version`, the header may be absent. */
export const checkEnvelope = (incoming: Incoming, version: ApiVersion | undefined): ApiError.ApiError | undefined => {
  const limit = incoming.url.pathname === "/v1/messages/batches" ? maxBytes.batch : maxBytes.request
  if (incoming.text.length > limit) return ApiError.tooLarge
  const unauthenticated = keyProblem(incoming.headers)
  if (unauthenticated !== undefined) return unauthenticated
  if (version === undefined && !incoming.headers.has("anthropic-version")) {
    return ApiError.invalid("anthropic-version: header is required")
  }
  if (incoming.method === "POST" && incoming.text !== "" && incoming.json === undefined) {
    return ApiError.invalid("The request body is not valid JSON: expected an object")
  }
  return undefined
}
