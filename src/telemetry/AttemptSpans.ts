/** What happens within a call: each request, and what it waited for before it left. Nothing here says what was billed. */
import type { Event } from "../claude/Event.ts"
import { attribute, shared, span as names } from "./Names.ts"
import * as Span from "./Span.ts"
import type { Surroundings } from "./Surroundings.ts"

type Tagged<Tag> = Extract<Event, { readonly _tag: Tag }>

/** A request on its way. */
interface OpenAttempt {
  readonly at: number
  readonly attempt: number
  readonly isHedge: boolean
  readonly isBatched: boolean
  firstTokenAt: number | undefined
}

/** Of every request: made once. */
const ofMethod = attribute("http.request.method", "POST")
const ofSuccess = attribute("http.response.status_code", 200)

/** Reasons of an attempt that was stopped on purpose: it has not failed. */
const stopped: ReadonlySet<string> = new Set(["Interrupted", "Outrun"])

export class AttemptSpans {
  readonly #around: Surroundings
  readonly #parent: Span.Identity
  readonly #open: Array<OpenAttempt> = []
  #backoff: { readonly from: number; readonly until: number } | undefined
  /** From a streamed request to the first piece of its answer, of the attempt that replied last. */
  firstChunkMillis: number | undefined

  constructor(around: Surroundings, parent: Span.Identity) {
    this.#around = around
    this.#parent = parent
  }

  dispatch({ at, attempt, batched, hedge, waited = {} }: Tagged<"Dispatched">): void {
    const isHedge = hedge === true
    if (!isHedge) {
      const { pacing = 0, warm = 0 } = waited
      const pacedFrom = at - pacing
      this.#endBackoff(pacedFrom - warm, attempt)
      this.#wait("warm", pacedFrom - warm, pacedFrom, attempt)
      this.#wait("pace", pacedFrom, at, attempt)
    }
    // Its result was there already: nothing is on its way.
    const isBatched = batched === true
    if (!isBatched) this.#countInFlight(1)
    this.#open.push({ at, attempt, isHedge, isBatched, firstTokenAt: undefined })
  }

  firstToken(attempt: number, at: number): void {
    const open = this.#open.findLast((each) => each.attempt === attempt && !each.isHedge)
    if (open !== undefined) open.firstTokenAt ??= at
  }

  end(event: Tagged<"Replied"> | Tagged<"AttemptFailed">): void {
    const isHedge = event.hedge === true
    const open = this.#open.find((each) => each.attempt === event.attempt && each.isHedge === isHedge)
    if (open === undefined) return
    if (this.#open.length === 1) this.#open.length = 0
    else this.#open.splice(this.#open.indexOf(open), 1)
    const reason = event._tag === "AttemptFailed" ? event.reason : undefined
    if (reason === undefined) {
      this.firstChunkMillis = open.firstTokenAt === undefined ? undefined : open.firstTokenAt - open.at
    }
    if (reason === "RateLimited" || reason === "Overloaded") {
      this.#around.metrics.add("refusals", 1, reason, () => [attribute("error.type", reason)])
    }
    this.#post(open, event.at, reason)
  }

  /** The next attempt leaves after `until`. */
  backOff(from: number, until: number): void {
    this.#backoff = { from, until }
  }

  /** The call has ended: so has all that is within it. */
  close(at: number): void {
    this.#endBackoff(at)
    for (const open of this.#open.splice(0)) this.#post(open, at, "Interrupted")
  }

  #endBackoff(latest: number, attempt?: number): void {
    if (this.#backoff === undefined) return
    const { from, until } = this.#backoff
    this.#backoff = undefined
    this.#wait("backoff", from, Math.min(until, latest), attempt)
  }

  #wait(cause: "pace" | "warm" | "backoff", from: number, until: number, attempt?: number): void {
    if (until <= from) return
    this.#around.metrics.add("wait", (until - from) / 1000, cause, () => [attribute("fanfold.wait.cause", cause)])
    this.#around.emit(
      Span.make(Span.identity(this.#parent), this.#parent, {
        name: names[cause],
        kind: Span.kind.internal,
        startAt: from,
        endAt: until,
        attributes: attempt === undefined ? [] : [shared("fanfold.attempt", attempt)]
      })
    )
  }

  #post({ at, attempt, isBatched, isHedge }: OpenAttempt, endAt: number, reason: string | undefined): void {
    if (isBatched) return
    this.#countInFlight(-1)
    const { requestUrl, server } = this.#around
    const attributes = [ofMethod, ...server, shared("fanfold.attempt", attempt)]
    if (requestUrl !== undefined) attributes.push(requestUrl)
    if (attempt > 1) attributes.push(attribute("http.request.resend_count", attempt - 1))
    if (isHedge) attributes.push(attribute("fanfold.hedge", true))
    if (reason === undefined) attributes.push(ofSuccess)
    else attributes.push(attribute("error.type", reason))
    this.#around.emit(
      Span.make(Span.identity(this.#parent), this.#parent, {
        name: names.attempt,
        kind: Span.kind.client,
        startAt: at,
        endAt,
        attributes,
        error: reason === undefined || stopped.has(reason) ? undefined : reason
      })
    )
  }

  #countInFlight(by: number): void {
    this.#around.metrics.add("inFlight", by, "", () => [])
  }
}
