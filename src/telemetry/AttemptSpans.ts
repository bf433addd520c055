/** The spans of what happens within a call: each request, and what it waited for before it left. Nothing here says what was billed. */
import type { Event } from "../claude/Event.ts"
import { attribute, span as names } from "./Names.ts"
import * as Span from "./Span.ts"
import type { Surroundings } from "./Surroundings.ts"

/** How a request left. */
export type Dispatched = Extract<Event, { readonly _tag: "Dispatched" }>

/** Reasons of an attempt that was stopped on purpose: it has not failed. */
const stopped: ReadonlySet<string> = new Set(["Interrupted", "Outrun"])

/** Counts a request that has ended, by an answer or for this `reason`, and makes its span. */
export const end = (
  around: Surroundings,
  parent: Span.Identity,
  dispatched: Dispatched,
  endAt: number,
  reason: string | undefined
): void => {
  if (reason === "RateLimited" || reason === "Overloaded") around.metrics.addRefusal(reason)
  // Its result was there already: nothing was on its way.
  if (dispatched.batched === true) return
  around.metrics.inFlight--
  const { attributes, title } = sharedBy(around, dispatched, reason)
  const error = reason === undefined || stopped.has(reason) ? undefined : reason
  around.emit(Span.make(Span.identity(parent), parent, { title, startAt: dispatched.at, endAt, attributes, error }))
}

export type Cause = "pace" | "warm" | "backoff"

/** Counts a time that a call waited, if it did, and makes its span. `attempt`: what left after it. */
export const wait = (
  around: Surroundings,
  parent: Span.Identity,
  cause: Cause,
  from: number,
  until: number,
  attempt?: number
): void => {
  if (until <= from) return
  around.metrics.addWait((until - from) / 1000, cause)
  around.emit(
    Span.make(Span.identity(parent), parent, {
      title: Span.title(names[cause], "internal"),
      startAt: from,
      endAt: until,
      attributes: attempt === undefined ? "" : attribute("fanfold.attempt", attempt)
    })
  )
}

/** What the span of the latest request has in common with most others: its text is made once. */
interface Shared {
  readonly server: Surroundings["server"]
  readonly attempt: number
  readonly hedge: boolean | undefined
  readonly reason: string | undefined
  readonly title: Span.Title
  readonly attributes: string
}
let latest: Shared | undefined

const sharedBy = (
  { requestUrl, server }: Surroundings,
  { attempt, hedge }: Dispatched,
  reason: string | undefined
): Shared => {
  if (latest?.server === server && latest.attempt === attempt && latest.hedge === hedge && latest.reason === reason) {
    return latest
  }
  const attributes = [attribute("http.request.method", "POST"), ...server, attribute("fanfold.attempt", attempt)]
  if (requestUrl !== undefined) attributes.push(requestUrl)
  if (attempt > 1) attributes.push(attribute("http.request.resend_count", attempt - 1))
  if (hedge === true) attributes.push(attribute("fanfold.hedge", true))
  attributes.push(reason === undefined ? attribute("http.response.status_code", 200) : attribute("error.type", reason))
  const title = Span.title(names.attempt, "client")
  return (latest = { server, attempt, hedge, reason, title, attributes: attributes.join(",") })
}
