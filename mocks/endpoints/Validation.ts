/** Checks requests as the API does; messages are those of the recordings where there is one. */
import * as ApiError from "../wire/ApiError.ts"
import * as Betas from "../rules/Betas.ts"
import * as CacheMarks from "../rules/CacheMarks.ts"
import * as FileRules from "../rules/FileRules.ts"
import * as FieldRules from "../rules/FieldRules.ts"
import type { Incoming } from "../wire/Incoming.ts"
import type { ApiVersion } from "../wire/Message.ts"
import * as MediaRules from "../rules/MediaRules.ts"
import * as Models from "../wire/Models.ts"
import { answerSchema, toolsOf } from "../answers/Prompt.ts"
import * as SchemaRules from "../rules/SchemaRules.ts"
import * as SettingRules from "../rules/SettingRules.ts"
import * as Tokens from "../wire/Tokens.ts"
import * as ToolRules from "../rules/ToolRules.ts"
import * as TurnRules from "../rules/TurnRules.ts"
import { listOf, objectOf, objectsOf, type UncheckedJson } from "../wire/UncheckedJson.ts"

/** The largest body: 32 MiB for a request, 256 MiB for a batch. */
export const maxBytes = { request: 32 * 1024 * 1024, batch: 256 * 1024 * 1024 }

/** What a body is checked against, besides the tables of rules. */
export interface Checks {
  readonly version: ApiVersion
  /** The names of the `anthropic-beta` header; undefined if they are not checked, and retired models are accepted. */
  readonly betas: ReadonlyArray<string> | undefined
  /** The ids of the files that were uploaded; not checked where betas are not. */
  readonly files: ReadonlySet<string>
  /** The body is that of `count_tokens`. */
  readonly isCounting: boolean
  /** The body is one item of a batch. */
  readonly isBatch: boolean
}

const systemProblem = (system: unknown): string | undefined => {
  if (typeof system === "string") return system === "" ? undefined : TurnRules.textProblem(system, false, "system", "")
  for (const [index, block] of objectsOf(system).entries()) {
    const isMarked = objectOf(block["cache_control"]) !== undefined
    const found = TurnRules.textProblem(block["text"], isMarked, "system", `system.${index}`)
    if (found !== undefined) return found
  }
  return undefined
}

const keyProblem = (headers: Incoming["headers"]): ApiError.ApiError | undefined => {
  const apiKey = headers.get("x-api-key")
  const bearer = headers.get("authorization")
  const given = apiKey ?? bearer?.replace(/^Bearer\s*/i, "")
  if (given === undefined || given.trim() === "") return ApiError.unauthenticated("x-api-key header is required")
  return given.startsWith("invalid") ? ApiError.unauthenticated("invalid x-api-key") : undefined
}

const sizeProblem = (body: UncheckedJson, model: Models.Model): string | undefined => {
  const maxTokens = body["max_tokens"] as number
  if (maxTokens > model.maxOutputTokens) {
    return `max_tokens: ${maxTokens} > ${model.maxOutputTokens}, which is the maximum allowed number of output tokens for ${model.id}`
  }
  const tokens = Tokens.ofRequest(body)
  return tokens > model.windowTokens
    ? `prompt is too long: ${tokens} tokens > ${model.windowTokens} maximum`
    : undefined
}

const hasCitations = (body: UncheckedJson): boolean =>
  listOf(body["messages"]).some((turn) =>
    listOf(objectOf(turn)?.["content"]).some((block) => objectOf(objectOf(block)?.["citations"])?.["enabled"] === true)
  )

const outputProblem = (body: UncheckedJson): string | undefined => {
  const schema = answerSchema(body)
  if (schema === undefined && body["tools"] === undefined) return undefined
  const strict = toolsOf(body).filter((tool) => tool["strict"] === true)
  const limit = SchemaRules.limitProblem(
    [...strict.map((tool) => objectOf(tool["input_schema"]) ?? {}), ...(schema === undefined ? [] : [schema])],
    strict.length
  )
  if (schema === undefined) return limit
  if (hasCitations(body)) return "output_config.format: citations cannot be enabled together with structured output"
  const found = SchemaRules.problem(schema)
  return found === undefined ? limit : `output_config.format.schema: ${found}`
}

/** The fields that the items of a batch may not have. */
const notInBatches = ["fallbacks", "thread", "stream"]

