/** One call, an ask or a synthesis with all its tries: its spans and metrics, made of its events. */
import type { Content, Event } from "../claude/Event.ts"
import { messageOf } from "../claude/EventContent.ts"
import { addUsage, noUsage, type Reply, type Request, type Usage } from "../claude/Message.ts"
import * as AttemptSpans from "./AttemptSpans.ts"
import { type Common, sharedBy } from "./CallAttributes.ts"
import * as ContentAttributes from "./Content.ts"
import { inputTokensOf } from "./Metrics.ts"
import { attribute, beforeValueOf, exceptionEvent } from "./Names.ts"
import * as Span from "./Span.ts"
import type { Surroundings } from "./Surroundings.ts"

type Tagged<Tag> = Extract<Event, { readonly _tag: Tag }>

/** Why a call has no answer. */
export interface Failure {
  readonly reason: string
  readonly message: string
}

/** A request on its way. */
interface OpenAttempt {
  readonly dispatched: Tagged<"Dispatched">
  firstTokenAt: number | undefined
}

export class CallSpan {
  readonly #around: Surroundings
  readonly #parent: Span.Identity | undefined
  readonly #own: Span.Identity
  readonly #first: Event
  readonly #index: number | undefined
  readonly #open: Array<OpenAttempt> = []
  #backoff: { readonly from: number; readonly until: number } | undefined
  #model: string | undefined
  #request: Request | undefined
  #isStreamed = false
  #response: Pick<Tagged<"Replied">, "model" | "stopReason"> | undefined
  #reply: Reply | undefined
  /** From a streamed request to the first piece of its answer, of the attempt that replied last. */
  #firstChunkSeconds: number | undefined
  #isReused = false
  #usage: Usage = noUsage
  /** What it has cost; `undefined` where that is not known. */
  costUsd: number | undefined = 0

  /** `first`: the event it begins with. `index`: where it stands in the plan; `undefined` for a synthesis, and for an ask of no research. */
  constructor(around: Surroundings, parent: Span.Identity | undefined, first: Event, index: number | undefined) {
    this.#around = around
    this.#parent = parent
    this.#own = Span.identity(parent)
    this.#first = first
    this.#index = index
  }

