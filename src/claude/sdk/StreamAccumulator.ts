/** Builds a message from the events of its stream, whatever their order: no text that arrives is left out. */
import type { Block, Reply, Usage } from "../Message.ts"
import {
  type ApiMessage,
  type ApiStop,
  isBlock,
  isJsonObject,
  isStop,
  jsonOf,
  messageOf,
  replyOf
} from "./ReplyMessage.ts"
import { iterationsOf, withFallback } from "./ServerFallback.ts"
import { StreamBlocks } from "./StreamBlocks.ts"
import { type Counts, countsOf, later, usageOf } from "./UsageCounts.ts"

/**
 * What one event did: added text, completed the message (`Stopped`), reported an error, could not be decoded, contradicted the events
 * before it (`Disorder`), was of another service (`Foreign`), or none of these.
 */
export type Step =
  | { readonly _tag: "None" }
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Stopped" }
  | { readonly _tag: "Error"; readonly body: unknown }
  | { readonly _tag: "Unreadable" }
  | { readonly _tag: "Disorder"; readonly detail: string }
  | { readonly _tag: "Foreign" }

const none: Step = { _tag: "None" }
const unreadable: Step = { _tag: "Unreadable" }
const textStep = (text: string): Step => (text === "" ? none : { _tag: "Text", text })

type Json = { readonly [name: string]: unknown }

/** Takes the events of one stream in order; its reply equals that of a request without `stream`. */
export class StreamAccumulator {
  #message: ApiMessage | undefined
  #stop: ApiStop = {}
  #counts: Counts = {}
  #iterations: unknown
  /** A `message_delta` had a count of output tokens; that of `message_start` is from before the answer. */
  #hasFinalCount = false
  readonly #blocks = new StreamBlocks()

  /** Takes one event's name and data. Unknown events and deltas are ignored, as the API documentation requires. */
  take(name: string, data: string): Step {
    const json = jsonOf(data)
    const event: Json | undefined = isJsonObject(json) ? json : undefined
    // Some gateways send no `event:` lines, which makes every name `message`.
    const type = event !== undefined && types.has(event["type"]) ? (event["type"] as string) : name
    switch (type) {
      case "message_start":
        return event === undefined ? unreadable : this.#start(event)
      case "content_block_start":
        return event === undefined ? unreadable : this.#startBlock(event)
      case "content_block_delta":
        return event === undefined ? unreadable : this.#addDelta(event)
      case "content_block_stop":
        return event === undefined ? unreadable : this.#endBlock(event)
      case "message_delta":
        return event === undefined ? unreadable : this.#addMessageDelta(event)
      case "message_stop":
        return { _tag: "Stopped" }
      case "error":
        return { _tag: "Error", body: json }
      case "message":
        return this.#takeUnnamed(data, event)
      default:
        return none
    }
  }

  /** An event without a name and without a type that is known. */
  #takeUnnamed(data: string, event: Json | undefined): Step {
    // The last event of a stream in OpenAI's format, which some gateways also send.
    if (data.trim() === "[DONE]") return this.hasStopReason ? { _tag: "Stopped" } : none
    if (event === undefined) return data.trim() === "" ? none : unreadable
    if (event["error"] !== undefined && event["error"] !== null) return { _tag: "Error", body: event }
    return typeof event["type"] === "string" ? none : { _tag: "Foreign" }
  }

  #start(event: Json): Step {
    const given = event["message"]
    const message = isJsonObject(given) ? messageOf({ ...given, content: given["content"] ?? [] }) : undefined
    if (message === undefined) return unreadable
    if (this.#message !== undefined) {
      // Text of another message would be joined to that of the first one.
      return message.id && message.id === this.#message.id
        ? none
        : { _tag: "Disorder", detail: `a second message (${message.id || "without id"}) began within the first` }
    }
    this.#message = message
    this.#counts = later(countsOf(message.usage), this.#counts)
    return textStep(message.content.map((block) => this.#blocks.begin(undefined, block)).join(""))
  }

  #startBlock({ content_block: block, index }: Json): Step {
    return isBlock(block) ? textStep(this.#blocks.begin(index, block)) : unreadable
  }

  #addDelta({ delta, index }: Json): Step {
    const text = isJsonObject(delta) ? this.#blocks.change(index, delta) : undefined
    return text === undefined ? unreadable : textStep(text)
  }

  #endBlock({ index }: Json): Step {
    this.#blocks.end(index)
    return none
  }

  #addMessageDelta({ delta = {}, usage }: Json): Step {
    const stop = delta ?? {}
    if (!isStop(stop)) return unreadable
    const counts = countsOf(usage)
    if (counts.outputTokens !== undefined && counts.outputTokens !== null) this.#hasFinalCount = true
    this.#counts = later(this.#counts, counts)
    this.#iterations = iterationsOf(usage) ?? this.#iterations
    // A later event without the reason does not take it back.
    for (const name of stopNames) if (stop[name]) this.#stop = { ...this.#stop, [name]: stop[name] }
    return none
  }

  /** A `message_delta` said why the message ends: all of its content has come. */
  get hasStopReason(): boolean {
    return this.#stop.stop_reason !== undefined
  }

  /** Content, usage and model received until now. Read for errors, which report the text and usage of an incomplete answer. */
  get partialReply(): {
    readonly usage?: Usage
    readonly model?: string | undefined
    readonly content: ReadonlyArray<Block>
  } {
    const { content } = this.#blocks
    if (this.#message === undefined) return { content }
    return { usage: usageOf(this.#counts), model: this.#message.model ?? undefined, content }
  }

  /** The reply, `asked` being the model of the request; `undefined` before `message_start`. */
  reply(headers: Readonly<Record<string, string>>, asked: string): Reply | undefined {
    if (this.#message === undefined) return undefined
    const counted = usageOf(this.#counts)
    const usage: Usage = this.#hasFinalCount ? counted : { ...counted, isIncomplete: true }
    const reply = replyOf({ ...this.#message, ...this.#stop, content: this.#blocks.finish() }, headers, asked)
    return withFallback({ ...reply, usage }, this.#iterations)
  }
}

const types: ReadonlySet<unknown> = new Set([
  "message_start",
  "content_block_start",
  "content_block_delta",
  "content_block_stop",
  "message_delta",
  "message_stop",
  "error"
])

const stopNames = ["stop_reason", "stop_sequence", "stop_details"] as const
