/** Builds a message from the events of its stream, whatever their order: no text that arrives is left out. */
import { Predicate } from "effect"
import { type Block, type Reply, textOf, type Usage } from "../Message.ts"
import { errorWithin } from "./ApiFailure.ts"
import { holdsAnswer, isErrorEvent, isTextType, meaningOf } from "./ForeignEvent.ts"
import { type Json, jsonOf } from "./Json.ts"
import { type ApiMessage, type ApiStop, isStop, messageOf, replyOf } from "./ReplyMessage.ts"
import { iterationsOf, withFallback } from "./ServerFallback.ts"
import { stopReasonOf } from "./StopReason.ts"
import { StreamBlocks } from "./StreamBlocks.ts"
import { type Counts, countsOf, later, usageOf } from "./UsageCounts.ts"

/**
 * What one event did: added text, completed the message (`Stopped`, `Whole` where it was all of it), reported an error, could not
 * be decoded, contradicted the events before it (`Disorder`), was of another API (`Foreign`; `isAnswer`: with text), or none.
 */
export type Step =
  | { readonly _tag: "None" }
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Stopped" }
  | { readonly _tag: "Whole"; readonly text: string }
  | { readonly _tag: "Error"; readonly body: unknown }
  | { readonly _tag: "Unreadable" }
  | { readonly _tag: "Disorder"; readonly detail: string }
  | { readonly _tag: "Foreign"; readonly isAnswer: boolean }

const none: Step = { _tag: "None" }
const unreadable: Step = { _tag: "Unreadable" }
const textStep = (text: string | undefined): Step =>
  text === undefined ? unreadable : text === "" ? none : { _tag: "Text", text }
const disorder = (detail: string): Step => ({ _tag: "Disorder", detail })
const errorStep = (body: unknown): Step => ({ _tag: "Error", body })

/** Takes the events of one stream in order; its reply equals that of a request without `stream`. */
export class StreamAccumulator {
  #message: ApiMessage | undefined
  #stop: ApiStop = {}
  #counts: Counts = {}
  #iterations: unknown
  /** A `message_delta` had a count of output tokens; that of `message_start` is from before the answer. */
  #hasFinalCount = false
  readonly #blocks = new StreamBlocks()

  /** How many events of the API have come, other than pings and errors. */
  eventCount = 0
  /** Text came after the stop reason. */
  isAfterStopReason = false
  /** The texts of events `text`, which repeat those of the deltas. */
  #repeated = ""

  /** Takes one event's name and data. Unknown events and deltas are ignored, as the API documentation requires. */
  take(name: string, data: string): Step {
    const json = jsonOf(data)
    const event: Json | undefined = Predicate.isObject(json) ? json : undefined
    // Some gateways send no `event:` lines, which makes every name `message`.
    const type = event !== undefined && types.has(event["type"]) ? (event["type"] as string) : name
    if (type === "error") return errorStep(json)
    if (!types.has(type)) return this.#takeUnknown(name, data, event)
    this.eventCount++
    if (event === undefined) return type === "message_stop" ? { _tag: "Stopped" } : unreadable
    const error = errorWithin(event) ?? errorWithin(event["message"]) ?? errorWithin(event["delta"])
    return error === undefined ? this.#takeKnown(type, event) : errorStep({ error })
  }

