/** The content blocks of a streamed message: which block a delta belongs to, whatever its index says. */
import { Predicate } from "effect"
import type { Block } from "../Message.ts"
import { holdsAnswer, isTextType, textIn } from "./ForeignEvent.ts"
import { type Json, jsonOf } from "./Json.ts"
import { asTextBlock, isBlock } from "./ReplyMessage.ts"

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

  /** The blocks that had text when the message began once more. */
  #restarted: ReadonlySet<Received> = new Set()

  /** The message began once more: what follows may be the rest of it, or all of it again. */
  onRestart(): void {
    this.#restarted = new Set(this.#received.filter(({ block }) => initialText(block) !== ""))
  }

  /** Whether a block that begins under this index has come before the message began once more, with text. */
  isRepeated(index: unknown): boolean {
    const earlier = this.#byIndex.get(index)
    return earlier !== undefined && this.#restarted.has(earlier)
  }

  /**
   * Adds a block that begins, unless it is sent once more before any of its deltas; returns the text that it begins with,
   * `undefined` where it cannot be read.
   */
  begin(index: unknown, given: unknown): string | undefined {
    const block = blockOf(given)
    if (block === undefined) return undefined
    const earlier = this.#byIndex.get(index)
    const text = initialText(block)
    const isRepeated =
      earlier !== undefined &&
      !earlier.hasDelta &&
      text === "" &&
      JSON.stringify(earlier.block) === JSON.stringify(block)
    if (!isRepeated && index !== undefined) this.#byIndex.set(index, this.#append(block, true))
    else if (!isRepeated) this.#append(block, false)
    return text
  }

  #append(block: Block, isOpen: boolean): Received {
    const received = { block: { ...block }, isOpen, hasDelta: false, input: "" }
    this.#received.push(received)
    return received
  }

  /** Adds a delta to its block; returns its text, empty for other deltas, or `undefined` where it cannot be read. */
  change(index: unknown, delta: Json): string | undefined {
    const kind = kindOf(delta)
    const { text } = delta
    if (kind?.field !== "text" && typeof text === "string" && text !== "") {
      return kind === undefined || isEmpty(delta[kind.field]) ? this.#addUntyped(index, text) : undefined
    }
    const added = kind === textKind ? textIn(delta) : kind && delta[kind.field]
    if (kind === undefined || isEmpty(added)) return this.#isAnswerLost(index, delta, kind) ? undefined : ""
    if (kind.field === "citation") {
      const received = this.#targetOf(index, kind)
      if (received !== undefined) cite(received.block, added)
      return ""
    }
    return typeof added === "string" ? this.#add(index, kind, added) : undefined
  }

  #add(index: unknown, kind: Kind, added: string): string | undefined {
    const received = this.#targetOf(index, kind)
    if (received === undefined) {
      // JSON of an answer, which some gateways take from a tool and put into a block of text.
      const isOfText = kind.field === "partial_json" && isText(this.#openAt(index)?.block.type ?? "")
      return isOfText ? undefined : ""
    }
    received.hasDelta = true
    const { block } = received
    if (kind.field === "partial_json") received.input += added
    else if (kind.field === "signature") block["signature"] = added
    else append(block, kind.field, added)
    return kind.field === "text" ? added : ""
  }

  /** Text of a delta whose type does not say what it is: that of the open block of its index, else of the answer. */
  #addUntyped(index: unknown, text: string): string | undefined {
    const received = this.#openAt(index)
    if (received === undefined || isText(received.block.type)) return this.#add(index, textKind, text)
    if (isTool(received.block.type)) return undefined
    received.hasDelta = true
    append(received.block, isThinking(received.block.type) ? "thinking" : "text", text)
    return ""
  }

  /** A delta without the field of its type may hold its text in another one; so may one of an unknown type in a text block. */
  #isAnswerLost(index: unknown, delta: Json, kind: Kind | undefined): boolean {
    const { block } = this.#openAt(index) ?? {}
    const isOfAnswer = kind === undefined ? block === undefined || isText(block.type) : kind.field === "text"
    return isOfAnswer && holdsAnswer(delta)
  }

  #openAt(index: unknown): Received | undefined {
    const received = this.#byIndex.get(index)
    return received?.isOpen === true ? received : undefined
  }

  /** A block has begun, and has not ended. */
  get isOpen(): boolean {
    return this.#received.some(({ isOpen }) => isOpen)
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
    if (field === "text") return this.#append({ type: "text", text: "" }, false)
    return isFitting ? ofIndex : undefined
  }

  /** Ends a block; `false` where it is sent whole, as some gateways do at its end, and has another text. */
  end(index: unknown, whole: unknown): boolean {
    const received = this.#byIndex.get(index)
    if (received !== undefined) received.isOpen = false
    const text = isBlock(whole) && isTextType(whole.type) ? textIn(whole) : undefined
    return isEmpty(text) || received?.block["text"] === text
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

/** The value as a block; `undefined` where it is none, or one of text whose text cannot be read. */
const blockOf = (given: unknown): Block | undefined => {
  if (!Predicate.isObject(given)) return undefined
  const type = given["type"] ?? (typeof textIn(given) === "string" ? "text" : undefined)
  const typed = { ...given, type }
  if (!isBlock(typed)) return undefined
  const block = asTextBlock(typed)
  if (block.type !== "text") return block
  const isLost = isEmpty(block["text"]) ? holdsAnswer(given) : typeof block["text"] !== "string"
  return isLost ? undefined : block
}

const isEmpty = (value: unknown): boolean => Predicate.isNullish(value) || value === ""

const append = (block: MutableBlock, field: string, added: string): void => {
  const before = block[field]
  block[field] = `${typeof before === "string" ? before : ""}${added}`
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
const isTool = (type: string): boolean => type.endsWith("tool_use")

const textKind: Kind = { field: "text", isOf: isText }

const kinds: ReadonlyMap<unknown, Kind> = new Map<unknown, Kind>([
  ["thinking_delta", { field: "thinking", isOf: isThinking }],
  ["signature_delta", { field: "signature", isOf: isThinking }],
  ["citations_delta", { field: "citation", isOf: isText }],
  ["input_json_delta", { field: "partial_json", isOf: isTool }]
])

/** Some gateways leave out the type, or call it `text`. */
const kindOf = ({ text, type }: Json): Kind | undefined =>
  isTextType(type) || (isEmpty(type) && typeof text === "string") ? textKind : kinds.get(type)
