/** Builds a message from the events of its stream. */
import { type Block, noUsage, type Reply, type Usage } from "../Message.ts"
import {
  type ApiMessage,
  isBlock,
  isJsonObject,
  isStop,
  isUsage,
  jsonOf,
  messageOf,
  replyOf,
  usageOf
} from "./ReplyMessage.ts"
import { withFallback } from "./ServerFallback.ts"

/** What one event did: added text, completed the message (`Stopped`), reported an error, could not be decoded, or none of these. */
export type Step =
  | { readonly _tag: "None" }
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Stopped" }
  | { readonly _tag: "Error"; readonly body: unknown }
  | { readonly _tag: "Unreadable" }

const none: Step = { _tag: "None" }
const unreadable: Step = { _tag: "Unreadable" }

type MutableBlock = { -readonly [K in keyof Block]: Block[K] }

/** Takes the events of one stream in order; its reply equals that of a request without `stream`. */
export class StreamAccumulator {
  private message: ApiMessage | undefined
  private readonly blocks = new Map<unknown, MutableBlock>()
  /** JSON text of tool inputs, by block index; parsed when the block ends. */
  private readonly inputs = new Map<unknown, string>()
  private usage: Usage = noUsage
  private iterations: unknown

  /** Takes one event's name and data. Unknown events and deltas are ignored, as the API documentation requires. */
  take(name: string, data: string): Step {
    switch (name) {
      case "message_start":
        return this.start(jsonOf(data))
      case "content_block_start":
        return this.startBlock(jsonOf(data))
      case "content_block_delta":
        return this.addDelta(jsonOf(data))
      case "content_block_stop":
        return this.endBlock(jsonOf(data))
      case "message_delta":
        return this.addMessageDelta(jsonOf(data))
      case "message_stop":
        return { _tag: "Stopped" }
      case "error":
        return { _tag: "Error", body: jsonOf(data) }
      default:
        return none
    }
  }

  private start(event: unknown): Step {
    const message = isJsonObject(event) ? messageOf(event.message) : undefined
    if (message === undefined) return unreadable
    if (this.message !== undefined) return none
    this.message = message
    this.usage = usageOf(message.usage)
    return none
  }

  private startBlock(event: unknown): Step {
    if (!isJsonObject(event) || !Number.isSafeInteger(event.index) || !isBlock(event.content_block)) return unreadable
    this.blocks.set(event.index, { ...event.content_block })
    return none
  }

  private addDelta(event: unknown): Step {
    if (!isJsonObject(event) || !isJsonObject(event.delta)) return unreadable
    const { delta, index } = event
    const block = this.blocks.get(index)
    const added = delta[field[delta.type as keyof typeof field]]
    if (added === undefined) return none
    if (block === undefined || (delta.type !== "citations_delta" && typeof added !== "string")) return unreadable
    switch (delta.type) {
      case "text_delta":
        block.text = `${(block.text as string | undefined) ?? ""}${added as string}`
        return { _tag: "Text", text: added as string }
      case "thinking_delta":
        block.thinking = `${(block.thinking as string | undefined) ?? ""}${added as string}`
        return none
      case "signature_delta":
        block.signature = added
        return none
      case "citations_delta":
        // Only this accumulator holds the list, so it can be changed in place.
        if (Array.isArray(block.citations)) block.citations.push(added)
        else block.citations = [added]
        return none
      default:
        this.inputs.set(index, `${this.inputs.get(index) ?? ""}${added as string}`)
        return none
    }
  }

  private endBlock(event: unknown): Step {
    if (!isJsonObject(event)) return unreadable
    const input = this.inputs.get(event.index)
    const block = this.blocks.get(event.index)
    if (input !== undefined && input !== "" && block !== undefined) block.input = jsonOf(input)
    return none
  }

  private addMessageDelta(event: unknown): Step {
    if (!isJsonObject(event) || !isStop(event.delta)) return unreadable
    const { delta, usage } = event
    if (usage !== undefined && usage !== null && !isUsage(usage)) return unreadable
    if (this.message === undefined) return none
    if (usage) this.usage = usageOf(usage, this.usage)
    if (usage) this.iterations = usage.iterations ?? this.iterations
    for (const name of stopNames) if (name in delta) this.message = { ...this.message, [name]: delta[name] }
    return none
  }

  /** Content, usage and model received until now. Read for errors, which report the text and usage of an incomplete answer. */
  get partialReply(): { readonly usage?: Usage; readonly model?: string; readonly content: ReadonlyArray<Block> } {
    const content = [...this.blocks.values()]
    return this.message === undefined ? { content } : { usage: this.usage, model: this.message.model, content }
  }

  /** The reply; `undefined` before `message_start`. */
  reply(headers: Readonly<Record<string, string>>): Reply | undefined {
    if (this.message === undefined) return undefined
    const reply = replyOf({ ...this.message, content: this.partialReply.content }, headers)
    return withFallback({ ...reply, usage: this.usage }, this.iterations)
  }
}

const stopNames = ["stop_reason", "stop_sequence", "stop_details"] as const

/** The field of each delta type that holds the added value. */
const field = {
  text_delta: "text",
  thinking_delta: "thinking",
  signature_delta: "signature",
  citations_delta: "citation",
  input_json_delta: "partial_json"
} as const
