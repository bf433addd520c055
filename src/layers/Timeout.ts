/** Ends an attempt that takes too long or falls silent. Its clock starts when the request leaves. */
import { Duration, Effect, type Layer, Schema } from "effect"
import { AskError, Stalled, TimedOut } from "../claude/AskError.ts"
import * as Attempt from "../claude/Attempt.ts"
import { type Claude, layerAround } from "../claude/Claude.ts"
import * as Issue from "../options/Issue.ts"
import { inCode, type InCode, noneLonger, PositiveDuration } from "../options/OptionSchemas.ts"
import type { AnyFiber } from "../scheduling/FiberClock.ts"
import { Watchdog } from "../scheduling/Watchdog.ts"

const time = (description: string) => Schema.optionalKey(PositiveDuration.annotate({ description }))

/** Limits of one attempt. `firstToken` and `stall` apply to streamed answers only, and count pings as activity. */
export const Options = Schema.Struct({
  firstToken: time("Longest wait for the first token of a streamed answer (default 120 seconds)"),
  stall: time("Longest silence within a streamed answer, pings counting as signs of life (default 90 seconds)"),
  attempt: time("Longest time of one attempt (default 10 minutes)")
}).check(noneLonger(["firstToken", "stall"], "attempt"))
export interface Options extends InCode<typeof Options> {}

/** A long prompt is read before the first token comes, which may take a minute or two. */
export const firstToken: Duration.Input = "120 seconds"

/** The API sends pings every few seconds while it works, so that silence for this long is likelier a dead connection. */
export const stall: Duration.Input = "90 seconds"

/** The SDK's own limit for a plain request. */
export const attempt: Duration.Input = "10 minutes"

const millisOf = (options: Options) => ({
  firstToken: Duration.toMillis(options.firstToken ?? firstToken),
  stall: Duration.toMillis(options.stall ?? stall),
  attempt: Duration.toMillis(options.attempt ?? attempt)
})
type Limits = ReturnType<typeof millisOf>

const assertOptions = Issue.assert(inCode(Options), "timeout")

/** Provides a `Claude` whose attempts end in `Stalled` or `TimedOut` instead of hanging. */
export const layer = (options: Options = {}): Layer.Layer<Claude, never, Claude> => {
  assertOptions(options)
  const limits = millisOf(options)
  return layerAround((send) => {
    const watchdog = new Watchdog()
    return (request) =>
      Effect.withFiber((fiber) => {
        const timer = new AttemptTimer(limits, watchdog, fiber)
        const context = Attempt.observing(fiber.context, timer)
        return watchdog.watch(
          send(request),
          () => timer.endsAt,
          () => timer.stop(),
          context
        )
      })
  })
}

/** When an attempt of a call is too late. While none is under way, as while the call is queued below, that is never. */
class AttemptTimer implements Attempt.Observer {
  readonly #limits: Limits
  readonly #watchdog: Watchdog
  readonly #fiber: AnyFiber
  #attempt: Attempt.Attempt | undefined
  /** Further attempts under way, where a layer below hedges. */
  #others: Set<Attempt.Attempt> | undefined

  constructor(limits: Limits, watchdog: Watchdog, fiber: AnyFiber) {
    this.#limits = limits
    this.#watchdog = watchdog
    this.#fiber = fiber
  }

  onDispatch(attempt: Attempt.Attempt): void {
    if (this.#attempt === undefined) this.#attempt = attempt
    else (this.#others ??= new Set()).add(attempt)
    this.#watchdog.wake(this.endsAt, this.#fiber)
  }

  /** The first chunk may bring the end forward, as `stall` may be shorter than what is left of `firstToken`. */
  onChunk(): void {
    this.#watchdog.wake(this.endsAt, this.#fiber)
  }

  onEnd(attempt: Attempt.Attempt): void {
    if (this.#attempt === attempt) this.#attempt = undefined
    else this.#others?.delete(attempt)
  }

  get endsAt(): number {
    const late = this.#next
    return late === undefined ? Number.POSITIVE_INFINITY : this.#endOf(late)
  }

  /** Ends the call: the error has what of the late attempt's reply has arrived. */
  stop(): Effect.Effect<never, AskError> {
    const late = this.#next!
    const error = new AskError({ reason: this.#reasonOf(late), ...late.partial })
    late.stop({ reason: error.reason._tag, message: error.message })
    return Effect.fail(error)
  }

  /** The attempt under way that is late first. */
  get #next(): Attempt.Attempt | undefined {
    let next = this.#attempt
    for (const one of this.#others ?? []) if (next === undefined || this.#endOf(one) < this.#endOf(next)) next = one
    return next
  }

  #endOf(attempt: Attempt.Attempt): number {
    return Math.min(this.#silentAt(attempt), attempt.dispatchedAt! + this.#limits.attempt)
  }

  /** When the attempt has been silent for too long; only a stream sends anything before its end. */
  #silentAt({ dispatchedAt, isStreamed, lastChunkAt }: Attempt.Attempt): number {
    if (!isStreamed) return Number.POSITIVE_INFINITY
    return lastChunkAt === undefined ? dispatchedAt! + this.#limits.firstToken : lastChunkAt + this.#limits.stall
  }

  #reasonOf(attempt: Attempt.Attempt): Stalled | TimedOut {
    if (this.#silentAt(attempt) > attempt.dispatchedAt! + this.#limits.attempt) {
      return new TimedOut({ limitMillis: this.#limits.attempt, scope: "attempt" })
    }
    return attempt.lastChunkAt === undefined
      ? new Stalled({ silentMillis: this.#limits.firstToken, phase: "first token" })
      : new Stalled({ silentMillis: this.#limits.stall, phase: "stream" })
  }
}
