/** Reads the text of an event stream, in pieces of any size, to a reply. */
import { Effect } from "effect"
import * as Sse from "effect/encoding/Sse"
import { AskError, BrokenStream, CutOff } from "../AskError.ts"
import type { PartialReply } from "../Attempt.ts"
import { type Reply, textOf } from "../Message.ts"
import { EventLines } from "./EventLines.ts"
import { jsonReply, notJson } from "./JsonReply.ts"
import { headersOf } from "./ReplyHeaders.ts"
import { apiErrorOf, excerptOf } from "./SdkError.ts"
import { type Step, StreamAccumulator } from "./StreamAccumulator.ts"

/** Most characters of one event, half of the longest string that V8 makes. More text is an error, never left out. */
const maxEventSize = 2 ** 28

/** Whether a text is an event stream: its first line is a field of one, or a comment. */
export const isEventStream = (text: string): boolean => /^\s*(?:(?:event|data|id|retry)[ \t]*)?:/i.test(text)

export class EventStream {
  /** `message_stop` has come. */
  isStopped = false
  /** Some text of the answer has come. */
  hasText = false
  /** An event has come, whatever its name. */
  hasEvents = false
  /** Why the stream gives no reply; nothing after it is read. */
  error: AskError | undefined
  readonly #response: Response
  readonly #asked: string
  readonly #onText: (text: string) => void
  readonly #headers: Readonly<Record<string, string>>
  readonly #message = new StreamAccumulator()
  readonly #lines = new EventLines()
  readonly #parser = Sse.makeParser((event) => event._tag === "Event" && this.#take(event.event, event.data), {
    maxEventSize
  })
  /** What came before the first event: all of a body that is no stream. */
  #raw = ""
  /** The first event of another API, and whether one had text of an answer. */
  #foreign: string | undefined
  #hasForeignAnswer = false
  #isAtEnd = false

  /** `asked`: the model of the request. `onText` is called with each piece of the answer. */
  constructor(response: Response, asked: string, onText: (text: string) => void = () => {}) {
    this.#response = response
    this.#asked = asked
    this.#onText = onText
    this.#headers = headersOf(response.headers, true)
  }

  /** Takes the next piece of the body. */
  feed(text: string): void {
    if (this.error !== undefined) return
    if (!this.hasEvents) this.#raw += text
    const lines = this.#lines.next(text)
    const isTooLarge =
      this.#parser.feed(lines) !== undefined || Math.max(this.#raw.length, this.#lines.restLength) > maxEventSize
    if (this.hasEvents) this.#raw = ""
    if (isTooLarge) this.error ??= broken(`an event is longer than ${maxEventSize} characters`)
  }

  /** All content has come; `message_stop` may be missing. */
  get hasStopReason(): boolean {
    return this.#message.hasStopReason
  }

  /** How many events of the API have come, other than pings and errors. */
  get eventCount(): number {
    return this.#message.eventCount
  }

  /** A content block has begun, and has not ended. */
  get hasOpenBlock(): boolean {
    return this.#message.hasOpenBlock
  }

  /** What of the message has arrived. */
  get partial(): PartialReply {
    const { content, model, usage } = this.#message.partialReply
    return { model, usage, partialText: textOf({ content }) || undefined }
  }

  /** Adds what has arrived to an error. */
  readonly withPartial = (error: AskError): AskError => {
    const requestId = error.requestId ?? this.#headers["request-id"]
    return error.with({ headers: this.#headers, requestId, ...this.partial })
  }

  /** The reply, once the body has ended or no more of it is waited for. */
  end(): Effect.Effect<Reply, AskError> {
    const raw = this.#raw
    this.#isAtEnd = true
    // An event that no blank line ends may hold text.
    this.feed("\n\n")
    if (!this.hasEvents && this.error === undefined && !this.#isEmptyStream(raw)) {
      return jsonReply(this.#response, raw, this.#asked)
    }
    const reply = this.#message.reply(this.#headers, this.#asked)
    // Text after the stop reason shows that the message had not ended; then the end of its block must have come.
    const isEnded = !this.#message.isAfterStopReason || !this.hasOpenBlock
    const isComplete = this.isStopped || (this.hasStopReason && isEnded)
    const error = this.error ?? this.#foreignness() ?? this.#incompleteness(isComplete, reply)
    return error === undefined ? Effect.succeed(reply!) : Effect.fail(this.withPartial(error))
  }

  /** The error of a stream whose body broke off: a stream of another API would not have given a reply either. */
  brokenOff(error: AskError): AskError {
    return this.withPartial(this.error ?? this.#foreignness() ?? error)
  }

  /** The body is called an event stream and has no event; one of JSON is read as such. */
  #isEmptyStream(raw: string): boolean {
    const type = this.#response.headers.get("content-type") ?? ""
    return type.includes("text/event-stream") && (raw.trim() === "" || isEventStream(raw))
  }

  #foreignness(): AskError | undefined {
    if (this.#foreign === undefined) return undefined
    if (this.eventCount === 0) return notJson(this.#response, this.#foreign, true)
    return this.#hasForeignAnswer ? broken("it has text in the form of another API") : undefined
  }

  #incompleteness(isComplete: boolean, reply: Reply | undefined): AskError | undefined {
    if (!isComplete) return new AskError({ reason: new CutOff({ detail: "the stream ended without message_stop" }) })
    if (reply === undefined) return broken("it has no message_start")
    return this.#message.lacksText ? broken("it repeats text that is not in its deltas") : undefined
  }

  #take(name: string, data: string): void {
    this.hasEvents = true
    if (this.error !== undefined) return
    const step = this.#message.take(name, data)
    if (this.isStopped) this.error = errorAfterStop(step)
    else if (step._tag === "Text") this.#addText(step.text)
    else if (step._tag === "Whole") {
      this.#addText(step.text)
      this.isStopped = true
    } else if (step._tag === "Stopped") this.isStopped = !this.#isAtEnd
    else if (step._tag === "Foreign") this.#takeForeign(step.isAnswer, data)
    else this.error = this.#errorOf(step, data)
  }

  #addText(text: string): void {
    if (text === "") return
    this.hasText = true
    this.#onText(text)
  }

  #takeForeign(isAnswer: boolean, data: string): void {
    this.#foreign ??= data
    this.#hasForeignAnswer ||= isAnswer
    // Without an event of the API it is not known yet whether the whole stream is of another one.
    if (isAnswer) this.error = this.eventCount === 0 ? undefined : this.#foreignness()
  }

  #errorOf(step: Step, data: string): AskError | undefined {
    switch (step._tag) {
      case "Error":
        return apiErrorOf(undefined, step.body, this.#headers, excerptOf(data))
      case "Disorder":
        return broken(step.detail)
      case "Unreadable":
        return this.#isAtEnd
          ? new AskError({ reason: new CutOff({ detail: "the stream ended within an event" }) })
          : notJson(this.#response, data)
      default:
        return undefined
    }
  }
}

const broken = (detail: string): AskError => new AskError({ reason: new BrokenStream({ detail }) })

/** After `message_stop` the message is complete: errors do not concern it, but text that is not in it must not get lost. */
const errorAfterStop = (step: Step): AskError | undefined =>
  step._tag === "Disorder"
    ? broken(step.detail)
    : step._tag === "Text"
      ? broken("text came after message_stop")
      : step._tag === "Foreign" && step.isAnswer
        ? broken("text in the form of another API came after message_stop")
        : undefined
