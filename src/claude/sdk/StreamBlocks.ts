/** The content blocks of a streamed message: which block a delta belongs to, whatever its index says. */
import type { Block } from "../Message.ts"
import { jsonOf } from "./ReplyMessage.ts"

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

export class StreamBlocks {
  /** In the order of arrival. Two blocks may come under one index. */
  readonly #received: Array<Received> = []
  /** The latest block of each index. */
  readonly #byIndex = new Map<unknown, Received>()

  /** Adds a block that begins, unless it is sent once more before any of its deltas; returns the text that it begins with. */
  begin(index: unknown, block: Block): string {
    const earlier = this.#byIndex.get(index)
    const text = initialText(block)
    const isRepeated =
      earlier !== undefined &&
      !earlier.hasDelta &&
      text === "" &&
      JSON.stringify(earlier.block) === JSON.stringify(block)
    if (!isRepeated && index !== undefined) this.#byIndex.set(index, this.#add(block, true))
    else if (!isRepeated) this.#add(block, false)
    return text
  }

  #add(block: Block, isOpen: boolean): Received {
    const received = { block: { ...block }, isOpen, hasDelta: false, input: "" }
    this.#received.push(received)
    return received
  }

  /** Adds a delta to its block; returns its text, empty for other deltas, or `undefined` where it cannot be read. */
  change(index: unknown, delta: Json): string | undefined {
    const kind = kinds.get(typeOf(delta))
    if (kind === undefined) return ""
    const added = delta[kind.field]
    if (added === undefined || added === null) return ""
    if (kind.field === "citation") {
      const received = this.#targetOf(index, kind)
      if (received !== undefined) cite(received.block, added)
      return ""
    }
    if (typeof added !== "string") return undefined
    const received = this.#targetOf(index, kind)
    if (received === undefined) return ""
    received.hasDelta = true
    const { block } = received
    if (kind.field === "partial_json") received.input += added
    else if (kind.field === "signature") block["signature"] = added
    else {
      const before = block[kind.field]
      block[kind.field] = `${typeof before === "string" ? before : ""}${added}`
    }
    return kind.field === "text" ? added : ""
  }

  /**
   * The block that a delta belongs to: the open one of its index, else the newest, if it is of the delta's type. For text
   * without such a block a new one begins; other deltas without a block are dropped.
   */
  #targetOf(index: unknown, { field, isOf }: Kind): Received | undefined {
    const ofIndex = this.#byIndex.get(index)
    const isFitting = ofIndex !== undefined && isOf(ofIndex.block.type)
    if (isFitting && ofIndex.isOpen) return ofIndex
    const newest = this.#received.at(-1)
    if (newest !== undefined && isOf(newest.block.type)) return newest
    if (field === "text") return this.#add({ type: "text", text: "" }, false)
    return isFitting ? ofIndex : undefined
  }

  end(index: unknown): void {
    const received = this.#byIndex.get(index)
    if (received !== undefined) received.isOpen = false
  }

  /** As far as it has arrived, without the inputs of tools. */
  get content(): ReadonlyArray<Block> {
    return this.#received.map(({ block }) => block)
  }

  /** The content of the complete message. An input that is no JSON is left as its block began. */
  finish(): ReadonlyArray<Block> {
    for (const { block, input } of this.#received) {
      const parsed = input === "" ? undefined : jsonOf(input)
      if (parsed !== undefined) block["input"] = parsed
    }
    return this.content
  }
}

const initialText = ({ text, type }: Block): string => (type === "text" && typeof text === "string" ? text : "")

/** Only the blocks received hold the list, so it can be changed in place. */
const cite = (block: MutableBlock, citation: unknown): void => {
  if (Array.isArray(block["citations"])) block["citations"].push(citation)
  else block["citations"] = [citation]
}

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
