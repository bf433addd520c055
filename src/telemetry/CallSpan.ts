/** One call, an ask or a synthesis with all its tries: its spans and metrics, made of its events. */
import type { Content, Event } from "../claude/Event.ts"
import { messageOf } from "../claude/EventContent.ts"
import { addUsage, noUsage, type Reply, type Request, type Usage } from "../claude/Message.ts"
import { AttemptSpans } from "./AttemptSpans.ts"
import * as ContentAttributes from "./Content.ts"
import { attribute, exceptionEvent, operation, provider, shared } from "./Names.ts"
import * as Span from "./Span.ts"
import type { Surroundings } from "./Surroundings.ts"

type Tagged<Tag> = Extract<Event, { readonly _tag: Tag }>

/** Why a call has no answer. */
export interface Failure {
  readonly reason: string
  readonly message: string
}

/** Of which run and ask a call is. */
export interface Subject {
  readonly parent: Span.Identity | undefined
  readonly run: string
  readonly name: string
  /** Where it stands in the plan; `undefined` for a synthesis, and for an ask of no research. */
  readonly index: number | undefined
}

export class CallSpan {
  readonly #around: Surroundings
  readonly #subject: Subject
  readonly #startAt: number
  readonly #own: Span.Identity
  readonly #attempts: AttemptSpans
  #model: string | undefined
  #request: Request | undefined
  #isStreamed = false
  #response: Pick<Tagged<"Replied">, "model" | "stopReason"> | undefined
  #reply: Reply | undefined
  #isReused = false
  #usage: Usage = noUsage
  #costUsd: number | undefined = 0

  constructor(around: Surroundings, subject: Subject, startAt: number) {
    this.#around = around
    this.#subject = subject
    this.#startAt = startAt
    this.#own = Span.identity(subject.parent)
    this.#attempts = new AttemptSpans(around, this.#own)
  }

  dispatch(event: Tagged<"Dispatched">, content?: Content): void {
    this.#model ??= event.model
    this.#request ??= content?.request
    if (content?.isStreamed === true) this.#isStreamed = true
    this.#attempts.dispatch(event)
  }

  firstToken({ at, attempt }: Tagged<"FirstToken">): void {
    this.#isStreamed = true
    this.#attempts.firstToken(attempt, at)
  }

  /** A reply, or an attempt that failed; both may be paid. */
  endAttempt(event: Tagged<"Replied"> | Tagged<"AttemptFailed">, content?: Content): void {
    this.#attempts.end(event)
    if (event.usage !== undefined) this.#pay(event.usage, event.costUsd, event.model)
    if (event._tag !== "Replied") return
    this.#response = event
    this.#reply = content?.reply
  }

  reuse({ model }: Tagged<"Reused">, content?: Content): void {
    this.#model ??= model
    this.#isReused = true
    this.#reply = content?.reply
    this.#response = { model, stopReason: content?.reply?.stopReason ?? null }
  }

  backOff({ at, delayMillis }: Tagged<"Retrying">): void {
    this.#attempts.backOff(at, at + delayMillis)
  }

  /** What it has cost; `undefined` where that is not known. */
  get costUsd(): number | undefined {
    return this.#costUsd
  }

