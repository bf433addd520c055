/** The Messages API's JSON and event stream, to and from `Request` and `Reply`. */
import type { MessageCreateParamsNonStreaming } from "@anthropic-ai/sdk/resources/messages"
import { DateTime, Option, Predicate, Schema } from "effect"
import type { Block, Reply, Request, Usage } from "../Message.ts"
import { Block as BlockSchema, noUsage } from "../Message.ts"

/** The request's body. The shared context is the first system block and carries the cache breakpoint. */
export const bodyOf = (request: Request): MessageCreateParamsNonStreaming => {
  const system = [
    ...(request.context === undefined
      ? []
      : [{ type: "text", text: request.context, cache_control: { type: "ephemeral" } }]),
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
    })
  }
  // The blocks are the API's own shapes, which the request keeps as open records.
  return body as unknown as MessageCreateParamsNonStreaming
}

const Count = Schema.optionalKey(Schema.NullOr(Schema.Int))
const WireUsage = Schema.Struct({
  input_tokens: Count,
  cache_creation_input_tokens: Count,
  cache_read_input_tokens: Count,
  output_tokens: Count,
  output_tokens_details: Schema.optionalKey(Schema.NullOr(Schema.Struct({ thinking_tokens: Count }))),
  server_tool_use: Schema.optionalKey(Schema.NullOr(Schema.Struct({ web_search_requests: Count })))
})
type WireUsage = typeof WireUsage.Type

const Text = Schema.optionalKey(Schema.NullOr(Schema.String))
const StopDetails = Schema.optionalKey(Schema.NullOr(Schema.Struct({ category: Text, explanation: Text })))
const WireMessage = Schema.Struct({
  type: Schema.Literal("message"),
  id: Schema.String,
  model: Schema.String,
  content: Schema.Array(BlockSchema),
  stop_reason: Text,
  stop_sequence: Text,
  stop_details: StopDetails,
  usage: WireUsage
})
type WireMessage = typeof WireMessage.Type

/** Reads JSON; `undefined` where the text is none. */
export const jsonOf = (text: string): unknown => Option.getOrUndefined(parse(text))
const parse = Option.liftThrowable((text: string): unknown => JSON.parse(text))

/** Reads a message; `undefined` where the JSON is something else. */
export const messageOf: (json: unknown) => WireMessage | undefined = (json) =>
  Option.getOrUndefined(decodeMessage(json))
const decodeMessage = Schema.decodeUnknownOption(WireMessage)

/** Later counts overwrite earlier ones: those of a stream are cumulative. */
const usageOf = (wire: WireUsage, before: Usage = noUsage): Usage => ({
  inputTokens: wire.input_tokens ?? before.inputTokens,
  cacheCreationInputTokens: wire.cache_creation_input_tokens ?? before.cacheCreationInputTokens,
  cacheReadInputTokens: wire.cache_read_input_tokens ?? before.cacheReadInputTokens,
  outputTokens: wire.output_tokens ?? before.outputTokens,
  thinkingTokens: wire.output_tokens_details?.thinking_tokens ?? before.thinkingTokens,
  webSearches: wire.server_tool_use?.web_search_requests ?? before.webSearches
})

