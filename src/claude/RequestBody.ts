/** A `Request` as the JSON body of `POST /v1/messages`. */
import type { MessageCreateParamsNonStreaming } from "@anthropic-ai/sdk/resources/messages"
import type { Block } from "./Block.ts"
import { blocksOf, type Document } from "./Document.ts"
import type { Request } from "./Message.ts"
import { toolsFor } from "./ServerTools.ts"

/** The beta that a request with `fallbacks` needs. */
export const fallbackBeta = "server-side-fallback-2026-07-01"

/** What stands in the place of a document's bytes. */
export type DataOf = (document: Document) => unknown

const bytesOf: DataOf = ({ data }) => data

/** The documents of a request: those of its context, which other requests have too, and its own. */
export const documentsOf = ({ context, files = [] }: Pick<Request, "context" | "files">): ReadonlyArray<Document> =>
  typeof context === "object" ? [...context, ...files] : files

/**
 * The body without `stream`. A shared context is the first system block, or documents at the beginning of the first turn, as the
 * system prompt takes texts alone; its last block carries the cache breakpoint. `cacheLife`: how long it is kept, where that is not
 * for 5 minutes.
 */
export const bodyOf = (
  request: Request,
  cacheLife?: "1h",
  dataOf: DataOf = bytesOf
): MessageCreateParamsNonStreaming => {
  const cache_control = { type: "ephemeral", ...(cacheLife !== undefined && { ttl: cacheLife }) }
  const { context, files = [], messages } = request
  const toBlocks = (documents: ReadonlyArray<Document>) =>
    documents.flatMap((document) => blocksOf(document, dataOf(document)))
  const shared = typeof context === "object" ? toBlocks(context) : []
  const marked = shared.length === 0 ? [] : [...shared.slice(0, -1), { ...shared.at(-1)!, cache_control }]
  const system = [
    ...(typeof context === "string" ? [{ type: "text", text: context, cache_control }] : []),
    ...(request.system === undefined ? [] : [{ type: "text", text: request.system }])
  ]
  const body = {
    model: request.model,
    max_tokens: request.maxTokens,
    ...(system.length > 0 && { system }),
    messages: withBlocks([...marked, ...toBlocks(files)], messages),
    ...(request.tools !== undefined && request.tools.length > 0 && { tools: toolsFor(request.model, request.tools) }),
    ...(request.container !== undefined && { container: request.container }),
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

/** The turns with these blocks before the question. */
const withBlocks = (blocks: ReadonlyArray<Block>, turns: Request["messages"]): Request["messages"] => {
  if (blocks.length === 0) return turns
  const [first, ...later] = turns
  if (first === undefined) return turns
  const question = typeof first.content === "string" ? [{ type: "text", text: first.content }] : first.content
  return [{ ...first, content: [...blocks, ...question] }, ...later]
}
