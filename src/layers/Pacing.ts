/** One gate for all that goes out: keeps calls within the account's limits, and holds a model class back after a 429. */
import { Clock, Effect, Layer, Schema } from "effect"
import type { AskError } from "../AskError.ts"
import * as Call from "../Call.ts"
import { Claude } from "../Claude.ts"
import * as Event from "../Event.ts"
import { Gate } from "../Gate.ts"
import * as Issue from "../Issue.ts"
import { cautiousInFlight, Lane, type Limits as AccountLimits, Ticket } from "../Lane.ts"
import { PositiveInt } from "../Limit.ts"
import type { Reply } from "../Message.ts"
import { modelClassOf } from "../ModelClass.ts"

const count = (description: string) => Schema.optionalKey(PositiveInt.annotate({ description }))

const Limits = Schema.Struct({
  rpm: count("Requests a minute that the account allows a class of models (default: as the replies' headers tell)"),
  itpm: count("Input tokens a minute, those read from the cache not counted (default: as the headers tell)"),
  otpm: count("Output tokens a minute (default: as the headers tell)")
})

/** `inFlight`: the most calls on their way at once. `limits`: what the account allows each class of models, a minute. */
export const Options = Schema.Struct({
  inFlight: count("Most calls on their way at once (default: 8, then what the account allows)"),
  limits: Schema.optionalKey(Limits)
})
export interface Options {
  readonly inFlight?: number | undefined
  readonly limits?: AccountLimits | undefined
}

const assertInFlight = Issue.assert(PositiveInt, "inFlight")
const assertLimits = Issue.assert(Limits, "limits")

/** A call that waits here has no limit yet, so after this long one is let out to learn, and to tell, how it stands. */
const longestHoldMillis = 60_000

/** Provides a `Claude` whose calls wait for their turn. Tells `Dispatched`, `Replied` and `AttemptFailed`. */
export const layer = (options: Options = {}): Layer.Layer<Claude, never, Claude> =>
  Layer.effect(
    Claude,
    Effect.gen(function* () {
      if (options.inFlight !== undefined) assertInFlight(options.inFlight)
      if (options.limits !== undefined) assertLimits(options.limits)
      const { inFlight, limits = {} } = options
      const { send } = yield* Claude
      const gate = new Gate(inFlight ?? Number.POSITIVE_INFINITY)
      const lanes = new Map<string, Lane>()
      const isTold = inFlight !== undefined || Object.values(limits).some((limit) => limit !== undefined)
      let tickets = 0

      const laneOf = (model: string, now: number): Lane => {
        const name = modelClassOf(model)
        const known = lanes.get(name)
        if (known !== undefined) return known
        const lane = new Lane(isTold ? Number.POSITIVE_INFINITY : cautiousInFlight, limits, now)
        lanes.set(name, lane)
        gate.add(lane)
        return lane
      }

      const attemptOf = Effect.fnUntraced(function* (ticket: Ticket, attempt: number) {
        const { lane, request } = ticket
        yield* Event.emit({ _tag: "Dispatched", attempt, model: request.model })
        const leftAt = yield* Clock.currentTimeMillis
        const result = yield* Effect.result(send(request))
        const now = yield* Clock.currentTimeMillis
        if (result._tag === "Success") {
          lane.settle(ticket, result.success.usage, now)
          open(lane, result.success)
        } else {
          if (result.failure.usage !== undefined) lane.settle(ticket, result.failure.usage, now)
          else if (result.failure.reason._tag === "RateLimited") lane.giveBack(ticket, now)
          close(lane, result.failure, now)
        }
        return { result, durationMillis: now - leftAt }
      })

      return Claude.of({
        send: Effect.fnUntraced(function* (request) {
          const { attempt } = yield* Call.Current
          const lane = laneOf(request.model, yield* Clock.currentTimeMillis)
          const ticket = new Ticket(lane, request, attempt > 1, tickets++)
          const { durationMillis, result } = yield* gate.hold(ticket, attemptOf(ticket, attempt))
          if (result._tag === "Success") {
            const { model, requestId, stopReason, usage } = result.success
            const id = requestId === undefined ? {} : { requestId }
            yield* Event.emit({ _tag: "Replied", attempt, model, stopReason, usage, ...id, durationMillis })
            return result.success
          }
          const error = result.failure
          const paid = error.usage === undefined ? {} : { usage: error.usage, model: error.model ?? request.model }
          const { message, reason } = error
          yield* Event.emit({ _tag: "AttemptFailed", attempt, reason: reason._tag, message, ...paid, durationMillis })
          return yield* error
        })
      })
    })
  )

/** Opens a lane that was cautious to what the account still allows. */
const open = (lane: Lane, { headers }: Reply): void => {
  const remaining = Number(headers["anthropic-ratelimit-requests-remaining"] ?? Number.NaN)
  if (lane.isOpened || Number.isNaN(remaining)) return
  lane.isOpened = true
  lane.window = Math.max(remaining, cautiousInFlight)
}

const close = (lane: Lane, { reason }: AskError, now: number): void => {
  if (reason._tag !== "RateLimited" || reason.retryAfterMillis === undefined) return
  lane.closedUntil = Math.max(lane.closedUntil, now + Math.min(reason.retryAfterMillis, longestHoldMillis))
}
