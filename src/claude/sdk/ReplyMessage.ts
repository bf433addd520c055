/** The API's `message` object: how it is decoded, and the `Reply` made of it. */
import { Option, Schema } from "effect"
import { Block, noUsage, type Reply, type Usage } from "../Message.ts"

const Count = Schema.optionalKey(Schema.NullOr(Schema.Int))
export const ApiUsage = Schema.Struct({
  input_tokens: Count,
  cache_creation_input_tokens: Count,
  cache_read_input_tokens: Count,
  output_tokens: Count,
  output_tokens_details: Schema.optionalKey(Schema.NullOr(Schema.Struct({ thinking_tokens: Count }))),
  server_tool_use: Schema.optionalKey(Schema.NullOr(Schema.Struct({ web_search_requests: Count })))
})
type ApiUsage = typeof ApiUsage.Type

const Text = Schema.optionalKey(Schema.NullOr(Schema.String))

/** Why a message ended. A streamed message has these fields only in its last `message_delta`. */
export const stopFields = {
  stop_reason: Text,
  stop_sequence: Text,
  stop_details: Schema.optionalKey(Schema.NullOr(Schema.Struct({ category: Text, explanation: Text })))
}

export const ApiMessage = Schema.Struct({
  type: Schema.Literal("message"),
  id: Schema.String,
  model: Schema.String,
  content: Schema.Array(Block),
  ...stopFields,
  usage: ApiUsage
})
export type ApiMessage = typeof ApiMessage.Type

/** Parses JSON; `undefined` where the text is not JSON. */
export const jsonOf = (text: string): unknown => Option.getOrUndefined(parse(text))
const parse = Option.liftThrowable((text: string): unknown => JSON.parse(text))

/** Decodes a message; `undefined` where the value is not one. */
export const messageOf: (json: unknown) => ApiMessage | undefined = (json) => Option.getOrUndefined(decodeMessage(json))
const decodeMessage = Schema.decodeUnknownOption(ApiMessage)

/** Counts that are missing in `usage` are taken from `before`. A stream's counts are cumulative, so the latest one wins. */
export const usageOf = (usage: ApiUsage, before: Usage = noUsage): Usage => ({
  inputTokens: usage.input_tokens ?? before.inputTokens,
  cacheCreationInputTokens: usage.cache_creation_input_tokens ?? before.cacheCreationInputTokens,
  cacheReadInputTokens: usage.cache_read_input_tokens ?? before.cacheReadInputTokens,
  outputTokens: usage.output_tokens ?? before.outputTokens,
  thinkingTokens: usage.output_tokens_details?.thinking_tokens ?? before.thinkingTokens,
  webSearches: usage.server_tool_use?.web_search_requests ?? before.webSearches
})

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
