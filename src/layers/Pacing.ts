/** One gate for all that goes out: keeps the calls in flight under a limit, and holds a model's calls back after a 429. */
import { Clock, Effect, Layer, Schema, Semaphore } from "effect"
import type { AskError } from "../AskError.ts"
import * as Call from "../Call.ts"
import { Claude } from "../Claude.ts"
import * as Event from "../Event.ts"
import { PositiveInt } from "../Limit.ts"
import type { Reply, Request } from "../Message.ts"

/** `inFlight`: the most calls on their way at once; without it, the gate starts small and opens to the account's limit. */
export const Options = Schema.Struct({ inFlight: Schema.optionalKey(PositiveInt.annotate({ description: "Most calls on their way at once (default: 8, then what the account allows)" })) })
export interface Options {
  readonly inFlight?: number | undefined
}

/** Places while nothing is known of the account's limits: small runs never notice, large ones do not burst into 429s. */
export const cautiousInFlight = 8

/** Provides a `Claude` whose calls wait for a free place. Tells `Dispatched`, `Replied` and `AttemptFailed`. */
export const layer = (options: Options = {}): Layer.Layer<Claude, never, Claude> =>
  Layer.effect(
    Claude,
    Effect.gen(function* () {
      const { send } = yield* Claude
      const gate = yield* Semaphore.make(options.inFlight ?? cautiousInFlight)
      const closedUntil = new Map<string, number>()
      let isOpened = options.inFlight !== undefined

      const open = ({ headers }: Reply): Effect.Effect<void> => {
        const remaining = Number(headers["anthropic-ratelimit-requests-remaining"] ?? Number.NaN)
        if (isOpened || Number.isNaN(remaining)) return Effect.void
        isOpened = true
        return Semaphore.resize(gate, Math.max(remaining, cautiousInFlight))
      }

      const pass = Effect.fnUntraced(function* (request: Request, attempt: number) {
        for (let now = yield* Clock.currentTimeMillis; ; now = yield* Clock.currentTimeMillis) {
          const waitMillis = (closedUntil.get(request.model) ?? 0) - now
          if (waitMillis <= 0) break
          yield* Effect.sleep(waitMillis)
        }
        yield* Event.emit({ _tag: "Dispatched", attempt, model: request.model })
        const leftAt = yield* Clock.currentTimeMillis
        const result = yield* Effect.result(send(request))
        return { result, leftAt, now: yield* Clock.currentTimeMillis }
      })

      const close = (model: string, { reason }: AskError, now: number): void => {
        if (reason._tag !== "RateLimited" || reason.retryAfterMillis === undefined) return
        closedUntil.set(model, Math.max(closedUntil.get(model) ?? 0, now + reason.retryAfterMillis))
      }

      return Claude.of({
        send: Effect.fnUntraced(function* (request) {
          const { attempt } = yield* Call.Current
          const { leftAt, now, result } = yield* Semaphore.withPermit(gate, pass(request, attempt))
          const durationMillis = now - leftAt
          if (result._tag === "Success") {
            const { model, requestId, stopReason, usage } = result.success
            yield* open(result.success)
            const id = requestId === undefined ? {} : { requestId }
            yield* Event.emit({ _tag: "Replied", attempt, model, stopReason, usage, ...id, durationMillis })
            return result.success
          }
          const error = result.failure
          close(request.model, error, now)
          const paid = error.usage === undefined ? {} : { usage: error.usage, model: error.model ?? request.model }
          const { message, reason } = error
          yield* Event.emit({ _tag: "AttemptFailed", attempt, reason: reason._tag, message, ...paid, durationMillis })
          return yield* error
        })
      })
    })
  )
