/** The API's `message` object: how it is checked, and the `Reply` made of it. */
import { Option } from "effect"
import { type Block, noUsage, type Reply, type Usage } from "../Message.ts"

type Count = number | null | undefined
export interface ApiUsage {
  readonly cache_creation?: { readonly ephemeral_1h_input_tokens?: Count } | null
  readonly iterations?: unknown
  readonly input_tokens?: Count
  readonly cache_creation_input_tokens?: Count
  readonly cache_read_input_tokens?: Count
  readonly output_tokens?: Count
  readonly output_tokens_details?: { readonly thinking_tokens?: Count } | null
  readonly server_tool_use?: { readonly web_search_requests?: Count } | null
}

type Text = string | null | undefined
/** Why a message ended. A streamed message has these fields only in its last `message_delta`. */
export interface ApiStop {
  readonly stop_reason?: Text
  readonly stop_sequence?: Text
  readonly stop_details?: { readonly category?: Text; readonly explanation?: Text } | null
}

export interface ApiMessage extends ApiStop {
  readonly type: "message"
  readonly id: string
  readonly model: string
  readonly content: ReadonlyArray<Block>
  readonly usage: ApiUsage
}

/** Parses JSON; `undefined` where the text is not JSON. */
export const jsonOf = (text: string): unknown => Option.getOrUndefined(parse(text))
const parse = Option.liftThrowable((text: string): unknown => JSON.parse(text))

type Json = { readonly [name: string]: unknown }

/** Whether parsed JSON is an object. The checks are written by hand: a schema takes ten times as long, for every reply. */
export const isJsonObject = (json: unknown): json is Json =>
  typeof json === "object" && json !== null && !Array.isArray(json)

const isAbsent = (json: unknown): boolean => json === undefined || json === null
const isText = (json: unknown): boolean => isAbsent(json) || typeof json === "string"
const isCount = (json: unknown): boolean => isAbsent(json) || Number.isSafeInteger(json)

export const isBlock = (json: unknown): json is Block => isJsonObject(json) && typeof json["type"] === "string"

export const isStop = (json: unknown): json is ApiStop => {
  if (!isJsonObject(json) || !isText(json["stop_reason"]) || !isText(json["stop_sequence"])) return false
  const details = json["stop_details"]
  return isAbsent(details) || (isJsonObject(details) && isText(details["category"]) && isText(details["explanation"]))
}

export const isUsage = (json: unknown): json is ApiUsage => {
  if (!isJsonObject(json)) return false
  const { output_tokens_details: details, server_tool_use: tools } = json
  return (
    isCount(json["input_tokens"]) &&
    isCount(json["cache_creation_input_tokens"]) &&
    isCount(json["cache_read_input_tokens"]) &&
    isCount(json["output_tokens"]) &&
    (isAbsent(details) || (isJsonObject(details) && isCount(details["thinking_tokens"]))) &&
    (isAbsent(tools) || (isJsonObject(tools) && isCount(tools["web_search_requests"])))
  )
}

/** The value as a message; `undefined` where it is not one. */
export const messageOf = (json: unknown): ApiMessage | undefined => {
  if (!isJsonObject(json) || json["type"] !== "message") return undefined
  const { content, id, model, usage } = json
  if (typeof id !== "string" || typeof model !== "string" || !Array.isArray(content)) return undefined
  return content.every(isBlock) && isStop(json) && isUsage(usage) ? (json as unknown as ApiMessage) : undefined
}

/** Counts that are missing in `usage` are taken from `before`. A stream's counts are cumulative, so the latest one wins. */
export const usageOf = (usage: ApiUsage, before: Usage = noUsage): Usage => ({
  inputTokens: usage.input_tokens ?? before.inputTokens,
  cacheCreationInputTokens: usage.cache_creation_input_tokens ?? before.cacheCreationInputTokens,
  cacheReadInputTokens: usage.cache_read_input_tokens ?? before.cacheReadInputTokens,
  outputTokens: usage.output_tokens ?? before.outputTokens,
  thinkingTokens: usage.output_tokens_details?.thinking_tokens ?? before.thinkingTokens,
  webSearches: usage.server_tool_use?.web_search_requests ?? before.webSearches,
  ...hourly(usage, before)
})

/** The tokens that the cache keeps for an hour, where there are any. */
const hourly = ({ cache_creation: created }: ApiUsage, before: Usage): Pick<Usage, "cacheCreation1hInputTokens"> => {
  const tokens = created?.ephemeral_1h_input_tokens ?? before.cacheCreation1hInputTokens
  return Number.isSafeInteger(tokens) && tokens !== 0 ? { cacheCreation1hInputTokens: tokens! } : {}
}

/** Makes the reply of a message; `headers` as `headersOf` returns them. */
export const replyOf = (message: ApiMessage, headers: Readonly<Record<string, string>>): Reply => {
  const requestId = headers["request-id"]
  return {
    id: message.id,
    model: message.model,
    content: message.content,
    stopReason: message.stop_reason ?? null,
    stopSequence: message.stop_sequence ?? null,
    ...(message.stop_reason === "refusal" && {
      refusal: {
        category: message.stop_details?.category ?? null,
        explanation: message.stop_details?.explanation ?? null
      }
    }),
    usage: usageOf(message.usage),
    ...(requestId !== undefined && { requestId }),
    headers
  }
}