  dispatch(event: Tagged<"Dispatched">, content?: Content): void {
    const { at, attempt, batched, hedge, model, waited } = event
    this.#model ??= model
    this.#request ??= content?.request
    if (content?.isStreamed === true) this.#isStreamed = true
    if (hedge !== true && (waited ?? this.#backoff) !== undefined) {
      const { pacing = 0, warm = 0 } = waited ?? {}
      const pacedFrom = at - pacing
      this.#endBackoff(pacedFrom - warm, attempt)
      AttemptSpans.wait(this.#around, this.#own, "warm", pacedFrom - warm, pacedFrom, attempt)
      AttemptSpans.wait(this.#around, this.#own, "pace", pacedFrom, at, attempt)
    }
    if (batched !== true) this.#around.metrics.inFlight++
    this.#open.push({ dispatched: event, firstTokenAt: undefined })
  }

  firstToken({ at, attempt }: Tagged<"FirstToken">): void {
    this.#isStreamed = true
    const open = this.#open.findLast(({ dispatched }) => dispatched.attempt === attempt && dispatched.hedge !== true)
    if (open !== undefined) open.firstTokenAt ??= at
  }

  /** A reply, or an attempt that failed; both may be paid. */
  endAttempt(event: Tagged<"Replied"> | Tagged<"AttemptFailed">, content?: Content): void {
    const isReply = event._tag === "Replied"
    const index = this.#open.findIndex(({ dispatched }) => isOf(event, dispatched))
    if (index !== -1) {
      const { dispatched, firstTokenAt } = this.#open[index]!
      this.#open.splice(index, 1)
      AttemptSpans.end(this.#around, this.#own, dispatched, event.at, isReply ? undefined : event.reason)
      if (isReply) {
        this.#firstChunkSeconds = firstTokenAt === undefined ? undefined : (firstTokenAt - dispatched.at) / 1000
      }
    }
    if (event.usage !== undefined) this.#pay(event.usage, event.costUsd, event.model)
    if (!isReply) return
    this.#response = event
    this.#reply = content?.reply
  }

  reuse({ model }: Tagged<"Reused">, content?: Content): void {
    this.#model ??= model
    this.#isReused = true
    this.#reply = content?.reply
    this.#response = { model, stopReason: content?.reply?.stopReason ?? null }
  }

  /** The next attempt leaves after a time. */
  backOff({ at, delayMillis }: Tagged<"Retrying">): void {
    this.#backoff = { from: at, until: at + delayMillis }
  }

  /** Makes the span of the call, and of what is open within it, and counts it. */
  end(at: number, failure?: Failure): void {
    this.#endBackoff(at)
    for (const { dispatched } of this.#open) AttemptSpans.end(this.#around, this.#own, dispatched, at, "Interrupted")
    const { emit, isWithContent, metrics, server } = this.#around
    const startAt = this.#first.at
    const request = this.#request
    const response = this.#response
    const common: Common = {
      server,
      model: this.#model,
      response: response?.model,
      error: failure?.reason,
      run: this.#first.run,
      isStreamed: this.#isStreamed,
      maxTokens: request?.maxTokens,
      stopSequences: request?.stopSequences,
      effort: request?.effort,
      isJson: request?.answerSchema !== undefined,
      stopReason: response?.stopReason
    }
    metrics.addCall(common, Math.max(0, at - startAt) / 1000, this.#firstChunkSeconds, this.#usage)
    const { attributes, title } = sharedBy(common)
    const failed = failure?.reason === "Interrupted" ? undefined : failure
    const message = failed && (isWithContent ? failed.message : messageOf(failed))
    emit(
      Span.make(this.#own, this.#parent, {
        title,
        startAt,
        endAt: at,
        attributes: `${attributes},${this.#attributes()}`,
        error: failed && (message ?? failed.reason),
        event: failed && exceptionOf(failed.reason, message, at)
      })
    )
  }

  #endBackoff(latest: number, attempt?: number): void {
    if (this.#backoff === undefined) return
    const { from, until } = this.#backoff
    this.#backoff = undefined
    AttemptSpans.wait(this.#around, this.#own, "backoff", from, Math.min(until, latest), attempt)
  }

  #pay(usage: Usage, costUsd: number | undefined, model: string | undefined): void {
    this.#usage = this.#usage === noUsage ? usage : addUsage(this.#usage, usage)
    this.costUsd = this.costUsd === undefined || costUsd === undefined ? undefined : this.costUsd + costUsd
    if (costUsd !== undefined) this.#around.metrics.addCost(costUsd, model)
  }

  /** Those that differ from call to call. */
  #attributes(): string {
    const usage = this.#usage
    const reply = this.#reply
    let text = `${before.inputTokens}${inputTokensOf(usage)}}},${before.outputTokens}${usage.outputTokens}}},${before.cacheReadTokens}${usage.cacheReadInputTokens}}},${before.cacheWriteTokens}${usage.cacheCreationInputTokens}}},${before.reasoningTokens}${usage.thinkingTokens}}},${before.name}${JSON.stringify(this.#first.ask)}}}`
    if (this.#index !== undefined) text += `,${before.index}${this.#index}}}`
    if (reply !== undefined) text += `,${before.id}${JSON.stringify(reply.id)}}}`
    if (this.costUsd !== undefined) text += `,${before.costUsd}${this.costUsd}}}`
    if (this.#firstChunkSeconds !== undefined) {
      text += `,${attribute("gen_ai.response.time_to_first_chunk", this.#firstChunkSeconds)}`
    }
    if (this.#isReused) text += `,${attribute("fanfold.reused", true)}`
    if (!this.#around.isWithContent) return text
    if (this.#request !== undefined) text += `,${ContentAttributes.ofRequest(this.#request).join(",")}`
    return reply === undefined ? text : `${text},${ContentAttributes.ofReply(reply)}`
  }
}

/** Whether it ends this attempt. */
const isOf = (event: Tagged<"Replied"> | Tagged<"AttemptFailed">, dispatched: Tagged<"Dispatched">): boolean =>
  dispatched.attempt === event.attempt && (dispatched.hedge === true) === (event.hedge === true)

/** What stands before the values that differ from call to call. */
const before = {
  inputTokens: beforeValueOf("gen_ai.usage.input_tokens"),
  outputTokens: beforeValueOf("gen_ai.usage.output_tokens"),
  cacheReadTokens: beforeValueOf("gen_ai.usage.cache_read.input_tokens"),
  cacheWriteTokens: beforeValueOf("gen_ai.usage.cache_write.input_tokens"),
  reasoningTokens: beforeValueOf("gen_ai.usage.reasoning.output_tokens"),
  name: beforeValueOf("fanfold.ask.name"),
  index: beforeValueOf("fanfold.ask.index"),
  id: beforeValueOf("gen_ai.response.id"),
  costUsd: beforeValueOf("fanfold.cost.usd")
}

const exceptionOf = (reason: string, message: string | undefined, at: number): string => {
  const attributes = [attribute("exception.type", reason)]
  if (message !== undefined) attributes.push(attribute("exception.message", message))
  return `{"timeUnixNano":"${Span.nanos(at)}","name":"${exceptionEvent}","attributes":[${attributes.join(",")}]}`
}
