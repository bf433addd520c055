/** One gate for all that goes out: keeps the calls in flight under a limit, and holds a model's calls back after a 429. */
import { Clock, Effect, Layer, Schema, type Fiber } from "effect"
import type { AskError } from "../AskError.ts"
import * as Call from "../Call.ts"
import { Claude } from "../Claude.ts"
import * as Event from "../Event.ts"
import * as Issue from "../Issue.ts"
import { PositiveInt } from "../Limit.ts"
import type { Reply, Request } from "../Message.ts"

/** `inFlight`: the most calls on their way at once; without it, the gate starts small and opens to the account's limit. */
export const Options = Schema.Struct({
  inFlight: Schema.optionalKey(
    PositiveInt.annotate({ description: "Most calls on their way at once (default: 8, then what the account allows)" })
  )
})
export interface Options {
  readonly inFlight?: number | undefined
}

/** Places while nothing is known of the account's limits: small runs never notice, large ones do not burst into 429s. */
export const cautiousInFlight = 8

const assertInFlight = Issue.assert(PositiveInt, "inFlight")

/** A call that waits here has no limit yet, so after this long one is let out to learn, and to tell, how it stands. */
const longestHoldMillis = 60_000

/** Provides a `Claude` whose calls wait for a free place. Tells `Dispatched`, `Replied` and `AttemptFailed`. */
export const layer = (options: Options = {}): Layer.Layer<Claude, never, Claude> =>
  Layer.effect(
    Claude,
    Effect.gen(function* () {
      if (options.inFlight !== undefined) assertInFlight(options.inFlight)
      const { send } = yield* Claude
      const gate = new Gate(options.inFlight ?? cautiousInFlight)
      const closedUntil = new Map<string, number>()
      let isOpened = options.inFlight !== undefined

      const open = ({ headers }: Reply): Effect.Effect<void> => {
        const remaining = Number(headers["anthropic-ratelimit-requests-remaining"] ?? Number.NaN)
        if (isOpened || Number.isNaN(remaining)) return Effect.void
        isOpened = true
        return gate.resize(Math.max(remaining, cautiousInFlight))
      }

      const closedMillis = (model: string) =>
        Effect.map(Clock.currentTimeMillis, (now) => (closedUntil.get(model) ?? 0) - now)

      const close = (model: string, { reason }: AskError, now: number): void => {
        if (reason._tag !== "RateLimited" || reason.retryAfterMillis === undefined) return
        const heldMillis = Math.min(reason.retryAfterMillis, longestHoldMillis)
        closedUntil.set(model, Math.max(closedUntil.get(model) ?? 0, now + heldMillis))
      }

      /** Gives nothing where the model was closed while the call stood in the queue. */
      const pass = Effect.fnUntraced(function* (request: Request, attempt: number) {
        if ((yield* closedMillis(request.model)) > 0) return undefined
        yield* Event.emit({ _tag: "Dispatched", attempt, model: request.model })
        const leftAt = yield* Clock.currentTimeMillis
        const result = yield* Effect.result(send(request))
        const now = yield* Clock.currentTimeMillis
        if (result._tag === "Failure") close(request.model, result.failure, now)
        return { result, durationMillis: now - leftAt }
      })

      /** A model that is held back waits outside of the gate, and takes no other model's place. */
      const passWhenOpen = Effect.fnUntraced(function* (request: Request, attempt: number) {
        while (true) {
          const waitMillis = yield* closedMillis(request.model)
          if (waitMillis > 0) yield* Effect.sleep(waitMillis)
          const passed = yield* gate.hold(pass(request, attempt))
          if (passed !== undefined) return passed
        }
      })

      return Claude.of({
        send: Effect.fnUntraced(function* (request) {
          const { attempt } = yield* Call.Current
          const { durationMillis, result } = yield* passWhenOpen(request, attempt)
          if (result._tag === "Success") {
            const { model, requestId, stopReason, usage } = result.success
            yield* open(result.success)
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

/**
 * Places, given in the order of asking. `Semaphore` looks at everybody who waits whenever a place comes free, which for
 * thousands of waiting calls costs more than the calls themselves.
 */
class Gate {
  #places: number
  #taken = 0
  readonly #waiting = new Set<() => void>()

  constructor(places: number) {
    this.#places = places
  }

  /** Runs the effect in a place of its own. */
  hold<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.withFiber((fiber) => {
        const run = Effect.onExit(restore(effect), () => Effect.sync(() => this.#leave(fiber)))
        if (this.#taken >= this.#places) return Effect.andThen(restore(this.#enter(fiber)), run)
        this.#taken++
        return run
      })
    )
  }

  resize(places: number): Effect.Effect<void> {
    return Effect.withFiber((fiber) => {
      this.#places = places
      this.#admit(fiber)
      return Effect.void
    })
  }

  #enter(fiber: Fiber.Fiber<unknown, unknown>): Effect.Effect<void> {
    return Effect.callback((resume) => {
      const enter = () => resume(Effect.void)
      this.#waiting.add(enter)
      // Who was let in, and is interrupted before it moves, has a place to give back.
      return Effect.sync(() => {
        if (!this.#waiting.delete(enter)) this.#leave(fiber)
      })
    })
  }

  #leave(fiber: Fiber.Fiber<unknown, unknown>): void {
    this.#taken--
    this.#admit(fiber)
  }

  #admit(fiber: Fiber.Fiber<unknown, unknown>): void {
    for (const enter of this.#waiting) {
      if (this.#taken >= this.#places) return
      this.#taken++
      this.#waiting.delete(enter)
      // A task of its own: a resumed fiber would run here and now, within the one that leaves.
      fiber.currentDispatcher.scheduleTask(enter, 0)
    }
  }
}
