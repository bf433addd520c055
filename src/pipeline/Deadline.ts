/** The deadline of a research: calls without a reply by then fail, whichever layer they are in. */
import { Clock, Duration, Effect } from "effect"
import { AskError, TimedOut } from "../claude/AskError.ts"
import * as Attempt from "../claude/Attempt.ts"
import { Claude } from "../claude/Claude.ts"
import type * as Issue from "../options/Issue.ts"
import { planText } from "../options/DurationText.ts"
import { limitMillisOf } from "../options/OptionSchemas.ts"
import type { Reply, Request } from "../claude/Message.ts"
import { PaidUsage } from "../claude/PaidUsage.ts"
import { Watchdog } from "../scheduling/Watchdog.ts"

/** A deadline `limit` after `startedAt`, which is in epoch milliseconds. */
export class Deadline {
  readonly #limitMillis: number
  readonly #endsAt: number
  readonly #watchdog = new Watchdog()

  constructor(limit: Duration.Input, startedAt: number) {
    this.#limitMillis = Duration.toMillis(limit)
    this.#endsAt = startedAt + this.#limitMillis
  }

  /** The error of an ask that has no answer by the deadline. */
  get error(): AskError {
    return new AskError({ reason: new TimedOut({ limitMillis: this.#limitMillis, scope: "run" }) })
  }

  /** Runs `effect` before the deadline, and `late` after it. */
  before<A, E, R, B, E2, R2>(
    effect: Effect.Effect<A, E, R>,
    late: () => Effect.Effect<B, E2, R2>
  ): Effect.Effect<A | B, E | E2, R | R2> {
    return Effect.flatMap(Clock.currentTimeMillis, (now): Effect.Effect<A | B, E | E2, R | R2> =>
      now < this.#endsAt ? effect : late()
    )
  }

  /** A `Claude` that sends nothing after the deadline, and interrupts what is under way then. */
  around({ send }: typeof Claude.Service): typeof Claude.Service {
    const watched = (request: Request) =>
      Effect.withFiber<Reply, AskError>((fiber) => {
        /** The latest attempt of which a part has arrived; a second copy's text is not shown. */
        let latest: Attempt.Attempt | undefined
        const paid = new PaidUsage()
        const observer: Attempt.Observer = {
          onChunk: (attempt) => {
            if (attempt.call.hedge !== true) latest = attempt
          },
          onEnd: (attempt, end) => paid.onEnd(attempt, end)
        }
        // Evaluated once the interrupted attempts have ended, when all that was paid is known.
        const late = () => Effect.suspend(() => Effect.fail(this.error.with({ ...latest?.partial, usage: paid.usage })))
        return this.#watchdog.watch(send(request), () => this.#endsAt, late, Attempt.observing(fiber.context, observer))
      })
    return Claude.of({ send: (request) => this.before(watched(request), () => Effect.fail(this.error)) })
  }
}

/** A deadline and the timeouts it is compared with. The values may be unchecked. */
export interface Limits {
  readonly deadline?: unknown
  readonly timeout?: unknown
  readonly retry?: unknown
  /** By name, each with its own `timeout` where it has one. */
  readonly asks?: unknown
}

/** The issue of a deadline that is shorter than every timeout, which would then have no effect. */
export const issuesOf = ({ asks, deadline, retry, timeout }: Limits): ReadonlyArray<Issue.Issue> => {
  const limitMillis = limitMillisOf(deadline)
  if (limitMillis === undefined) return []
  const own = Object.entries(toObject(asks)).map(([name, ask]) => [`asks.${name}`, ask, "timeout"] as const)
  const attempt = ["firstToken", "stall", "attempt"].map((name) => ["timeout", timeout, name] as const)
  const timeouts = [...attempt, ["retry", retry, "within"] as const, ...own].flatMap(([path, options, name]) => {
    const millis = limitMillisOf(toObject(options)[name])
    return millis === undefined ? [] : [{ millis, name: `${path}.${name}` }]
  })
  const [first, ...others] = timeouts
  if (first === undefined) return []
  const shortest = others.reduce((shortest, one) => (one.millis < shortest.millis ? one : shortest), first)
  if (limitMillis >= shortest.millis) return []
  const expected = `expected at least ${planText(shortest.millis)}, the shortest timeout (${shortest.name})`
  return [{ path: ["deadline"], message: `${expected}, got ${planText(limitMillis)}` }]
}

const toObject = (value: unknown): { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null ? { ...value } : {}
