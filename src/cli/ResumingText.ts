/** What a run says of the unfinished ones that it goes on with. */
import * as Models from "../claude/Models.ts"
import { sumOf, usdText } from "../claude/Price.ts"
import { type InFlight, type Progress, requestName } from "../journal/Journal.ts"
import * as RequestKey from "../journal/RequestKey.ts"
import { numberText, plural } from "../options/NumberText.ts"
import * as Ask from "../pipeline/Ask.ts"
import type { Forecast } from "../plan/Forecast.ts"
import type { Prepared } from "../plan/Plan.ts"

/** Counts what the plan asks as it is: it may have been edited since. */
export const resumingText = (
  plan: Prepared,
  { calls }: Forecast,
  { answered, costUsd, inFlight }: Progress
): string => {
  if (plan.rows !== undefined) {
    const { count } = plan.rows
    const spent = costUsd === undefined ? "" : `, ${usdText(costUsd)} spent`
    // The asks of rows are not known before they are read again.
    return `Resuming: ${numberText(Math.min(answered.size, count))} of ${plural(count, "ask", "asks")} answered${spent}${waysText(inFlight.length)}`
  }
  const requests = requestsOf(plan)
  const known = requests.filter((request) => answered.has(request)).length
  const spent = costUsd === undefined ? "" : `, ${usdText(costUsd)} spent`
  const parts = [`Resuming: ${numberText(known)} of ${plural(requests.length, "ask", "asks")} answered${spent}`]
  const others = answered.size - known
  if (others > 0)
    parts.push(`${plural(others, "answer is to an ask", "answers are to asks")} that the plan does not have as it is`)
  const asked = new Set(requests)
  const again = inFlight.filter(
    ({ part, request }) => part === "synthesis" || (asked.has(request) && !answered.has(request))
  )
  if (again.length > 0) {
    const atMost = atMostOf(again, calls)
    const cost = atMost === undefined ? "" : `, at most ${usdText(atMost, "up")}`
    parts.push(
      `${plural(again.length, "call was", "calls were")} on ${again.length === 1 ? "its" : "their"} way and may be paid twice${cost}`
    )
  }
  return parts.join("; ")
}

/** A call that stands for several requests, as the synthesis does for its folds, costs all of them as often as one of them was sent. */
const atMostOf = (again: ReadonlyArray<InFlight>, calls: Forecast["calls"]): number | undefined =>
  sumOf(
    Array.from(
      Map.groupBy(again, (request) => callOf(request, calls)),
      ([call, requests]) => {
        const times = Array.from(Map.groupBy(requests, ({ ask }) => ask).values(), ({ length }) => length)
        return call?.atMostUsd === undefined ? undefined : call.atMostUsd * Math.max(...times)
      }
    )
  )

/** Folds are `synthesis.LEVEL.N`, comparisons `comparison.N`. */
const callOf = ({ ask, part }: InFlight, calls: Forecast["calls"]) => {
  const called = part === "ask" ? ask : ask.replace(/\..*/, "")
  return calls.find((call) => call.name === called && (call.part === "ask") === (part === "ask"))
}

const waysText = (count: number): string =>
  count === 0
    ? ""
    : `; ${plural(count, "call was", "calls were")} on ${count === 1 ? "its" : "their"} way and may be paid twice`

/** The requests of a plan's asks, in the order in which they are asked. */
const requestsOf = ({ asks, context }: Prepared): ReadonlyArray<string> => {
  const ordinals = new RequestKey.Ordinals()
  return Object.values(asks).map((ask) => {
    const request = Ask.requestOf(ask, context === undefined ? {} : { context })
    const { key } = RequestKey.of(request, Models.others(Ask.modelsOf(ask)))
    return requestName(key, ordinals.next(key))
  })
}
