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
const textStep = (text: unknown): Step => (typeof text === "string" && text !== "" ? { _tag: "Text", text } : none)

type Json = { readonly [name: string]: unknown }
type MutableBlock = { -readonly [K in keyof Block]: Block[K] }

interface Received {
  readonly block: MutableBlock
  /** Its `content_block_stop` has not come. */
  isOpen: boolean
  hasDelta: boolean
  /** JSON text of a tool's input; parsed when the message is complete. */
  input: string
}

/** Takes the events of one stream in order; its reply equals that of a request without `stream`. */
export class StreamAccumulator {
  #message: ApiMessage | undefined
  #stop: ApiStop = {}
  #counts: Counts = {}
  /** A `message_delta` had a count of output tokens; that of `message_start` is from before the answer. */
  #hasFinalCount = false
  /** In the order of arrival. Two blocks may come under one index. */
  readonly #received: Array<Received> = []
  /** The latest block of each index. */
  readonly #byIndex = new Map<unknown, Received>()

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
    const message = isJsonObject(given) ? messageOf({ content: [], ...given }) : undefined
    if (message === undefined) return unreadable
    if (this.#message !== undefined) {
      // Text of another message would be joined to that of the first one.
      return message.id && message.id === this.#message.id
        ? none
        : { _tag: "Disorder", detail: `a second message (${message.id || "without id"}) began within the first` }
    }
    this.#message = message
    this.#counts = later(countsOf(message.usage), this.#counts)
    return textStep(message.content.map((block) => this.#add(undefined, block)).join(""))
  }

  #startBlock({ content_block: block, index }: Json): Step {
    if (!isBlock(block)) return unreadable
    const earlier = this.#byIndex.get(index)
    const isRepeated =
      earlier !== undefined && !earlier.hasDelta && JSON.stringify(earlier.block) === JSON.stringify(block)
    return isRepeated ? none : textStep(this.#add(index, block))
  }

  /** Adds a block, and returns the text that it begins with. */
  #add(index: unknown, block: Block): string {
    const received = { block: { ...block }, isOpen: index !== undefined, hasDelta: false, input: "" }
    this.#received.push(received)
    if (index !== undefined) this.#byIndex.set(index, received)
    return block.type === "text" && typeof block["text"] === "string" ? block["text"] : ""
  }

  #addDelta({ delta, index }: Json): Step {
    if (!isJsonObject(delta)) return unreadable
    const kind = kinds.get(typeOf(delta))
    if (kind === undefined) return none
    const added = delta[kind.field]
    if (added === undefined || added === null) return none
    if (kind.field !== "citation" && typeof added !== "string") return unreadable
    const received = this.#targetOf(index, kind)
    if (received === undefined) return none
    received.hasDelta = true
    const { block } = received
    switch (kind.field) {
      case "text":
      case "thinking": {
        const before = block[kind.field]
        block[kind.field] = `${typeof before === "string" ? before : ""}${added as string}`
        return kind.field === "text" ? textStep(added) : none
      }
      case "signature":
        block["signature"] = added
        return none
      case "citation":
        // Only this accumulator holds the list, so it can be changed in place.
        if (Array.isArray(block["citations"])) block["citations"].push(added)
        else block["citations"] = [added]
        return none
      case "partial_json":
        received.input += added as string
        return none
    }
  }

  /**
   * The block that a delta belongs to: the open one of its index, else the newest, if it is of the delta's type. For text
   * without such a block a new one begins; other deltas without a block are dropped.
   */
  #targetOf(index: unknown, { field, isOf }: Kind): Received | undefined {
    const ofIndex = this.#byIndex.get(index)
    if (ofIndex !== undefined && ofIndex.isOpen && isOf(ofIndex.block.type)) return ofIndex
    const newest = this.#received.at(-1)
    if (newest !== undefined && isOf(newest.block.type)) return newest
    if (field !== "text") return ofIndex !== undefined && isOf(ofIndex.block.type) ? ofIndex : undefined
    this.#add(undefined, { type: "text", text: "" })
    return this.#received.at(-1)
  }

  #endBlock({ index }: Json): Step {
    const received = this.#byIndex.get(index)
    if (received !== undefined) received.isOpen = false
    return none
  }

  #addMessageDelta({ delta = {}, usage }: Json): Step {
    const stop = delta ?? {}
    if (!isStop(stop)) return unreadable
    const counts = countsOf(usage)
    if (counts.outputTokens !== undefined && counts.outputTokens !== null) this.#hasFinalCount = true
    this.#counts = later(this.#counts, counts)
    // A later `null` does not take the reason back.
    for (const name of stopNames) {
      if (stop[name] !== undefined && stop[name] !== null) this.#stop = { ...this.#stop, [name]: stop[name] }
    }
    return none
  }

  /** A `message_delta` said why the message ends: all of its content has come. */
  get hasStopReason(): boolean {
    return typeof this.#stop.stop_reason === "string"
  }

  /** Content, usage and model received until now. Read for errors, which report the text and usage of an incomplete answer. */
  get partialReply(): {
    readonly usage?: Usage
    readonly model?: string | undefined
    readonly content: ReadonlyArray<Block>
  } {
    const content = this.#received.map(({ block }) => block)
    if (this.#message === undefined) return { content }
    return { usage: usageOf(this.#counts), model: this.#message.model ?? undefined, content }
  }

  /** The reply, `asked` being the model of the request; `undefined` before `message_start`. */
  reply(headers: Readonly<Record<string, string>>, asked: string): Reply | undefined {
    if (this.#message === undefined) return undefined
    for (const { block, input } of this.#received) {
      const parsed = input === "" ? undefined : jsonOf(input)
      if (parsed !== undefined) block["input"] = parsed
    }
    const usage = usageOf(this.#counts)
    return {
      ...replyOf({ ...this.#message, ...this.#stop, content: this.partialReply.content }, headers, asked),
      usage: this.#hasFinalCount ? usage : { ...usage, isIncomplete: true }
    }
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

/** A type of delta: the field with the added value, and which types of blocks it belongs to. */
interface Kind {
  readonly field: "text" | "thinking" | "signature" | "citation" | "partial_json"
  readonly isOf: (blockType: string) => boolean
}

const isText = (type: string): boolean => type === "text"
const isThinking = (type: string): boolean => type === "thinking"

const kinds: ReadonlyMap<unknown, Kind> = new Map<unknown, Kind>([
  ["text_delta", { field: "text", isOf: isText }],
  ["thinking_delta", { field: "thinking", isOf: isThinking }],
  ["signature_delta", { field: "signature", isOf: isThinking }],
  ["citations_delta", { field: "citation", isOf: isText }],
  ["input_json_delta", { field: "partial_json", isOf: (type) => type.endsWith("tool_use") }]
])

/** The type of a delta; one without a type that has a text is a `text_delta`. */
const typeOf = ({ text, type }: Json): unknown => (type === undefined && typeof text === "string" ? "text_delta" : type)