const batchProblem = (body: UncheckedJson): string | undefined => {
  const found = notInBatches.find((field) => body[field] !== undefined && body[field] !== null && body[field] !== false)
  return found === undefined ? undefined : `${found}: not supported in Message Batches`
}

/** Checks the body of a Messages request, of `count_tokens`, or of one item of a batch. */
export const checkBody = (body: UncheckedJson, checks: Checks): ApiError.ApiError | undefined => {
  const { betas, files, isBatch, isCounting, version } = checks
  const isNewer = version !== "2023-06-01"
  const model = typeof body["model"] === "string" ? Models.find(body["model"]) : undefined
  const shape = FieldRules.problem(body, betas, isCounting) ?? TurnRules.problem(body["messages"], model, isNewer)
  if (shape !== undefined) return ApiError.invalid(shape)
  if (model === undefined || (model.retired && betas !== undefined)) {
    return ApiError.notFound(`model: ${String(body["model"])}`)
  }
  const problem =
    systemProblem(body["system"]) ??
    MediaRules.problem(body, model) ??
    CacheMarks.problem(body) ??
    SettingRules.problem(body, model, betas, !isNewer) ??
    (isCounting ? undefined : sizeProblem(body, model)) ??
    ToolRules.problem(body, model, betas) ??
    outputProblem(body) ??
    (isBatch ? batchProblem(body) : undefined)
  if (problem !== undefined) return ApiError.invalid(problem)
  const unknownFile = betas === undefined ? undefined : FileRules.unknownId(body, files)
  return unknownFile === undefined ? undefined : ApiError.notFound(`File not found: ${unknownFile}`)
}

const versions = new Set(["2023-01-01", "2023-06-01", "2026-10-21"])

/** Finds an escape of half a surrogate pair, which is no character, and gives its index. */
const loneSurrogate = (text: string): number | undefined => {
  if (!/\\ud/i.test(text)) return undefined
  const escapes = /\\(?:u([0-9a-f]{4})|[^u])/gi
  let highEnd = -1
  for (let match = escapes.exec(text); match !== null; match = escapes.exec(text)) {
    const code = match[1] === undefined ? 0 : Number.parseInt(match[1], 16)
    const isLow = code >= 0xdc00 && code <= 0xdfff
    if (highEnd >= 0 && !(isLow && match.index === highEnd)) return highEnd - 6
    if (isLow && highEnd < 0) return match.index
    highEnd = code >= 0xd800 && code <= 0xdbff ? escapes.lastIndex : -1
  }
  return highEnd < 0 ? undefined : highEnd - 6
}

const jsonProblem = (incoming: Incoming): string | undefined => {
  if (incoming.method !== "POST" || incoming.text === "") return undefined
  if (incoming.json === undefined) return "The request body is not valid JSON: expected an object"
  const at = loneSurrogate(incoming.text)
  return at === undefined
    ? undefined
    : `The request body is not valid JSON: no low surrogate in string: line 1 column ${at + 1} (char ${at})`
}

/** A character takes up to 3 bytes, so that most bodies need not be encoded to know that they are not larger. */
const isLarger = (text: string, bytes: number): boolean =>
  text.length > bytes || (text.length * 3 > bytes && new TextEncoder().encode(text).length > bytes)

/**
 * Checks size, key, version header, betas and JSON of any request. With a configured `version`, the version header may be absent
 * and the betas are not checked.
 */
export const checkEnvelope = (incoming: Incoming, version: ApiVersion | undefined): ApiError.ApiError | undefined => {
  const limit = incoming.url.pathname === "/v1/messages/batches" ? maxBytes.batch : maxBytes.request
  if (isLarger(incoming.text, limit)) return ApiError.tooLarge
  const unauthenticated = keyProblem(incoming.headers)
  if (unauthenticated !== undefined) return unauthenticated
  if (version === undefined) {
    const given = incoming.headers.get("anthropic-version")
    if (given === null) return ApiError.invalid("anthropic-version: header is required")
    if (!versions.has(given)) return ApiError.invalid(`anthropic-version: "${given}" is not a valid version`)
    const unknown = Betas.headerProblem(Betas.namesOf(incoming.headers.get("anthropic-beta")))
    if (unknown !== undefined) return ApiError.invalid(unknown)
  }
  const json = jsonProblem(incoming)
  return json === undefined ? undefined : ApiError.invalid(json)
}
