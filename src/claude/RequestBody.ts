/** A `Request` as the JSON body of `POST /v1/messages`. */
import type { MessageCreateParamsNonStreaming } from "@anthropic-ai/sdk/resources/messages"
import type { Request } from "./Message.ts"

/** The beta that a request with `fallbacks` needs. */
export const fallbackBeta = "server-side-fallback-2026-07-01"

/**
 * The body without `stream`. The shared context is the first system block and carries the cache breakpoint; `cacheLife`: how long
 * it is kept, where that is not for 5 minutes.
 */
export const bodyOf = (request: Request, cacheLife?: "1h"): MessageCreateParamsNonStreaming => {
  const cache_control = { type: "ephemeral", ...(cacheLife !== undefined && { ttl: cacheLife }) }
  const system = [
    ...(request.context === undefined ? [] : [{ type: "text", text: request.context, cache_control }]),
    ...(request.system === undefined ? [] : [{ type: "text", text: request.system }])
  ]
  const body = {
    model: request.model,
    max_tokens: request.maxTokens,
    ...(system.length > 0 && { system }),
    messages: request.messages,
    ...(request.tools !== undefined && request.tools.length > 0 && { tools: request.tools }),
    ...(request.stopSequences !== undefined && { stop_sequences: request.stopSequences }),
    ...((request.effort !== undefined || request.answerSchema !== undefined) && {
      output_config: {
        ...(request.effort !== undefined && { effort: request.effort }),
        ...(request.answerSchema !== undefined && { format: { type: "json_schema", schema: request.answerSchema } })
      }
    }),
    ...(request.fallbacks !== undefined && { fallbacks: request.fallbacks })
  }
  // `Request` types blocks as open records; the SDK types them as a closed union.
  return body as unknown as MessageCreateParamsNonStreaming
}
