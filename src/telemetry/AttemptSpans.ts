/** The spans of what happens within a call: each request, and what it waited for before it left. Nothing here says what was billed. */
import type { Identity, Template } from "./Encoding.ts"
import { span as names } from "./Names.ts"
import type { Surroundings } from "./Surroundings.ts"

/** A request on its way. */
export interface Attempt {
  readonly number: number
  readonly isHedge: boolean
  /** Its result was there already: nothing is on its way. */
  readonly isBatched: boolean
  readonly startAt: number
  firstTokenAt: number | undefined
}

/** Reasons of an attempt that was stopped on purpose: it has not failed. */
const stopped: ReadonlySet<string> = new Set(["Interrupted", "Outrun"])

/** Counts a request that has ended, by an answer or for this `reason`, and makes its span. */
export const end = (
  around: Surroundings,
  parent: Identity,
  attempt: Attempt,
  endAt: number,
  reason: string | undefined
): void => {
  const { identities, metrics, spans } = around
  if (reason === "RateLimited" || reason === "Overloaded") metrics.addRefusal(reason)
  if (attempt.isBatched) return
  metrics.inFlight--
  spans.begin(identities.next(parent), parent, attempt.startAt, endAt, templateOf(around, attempt, reason))
  spans.end(reason === undefined || stopped.has(reason) ? undefined : reason)
}

export type Cause = "pace" | "warm" | "backoff"

/** Counts a time that a call waited, if it did, and makes its span. `attempt`: what left after it. */
export const wait = (
  { encoding, identities, metrics, spans }: Surroundings,
  parent: Identity,
  cause: Cause,
  from: number,
  until: number,
  attempt?: number
): void => {
  if (until <= from) return
  metrics.addWait((until - from) / 1000, cause)
  const attributes = attempt === undefined ? [] : [encoding.attribute("fanfold.attempt", attempt)]
  const template = encoding.template(names[cause], "internal", attributes)
  spans.begin(identities.next(parent), parent, from, until, template)
  spans.end()
}

/** What the span of the latest request has in common with most others: its text is made once. */
let latest:
  | {
      readonly server: Surroundings["server"]
      readonly number: number
      readonly isHedge: boolean
      readonly reason: string | undefined
      readonly template: Template
    }
  | undefined

const templateOf = (
  { encoding, requestUrl, server }: Surroundings,
  { isHedge, number }: Attempt,
  reason: string | undefined
): Template => {
  if (latest?.server === server && latest.number === number && latest.isHedge === isHedge && latest.reason === reason) {
    return latest.template
  }
  const { attribute } = encoding
  const attributes = [attribute("http.request.method", "POST"), ...server, attribute("fanfold.attempt", number)]
  if (requestUrl !== undefined) attributes.push(requestUrl)
  if (number > 1) attributes.push(attribute("http.request.resend_count", number - 1))
  if (isHedge) attributes.push(attribute("fanfold.hedge", true))
  attributes.push(reason === undefined ? attribute("http.response.status_code", 200) : attribute("error.type", reason))
  const template = encoding.template(names.attempt, "client", attributes)
  latest = { server, number, isHedge, reason, template }
  return template
}