  #takeKnown(type: string, event: Json): Step {
    switch (type) {
      case "message_start":
        return this.#start(event)
      case "content_block_start":
        return this.#beginBlock(event)
      case "content_block_delta":
        return this.#addDelta(event)
      case "content_block_stop":
        return this.#endBlock(event)
      case "message_delta":
        return this.#addMessageDelta(event)
      default:
        return this.#stopWith(event)
    }
  }

  #takeUnknown(name: string, data: string, event: Json | undefined): Step {
    const text = data.trim()
    // The last event of a stream in OpenAI's format, which some gateways also send.
    if (text === "[DONE]") return this.hasStopReason ? { _tag: "Stopped" } : none
    // An event that is cut or written twice as JSON may be a delta, unless its name says that it is none.
    if (event === undefined) return text === "" || (name !== "message" && !/^[[{"]/.test(text)) ? none : unreadable
    const error = errorWithin(event)
    if (event["type"] === "message") return error === undefined ? this.#takeWhole(event) : errorStep({ error })
    if (isErrorEvent(name, event)) return errorStep(event)
    if (isTextType(event["type"]) && typeof event["text"] === "string") this.#repeated += event["text"]
    const meaning = meaningOf(name, event)
    return meaning === "nothing" ? none : { _tag: "Foreign", isAnswer: meaning === "answer" }
  }

  /** A message that is sent as one event, instead of its stream or at its end. */
  #takeWhole(event: Json): Step {
    const message = messageOf(event)
    if (message === undefined) return unreadable
    this.eventCount++
    if (this.#message !== undefined || this.#blocks.content.length > 0) {
      return this.#isReceived(message)
        ? none
        : disorder("a message came whole whose text is not that of the events before it")
    }
    const step = this.#start({ message })
    this.#addFinalUsage(message.usage)
    if (step._tag === "Text") return { _tag: "Whole", text: step.text }
    return step._tag === "None" ? { _tag: "Whole", text: "" } : step
  }

  #start(event: Json): Step {
    const given = event["message"]
    const message = Predicate.isObject(given) ? messageOf({ ...given, content: given["content"] ?? [] }) : undefined
    if (message === undefined) return unreadable
    if (this.#message !== undefined) {
      // Text of another message would be joined to that of the first one.
      if (!message.id || message.id !== this.#message.id)
        return disorder(`a second message (${message.id || "without id"}) began within the first`)
      const isSame = textOf(message) === "" || textOf(message) === textOf(this.#message)
      this.#blocks.onRestart()
      return isSame ? none : disorder("the message began a second time, with another text")
    }
    this.#message = message
    this.#counts = later(countsOf(message.usage), this.#counts)
    const texts = message.content.map((block) => this.#blocks.begin(undefined, block))
    return textStep(texts.includes(undefined) ? undefined : texts.join(""))
  }

  #beginBlock(event: Json): Step {
    const { content_block: block, index } = event
    if (hasAnswerBeside(event, "content_block")) return disorder("a content_block_start has text beside its block")
    if (this.#blocks.isRepeated(index)) return disorder("the message began a second time, and so did its text")
    return this.#added(textStep(this.#blocks.begin(index, block)))
  }

  /** Some gateways send no delta where nothing is added, and its text beside where it should be. */
  #addDelta(event: Json): Step {
    const { delta, index, text } = event
    const isBeside = Predicate.isNullish(delta)
    const given = isBeside ? { text } : delta
    if (!Predicate.isObject(given)) return unreadable
    if (hasAnswerBeside(event, isBeside ? "text" : "delta"))
      return disorder("a content_block_delta has text beside its delta")
    return this.#added(textStep(this.#blocks.change(index, given)))
  }

  #added(step: Step): Step {
    if (step._tag === "Text" && this.hasStopReason) this.isAfterStopReason = true
    return step
  }

  #endBlock(event: Json): Step {
    const { content_block: block, index } = event
    if (hasAnswerBeside(event, "content_block")) return disorder("a content_block_stop has text")
    return this.#blocks.end(index, block) ? none : disorder("a block ended with another text than it had")
  }

  #stopWith(event: Json): Step {
    const message = messageOf(event["message"])
    return message === undefined || this.#isReceived(message)
      ? { _tag: "Stopped" }
      : disorder("the message ended with another text than it had")
  }

  #isReceived(message: ApiMessage): boolean {
    return textOf(message) === textOf({ content: this.#blocks.content })
  }

  #addMessageDelta(event: Json): Step {
    const stop = event["delta"] ?? {}
    if (!isStop(stop)) return unreadable
    if (holdsAnswer(event)) return disorder("a message_delta has text")
    this.#addFinalUsage(event["usage"])
    // A second reason does not make an answer whole that the first one calls cut, declined or waiting for a tool.
    if (this.#isIncomplete) return none
    // A later event without the reason does not take it back.
    for (const name of stopNames) if (stop[name]) this.#stop = { ...this.#stop, [name]: stop[name] }
    return none
  }

  #addFinalUsage(usage: unknown): void {
    const counts = countsOf(usage)
    if (Predicate.isNotNullish(counts.outputTokens)) this.#hasFinalCount = true
    this.#counts = later(this.#counts, counts)
    this.#iterations = iterationsOf(usage) ?? this.#iterations
  }

  get #isIncomplete(): boolean {
    const { stop_reason: reason } = this.#stop
    return typeof reason === "string" && incomplete.has(stopReasonOf(reason))
  }

  /** A `message_delta` said why the message ends: all of its content has come. */
  get hasStopReason(): boolean {
    return this.#stop.stop_reason !== undefined
  }

  /** A content block has begun, and has not ended. */
  get hasOpenBlock(): boolean {
    return this.#blocks.isOpen
  }

  /** Events `text` repeated texts that are not those of the message. */
  get lacksText(): boolean {
    return this.#repeated !== "" && this.#repeated !== textOf({ content: this.#blocks.content })
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

/** Stop reasons of a message that is no answer. */
const incomplete: ReadonlySet<string | null> = new Set([
  "max_tokens",
  "model_context_window_exceeded",
  "refusal",
  "tool_use",
  "error"
])

/** Whether an event has text in another field than that which is read; the same text may stand there once more. */
const hasAnswerBeside = (event: Json, read: string): boolean => {
  for (const name in event) {
    if (name === "type" || name === "index" || name === read) continue
    const beside = event[name]
    if (!holdsAnswer({ [name]: beside })) continue
    const own = event[read]
    if (!Predicate.isObject(own) || own["text"] !== beside) return true
  }
  return false
}

const stopNames = ["stop_reason", "stop_sequence", "stop_details", "container"] as const