/** The reply that a message stands for; `headers` as `headersOf` gives them. */
export const replyOf = (message: WireMessage, headers: Readonly<Record<string, string>>): Reply => {
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

/**
 * The headers worth keeping: limits, what to do next, and the request's id. `retry-after` is in seconds, from 0; on a 200 it
 * means nothing.
 */
export const headersOf = (headers: Headers, is200: boolean): Record<string, string> => {
  const kept: Record<string, string> = {}
  for (const [name, value] of headers) {
    if (name === "request-id" || name === "x-should-retry" || name.startsWith("anthropic-ratelimit-")) {
      kept[name] = value
    } else if (name === "retry-after" && !is200) {
      const seconds =
        value.trim() === "" ? Number.NaN : Number(httpDate.test(value) ? secondsUntil(value, headers) : value)
      if (Number.isFinite(seconds)) kept[name] = String(Math.max(0, seconds))
    }
  }
  return kept
}

/** The form of dates that RFC 9110 wants to be sent. `Date.parse` would take almost anything for a date. */
const httpDate = /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/

/** By the clock of whoever sent it, where the response tells its time. */
const secondsUntil = (date: string, headers: Headers): number => {
  const sentAt = headers.get("date") ?? ""
  const now = httpDate.test(sentAt) ? Date.parse(sentAt) : DateTime.nowUnsafe().epochMilliseconds
  return (Date.parse(date) - now) / 1000
}

const MessageStart = Schema.Struct({ message: WireMessage })
const BlockStart = Schema.Struct({ index: Schema.Int, content_block: BlockSchema })
const MessageDelta = Schema.Struct({
  delta: Schema.Struct({ stop_reason: Text, stop_sequence: Text, stop_details: StopDetails }),
  usage: Schema.optionalKey(Schema.NullOr(WireUsage))
})
const decodeMessageStart = Schema.decodeUnknownOption(MessageStart)
const decodeBlockStart = Schema.decodeUnknownOption(BlockStart)
const decodeMessageDelta = Schema.decodeUnknownOption(MessageDelta)

/** What one event of a stream did. */
export type Step =
  | { readonly _tag: "None" }
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Stopped" }
  | { readonly _tag: "Error"; readonly body: unknown }
  | { readonly _tag: "Unreadable" }

const none: Step = { _tag: "None" }
const unreadable: Step = { _tag: "Unreadable" }

type Mutable = { -readonly [K in keyof Block]: Block[K] }

/** Puts a stream's events together to the message that a plain request would have brought. */
export class Accumulator {
  private message: WireMessage | undefined
  private readonly blocks = new Map<unknown, Mutable>()
  private readonly inputs = new Map<unknown, string>()
  private usage: Usage = noUsage

  /** Takes one event's name and data. Unknown events and deltas are ignored, as the API asks of its clients. */
  take(name: string, data: string): Step {
    switch (name) {
      case "message_start":
        return this.start(Option.getOrUndefined(decodeMessageStart(jsonOf(data)))?.message)
      case "content_block_start": {
        const event = Option.getOrUndefined(decodeBlockStart(jsonOf(data)))
        if (event === undefined) return unreadable
        this.blocks.set(event.index, { ...event.content_block })
        return none
      }
      case "content_block_delta":
        return this.grow(jsonOf(data))
      case "content_block_stop":
        return this.close(jsonOf(data))
      case "message_delta":
        return this.end(Option.getOrUndefined(decodeMessageDelta(jsonOf(data))))
      case "message_stop":
        return { _tag: "Stopped" }
      case "error":
        return { _tag: "Error", body: jsonOf(data) }
      default:
        return none
    }
  }

  private start(message: WireMessage | undefined): Step {
    if (message === undefined) return unreadable
    if (this.message !== undefined) return none
    this.message = message
    this.usage = usageOf(message.usage)
    return none
  }

  /** The one event that comes by the thousand, hence read by hand. */
  private grow(event: unknown): Step {
    if (!Predicate.isObject(event) || !Predicate.isObject(event.delta)) return unreadable
    const { delta, index } = event
    const block = this.blocks.get(index)
    const more = delta[field[delta.type as keyof typeof field]]
    if (more === undefined) return none
    if (block === undefined || (delta.type !== "citations_delta" && typeof more !== "string")) return unreadable
    switch (delta.type) {
      case "text_delta":
        block.text = `${(block.text as string | undefined) ?? ""}${more as string}`
        return { _tag: "Text", text: more as string }
      case "thinking_delta":
        block.thinking = `${(block.thinking as string | undefined) ?? ""}${more as string}`
        return none
      case "signature_delta":
        block.signature = more
        return none
      case "citations_delta":
        // The list came with this stream and is known to nobody else.
        if (Array.isArray(block.citations)) block.citations.push(more)
        else block.citations = [more]
        return none
      default:
        this.inputs.set(index, `${this.inputs.get(index) ?? ""}${more as string}`)
        return none
    }
  }

  private close(event: unknown): Step {
    if (!Predicate.isObject(event)) return unreadable
    const input = this.inputs.get(event.index)
    const block = this.blocks.get(event.index)
    if (input !== undefined && input !== "" && block !== undefined) block.input = jsonOf(input)
    return none
  }

  private end(event: typeof MessageDelta.Type | undefined): Step {
    if (event === undefined) return unreadable
    if (this.message === undefined) return none
    if (event.usage) this.usage = usageOf(event.usage, this.usage)
    this.message = { ...this.message, ...event.delta }
    return none
  }

  /** What has come so far: for an error that keeps the usage and the text already paid for. */
  get soFar(): { readonly usage?: Usage; readonly model?: string; readonly content: ReadonlyArray<Block> } {
    const content = [...this.blocks.values()]
    return this.message === undefined ? { content } : { usage: this.usage, model: this.message.model, content }
  }

  /** The whole reply; `undefined` where the stream never began a message. */
  reply(headers: Readonly<Record<string, string>>): Reply | undefined {
    if (this.message === undefined) return undefined
    return { ...replyOf({ ...this.message, content: this.soFar.content }, headers), usage: this.usage }
  }
}

/** Where each kind of delta keeps what it adds. */
const field = {
  text_delta: "text",
  thinking_delta: "thinking",
  signature_delta: "signature",
  citations_delta: "citation",
  input_json_delta: "partial_json"
} as const
