/** One call, an ask or a synthesis with all its tries: its spans and metrics, made of its events. */
import type { Content, Event } from "../claude/Event.ts"
import { messageOf } from "../claude/EventContent.ts"
import { addUsage, noUsage, type Reply, type Request, type Usage } from "../claude/Message.ts"
import * as AttemptSpans from "./AttemptSpans.ts"
import { type Common, templateOf } from "./CallAttributes.ts"
import * as SpanContent from "./Content.ts"
import type { Encoding, Identity, Pieces, SpanEvent } from "./Encoding.ts"
import { inputTokensOf } from "./Metrics.ts"
import { exceptionEvent } from "./Names.ts"
import type { Surroundings } from "./Surroundings.ts"

type Tagged<Tag> = Extract<Event, { readonly _tag: Tag }>

/** Why a call has no answer. */
export interface Failure {
  readonly reason: string
  readonly message: string
}

export class CallSpan {
  readonly #around: Surroundings
  readonly #parent: Identity | undefined
  readonly #own: Identity
  readonly #ask: string
  readonly #run: string
  readonly #startAt: number
  readonly #index: number | undefined
  /** Requests on their way. */
  #open: ReadonlyArray<AttemptSpans.Attempt> = none
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
  constructor(around: Surroundings, parent: Identity | undefined, first: Event, index: number | undefined) {
    this.#around = around
    this.#parent = parent
    this.#own = around.identities.next(parent)
    this.#ask = first.ask
    this.#run = first.run
    this.#startAt = first.at
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
    const sent = {
      number: attempt,
      isHedge: hedge === true,
      isBatched: batched === true,
      startAt: at,
      firstTokenAt: undefined
    }
    this.#open = this.#open === none ? [sent] : [...this.#open, sent]
  }

  firstToken({ at, attempt }: Tagged<"FirstToken">): void {
    this.#isStreamed = true
    const open = this.#open.findLast(({ isHedge, number }) => number === attempt && !isHedge)
    if (open !== undefined) open.firstTokenAt ??= at
  }

  /** A reply, or an attempt that failed; both may be paid. */
  endAttempt(event: Tagged<"Replied"> | Tagged<"AttemptFailed">, content?: Content): void {
    const isReply = event._tag === "Replied"
    const isHedge = event.hedge === true
    const ended = this.#open.find((each) => each.number === event.attempt && each.isHedge === isHedge)
    if (ended !== undefined) {
      const { firstTokenAt, startAt } = ended
      this.#open = this.#open.length === 1 ? none : this.#open.filter((each) => each !== ended)
      AttemptSpans.end(this.#around, this.#own, ended, event.at, isReply ? undefined : event.reason)
      if (isReply) this.#firstChunkSeconds = firstTokenAt === undefined ? undefined : (firstTokenAt - startAt) / 1000
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
    for (const attempt of this.#open) AttemptSpans.end(this.#around, this.#own, attempt, at, "Interrupted")
    const { encoding, isWithContent, metrics, server, spans } = this.#around
    const request = this.#request
    const response = this.#response
    const common: Common = {
      server,
      model: this.#model,
      response: response?.model,
      error: failure?.reason,
      run: this.#run,
      isStreamed: this.#isStreamed,
      maxTokens: request?.maxTokens,
      stopSequences: request?.stopSequences,
      effort: request?.effort,
      isJson: request?.answerSchema !== undefined,
      stopReason: response?.stopReason
    }
    metrics.addCall(common, Math.max(0, at - this.#startAt) / 1000, this.#firstChunkSeconds, this.#usage)
    this.#addAttributes(spans.begin(this.#own, this.#parent, this.#startAt, at, templateOf(encoding, common)))
    if (failure === undefined || failure.reason === "Interrupted") return spans.end()
    const message = isWithContent ? failure.message : messageOf(failure)
    spans.end(message ?? failure.reason, exceptionOf(encoding, failure.reason, message, at))
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
  #addAttributes(pieces: Pieces): void {
    const { encoding, isWithContent } = this.#around
    const add = encoding.addAttribute
    const usage = this.#usage
    const reply = this.#reply
    add(pieces, "gen_ai.usage.input_tokens", inputTokensOf(usage))
    add(pieces, "gen_ai.usage.output_tokens", usage.outputTokens)
    add(pieces, "gen_ai.usage.cache_read.input_tokens", usage.cacheReadInputTokens)
    add(pieces, "gen_ai.usage.cache_write.input_tokens", usage.cacheCreationInputTokens)
    add(pieces, "gen_ai.usage.reasoning.output_tokens", usage.thinkingTokens)
    add(pieces, "fanfold.ask.name", this.#ask)
    if (this.#index !== undefined) add(pieces, "fanfold.ask.index", this.#index)
    if (reply !== undefined) add(pieces, "gen_ai.response.id", reply.id)
    if (this.costUsd !== undefined) add(pieces, "fanfold.cost.usd", this.costUsd)
    if (this.#firstChunkSeconds !== undefined) {
      add(pieces, "gen_ai.response.time_to_first_chunk", this.#firstChunkSeconds)
    }
    if (this.#isReused) add(pieces, "fanfold.reused", true)
    if (!isWithContent) return
    if (this.#request !== undefined) SpanContent.addRequest(encoding, pieces, this.#request)
    if (reply !== undefined) SpanContent.addReply(encoding, pieces, reply)
  }
}

/** Shared by all calls that have no request on its way. */
const none: ReadonlyArray<AttemptSpans.Attempt> = []

const exceptionOf = ({ attribute }: Encoding, reason: string, message: string | undefined, at: number): SpanEvent => {
  const attributes = [attribute("exception.type", reason)]
  if (message !== undefined) attributes.push(attribute("exception.message", message))
  return { at, name: exceptionEvent, attributes }
}
