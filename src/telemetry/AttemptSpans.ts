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

  dispatch({ at, attempt, batched, hedge, waited }: Tagged<"Dispatched">): void {
    const isHedge = hedge === true
    if (!isHedge && (waited ?? this.#backoff) !== undefined) {
      const { pacing = 0, warm = 0 } = waited ?? {}
      const pacedFrom = at - pacing
      this.#endBackoff(pacedFrom - warm, attempt)
      this.#wait("warm", pacedFrom - warm, pacedFrom, attempt)
      this.#wait("pace", pacedFrom, at, attempt)
    }
    // Its result was there already: nothing is on its way.
    const isBatched = batched === true
    if (!isBatched) this.#around.metrics.inFlight.add(1)
    this.#open.push({ at, attempt, isHedge, isBatched, firstTokenAt: undefined })
  }

  firstToken(attempt: number, at: number): void {
    const open = this.#open.findLast((each) => each.attempt === attempt && !each.isHedge)
    if (open !== undefined) open.firstTokenAt ??= at
  }

  end(event: Tagged<"Replied"> | Tagged<"AttemptFailed">): void {
    const isHedge = event.hedge === true
    const index = this.#open.findIndex((each) => each.attempt === event.attempt && each.isHedge === isHedge)
    const [open] = index === -1 ? [] : this.#open.splice(index, 1)
    if (open === undefined) return
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
        attributes: attempt === undefined ? "" : shared("fanfold.attempt", attempt)
      })
    )
  }

  #post({ at, attempt, isBatched, isHedge }: OpenAttempt, endAt: number, reason: string | undefined): void {
    if (isBatched) return
    this.#around.metrics.inFlight.add(-1)
    this.#around.emit(
      Span.make(Span.identity(this.#parent), this.#parent, {
        name: names.attempt,
        kind: Span.kind.client,
        startAt: at,
        endAt,
        attributes: attributesOf(this.#around, attempt, isHedge, reason),
        error: reason === undefined || stopped.has(reason) ? undefined : reason
      })
    )
  }
}

/** The attributes of the latest request, which most others share. */
interface Latest {
  readonly server: Surroundings["server"]
  readonly attempt: number
  readonly isHedge: boolean
  readonly reason: string | undefined
  readonly text: string
}
let latest: Latest | undefined

const attributesOf = (
  { requestUrl, server }: Surroundings,
  attempt: number,
  isHedge: boolean,
  reason: string | undefined
): string => {
  if (
    latest?.server === server &&
    latest.attempt === attempt &&
    latest.isHedge === isHedge &&
    latest.reason === reason
  ) {
    return latest.text
  }
  const attributes = [ofMethod, ...server, shared("fanfold.attempt", attempt)]
  if (requestUrl !== undefined) attributes.push(requestUrl)
  if (attempt > 1) attributes.push(attribute("http.request.resend_count", attempt - 1))
  if (isHedge) attributes.push(attribute("fanfold.hedge", true))
  attributes.push(reason === undefined ? ofSuccess : attribute("error.type", reason))
  latest = { server, attempt, isHedge, reason, text: attributes.join(",") }
  return latest.text
}
