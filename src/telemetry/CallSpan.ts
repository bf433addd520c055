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
    const isFailed = failure !== undefined && failure.reason !== "Interrupted"
    const message = failure && (this.#around.isWithContent ? failure.message : messageOf(failure))
    this.#around.emit(
      Span.make(this.#own, this.#subject.parent, {
        name: this.#model === undefined ? operation.chat : `${operation.chat} ${this.#model}`,
        kind: Span.kind.client,
        startAt: this.#startAt,
        endAt: at,
        attributes: this.#attributesOf(failure),
        error: isFailed ? (message ?? failure.reason) : undefined,
        event: isFailed ? exceptionOf(failure.reason, message, at) : undefined
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

  #attributesOf(failure: Failure | undefined): string {
    const request = this.#request
    const reply = this.#reply
    const response = this.#response
    const { firstChunkMillis } = this.#attempts
    const { index, name, run } = this.#subject
    const tokens = tokensOf(this.#usage)
    let text = `${commonOf(this.#around.server, this.#model, this.#isStreamed, request)},${attribute("gen_ai.usage.input_tokens", tokens.inputTokens)},${attribute("gen_ai.usage.output_tokens", tokens.outputTokens)},${shared("gen_ai.usage.cache_read.input_tokens", tokens.cacheReadTokens)},${shared("gen_ai.usage.cache_write.input_tokens", tokens.cacheWriteTokens)},${shared("gen_ai.usage.reasoning.output_tokens", tokens.reasoningTokens)},${attribute("fanfold.ask.name", name)}`
    if (response !== undefined) {
      text += `,${shared("gen_ai.response.model", response.model)}`
      if (response.stopReason !== null) text += `,${shared("gen_ai.response.finish_reasons", response.stopReason)}`
    }
    if (reply !== undefined) text += `,${attribute("gen_ai.response.id", reply.id)}`
    if (run !== "") text += `,${shared("fanfold.run.id", run)}`
    if (index !== undefined) text += `,${attribute("fanfold.ask.index", index)}`
    if (this.#costUsd !== undefined) text += `,${attribute("fanfold.cost.usd", this.#costUsd)}`
    if (this.#isReused) text += `,${attribute("fanfold.reused", true)}`
    if (firstChunkMillis !== undefined) {
      text += `,${attribute("gen_ai.response.time_to_first_chunk", firstChunkMillis / 1000)}`
    }
    if (failure !== undefined) text += `,${attribute("error.type", failure.reason)}`
    if (this.#around.isWithContent) {
      if (request !== undefined) text += `,${ContentAttributes.ofRequest(request).join(",")}`
      if (reply !== undefined) text += `,${ContentAttributes.ofReply(reply)}`
    }
    return text
  }

  /** Tokens are counted for failed calls too, as 0 where none were billed. */
  #count(at: number, failure: Failure | undefined): void {
    const { metrics } = this.#around
    const [model, response, error] = [this.#model, this.#response?.model, failure?.reason]
    const attributes = () => [
      ofOperation,
      ofProvider,
      ...this.#around.server,
      ...(model === undefined ? [] : [shared("gen_ai.request.model", model)]),
      ...(response === undefined ? [] : [shared("gen_ai.response.model", response)]),
      ...(error === undefined ? [] : [attribute("error.type", error)])
    ]
    const series = metrics.ofCall(model, response, error, attributes)
    series.duration.add(Math.max(0, at - this.#startAt) / 1000)
    const { firstChunkMillis } = this.#attempts
    if (firstChunkMillis !== undefined) {
      metrics.add("timeToFirstChunk", firstChunkMillis / 1000, series.key, attributes)
    }
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

/** The attributes of the latest request, which most calls share. */
interface Latest {
  readonly server: Surroundings["server"]
  readonly model: string | undefined
  readonly isStreamed: boolean
  readonly maxTokens: Request["maxTokens"] | undefined
  readonly stopSequences: Request["stopSequences"]
  readonly effort: Request["effort"]
  readonly isJson: boolean
  readonly text: string
}
let latest: Latest | undefined

const commonOf = (
  server: Surroundings["server"],
  model: string | undefined,
  isStreamed: boolean,
  request: Request | undefined
): string => {
  const maxTokens = request?.maxTokens
  const stopSequences = request?.stopSequences
  const effort = request?.effort
  const isJson = request?.answerSchema !== undefined
  if (
    latest?.server === server &&
    latest.model === model &&
    latest.isStreamed === isStreamed &&
    latest.maxTokens === maxTokens &&
    latest.stopSequences === stopSequences &&
    latest.effort === effort &&
    latest.isJson === isJson
  ) {
    return latest.text
  }
  const attributes = [ofOperation, ofProvider, ...server]
  if (model !== undefined) attributes.push(attribute("gen_ai.request.model", model))
  if (isStreamed) attributes.push(attribute("gen_ai.request.stream", true))
  if (maxTokens !== undefined) attributes.push(attribute("gen_ai.request.max_tokens", maxTokens))
  if (stopSequences !== undefined) attributes.push(attribute("gen_ai.request.stop_sequences", stopSequences))
  if (effort !== undefined) attributes.push(attribute("gen_ai.request.reasoning.level", effort))
  if (isJson) attributes.push(attribute("gen_ai.output.type", "json"))
  latest = { server, model, isStreamed, maxTokens, stopSequences, effort, isJson, text: attributes.join(",") }
  return latest.text
}

const exceptionOf = (reason: string, message: string | undefined, at: number): string => {
  const attributes = [attribute("exception.type", reason)]
  if (message !== undefined) attributes.push(attribute("exception.message", message))
  return `{"timeUnixNano":"${Span.nanos(at)}","name":"${exceptionEvent}","attributes":[${attributes.join(",")}]}`
}
