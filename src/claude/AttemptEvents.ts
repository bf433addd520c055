/** The events of an attempt, made of what was observed of it. */
import { Cause, Exit } from "effect"
import type { Attempt, End } from "./Attempt.ts"
import type { Call } from "./Call.ts"
import type * as Event from "./Event.ts"

type Emitted = Parameters<typeof Event.emit>[0]

const hedgeOf = ({ hedge }: Call) => (hedge === true ? { hedge } : {})

export const dispatched = ({ call, request }: Attempt): Emitted => ({
  _tag: "Dispatched",
  attempt: call.attempt,
  model: request.model,
  ...hedgeOf(call),
  ...(call.batched === true && { batched: true }),
  ...(call.waited !== undefined && { waited: call.waited })
})

/** What the listeners of `dispatched` get with it. */
export const contentOf = ({ isStreamed, request }: Attempt): Event.Content => ({ request, isStreamed })

/** What those of `ended` get: the reply, if there is one. */
export const replyOf = ({ exit }: End): Event.Content | undefined =>
  Exit.isSuccess(exit) ? { reply: exit.value } : undefined

/** `Replied`, or `AttemptFailed` with the reason of its error, of a defect, or of its interruption. */
export const ended = (attempt: Attempt, { durationMillis, exit, isEstimated, model, usage }: End) => {
  const { call, request, stopped } = attempt
  const stamp = { attempt: call.attempt, durationMillis, ...hedgeOf(call) }
  if (Exit.isSuccess(exit)) {
    const { declined, model, requestId, stopReason, usage } = exit.value
    const id = requestId === undefined ? {} : { requestId }
    const others = declined === undefined ? {} : { declined }
    return { _tag: "Replied", ...stamp, model, stopReason, usage, ...others, ...id } as const
  }
  const estimated = isEstimated === true ? { estimated: true } : {}
  const paid = usage === undefined ? {} : { usage, model: model ?? request.model, ...estimated }
  const error = Exit.findErrorOption(exit)
  const { message, reason } =
    error._tag === "Some"
      ? { reason: error.value.reason._tag, message: error.value.message }
      : Exit.hasDies(exit)
        ? { reason: "Defect", message: String(Cause.squash(exit.cause)) }
        : stopped
  return { _tag: "AttemptFailed", ...stamp, reason, message, ...paid } as const
}