  /** Makes the span of the call, and counts it. */
  end(at: number, failure?: Failure): void {
    this.#attempts.close(at)
    const attributes = this.#requestAttributes
    this.#addResponse(attributes)
    this.#addOwn(attributes)
    if (failure !== undefined) attributes.push(attribute("error.type", failure.reason))
    const message = failure && (this.#around.isWithContent ? failure.message : messageOf(failure))
    this.#around.emit(
      Span.make(this.#own, this.#subject.parent, {
        name: this.#model === undefined ? operation.chat : `${operation.chat} ${this.#model}`,
        kind: Span.kind.client,
        startAt: this.#startAt,
        endAt: at,
        attributes,
        ...(failure !== undefined &&
          failure.reason !== "Interrupted" && {
            error: message ?? failure.reason,
            events: [exceptionOf(failure.reason, message, at)]
          })
      })
    )
    this.#count(at, failure)
  }

  #pay(usage: Usage, costUsd: number | undefined, model: string | undefined): void {
    this.#usage = this.#usage === noUsage ? usage : addUsage(this.#usage, usage)
    this.#costUsd = this.#costUsd === undefined || costUsd === undefined ? undefined : this.#costUsd + costUsd
    if (costUsd === undefined) return
    this.#around.metrics.add("cost", costUsd, model ?? "", () =>
      model === undefined ? [] : [shared("gen_ai.request.model", model)]
    )
  }

  get #requestAttributes(): Span.Span["attributes"] {
    const request = this.#request
    const attributes = [ofOperation, ofProvider, ...this.#around.server]
    if (this.#model !== undefined) attributes.push(shared("gen_ai.request.model", this.#model))
    if (this.#isStreamed) attributes.push(ofStream)
    if (request === undefined) return attributes
    const { answerSchema, effort, maxTokens, stopSequences } = request
    attributes.push(shared("gen_ai.request.max_tokens", maxTokens))
    if (stopSequences !== undefined) attributes.push(attribute("gen_ai.request.stop_sequences", stopSequences))
    if (effort !== undefined) attributes.push(attribute("gen_ai.request.reasoning.level", effort))
    if (answerSchema !== undefined) attributes.push(attribute("gen_ai.output.type", "json"))
    if (this.#around.isWithContent) attributes.push(...ContentAttributes.ofRequest(request))
    return attributes
  }

  #addResponse(attributes: Span.Span["attributes"]): void {
    const { firstChunkMillis } = this.#attempts
    const reply = this.#reply
    if (this.#response !== undefined) {
      const { model, stopReason } = this.#response
      attributes.push(shared("gen_ai.response.model", model))
      if (stopReason !== null) attributes.push(attribute("gen_ai.response.finish_reasons", [stopReason]))
    }
    if (reply !== undefined) {
      attributes.push(attribute("gen_ai.response.id", reply.id))
      if (this.#around.isWithContent) attributes.push(ContentAttributes.ofReply(reply))
    }
    if (firstChunkMillis !== undefined) {
      attributes.push(attribute("gen_ai.response.time_to_first_chunk", firstChunkMillis / 1000))
    }
  }

  #addOwn(attributes: Span.Span["attributes"]): void {
    const { index, name, run } = this.#subject
    const tokens = tokensOf(this.#usage)
    attributes.push(
      attribute("gen_ai.usage.input_tokens", tokens.inputTokens),
      attribute("gen_ai.usage.output_tokens", tokens.outputTokens),
      shared("gen_ai.usage.cache_read.input_tokens", tokens.cacheReadTokens),
      shared("gen_ai.usage.cache_write.input_tokens", tokens.cacheWriteTokens),
      shared("gen_ai.usage.reasoning.output_tokens", tokens.reasoningTokens),
      attribute("fanfold.ask.name", name)
    )
    if (run !== "") attributes.push(shared("fanfold.run.id", run))
    if (index !== undefined) attributes.push(attribute("fanfold.ask.index", index))
    if (this.#isReused) attributes.push(attribute("fanfold.reused", true))
    if (this.#costUsd !== undefined) attributes.push(attribute("fanfold.cost.usd", this.#costUsd))
  }

  /** Tokens are counted for failed calls too, as 0 where none were billed. */
  #count(at: number, failure: Failure | undefined): void {
    const { metrics } = this.#around
    const [model, response, error] = [this.#model, this.#response?.model, failure?.reason]
    const key = `${model} ${response} ${error}`
    const common = () => [
      ofOperation,
      ofProvider,
      ...this.#around.server,
      ...(model === undefined ? [] : [shared("gen_ai.request.model", model)]),
      ...(response === undefined ? [] : [shared("gen_ai.response.model", response)]),
      ...(error === undefined ? [] : [attribute("error.type", error)])
    ]
    const series = metrics.ofCall(key, common, () => [...common(), attribute("gen_ai.token.modality", "text")])
    series.duration.add(Math.max(0, at - this.#startAt) / 1000)
    const { firstChunkMillis } = this.#attempts
    if (firstChunkMillis !== undefined) metrics.add("timeToFirstChunk", firstChunkMillis / 1000, key, common)
    const tokens = tokensOf(this.#usage)
    series.inputTokens.add(tokens.inputTokens)
    series.outputTokens.add(tokens.outputTokens)
    series.cacheReadTokens.add(tokens.cacheReadTokens)
    series.cacheWriteTokens.add(tokens.cacheWriteTokens)
    series.reasoningTokens.add(tokens.reasoningTokens)
  }
}

/** As telemetry counts them: input includes what came from or went to the prompt cache. */
const tokensOf = (usage: Usage) => ({
  inputTokens: usage.inputTokens + usage.cacheReadInputTokens + usage.cacheCreationInputTokens,
  outputTokens: usage.outputTokens,
  cacheReadTokens: usage.cacheReadInputTokens,
  cacheWriteTokens: usage.cacheCreationInputTokens,
  reasoningTokens: usage.thinkingTokens
})

/** Of every call: made once. */
const ofOperation = attribute("gen_ai.operation.name", operation.chat)
const ofProvider = attribute("gen_ai.provider.name", provider)
const ofStream = attribute("gen_ai.request.stream", true)

const exceptionOf = (reason: string, message: string | undefined, at: number): Span.Span["events"][number] => ({
  name: exceptionEvent,
  timeUnixNano: Span.nanos(at),
  attributes: [
    attribute("exception.type", reason),
    ...(message === undefined ? [] : [attribute("exception.message", message)])
  ],
  droppedAttributesCount: 0
})
