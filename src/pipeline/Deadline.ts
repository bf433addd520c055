/** The end of asking: a call that has no reply by then ends, whichever layers it is in. */
import { Clock, Context, Duration, Effect } from "effect"
import { AskError, TimedOut } from "../claude/AskError.ts"
import { Activity, Claude, type SoFar } from "../claude/Claude.ts"
import * as Event from "../claude/Event.ts"
import type * as Issue from "../options/Issue.ts"
import { planText } from "../options/DurationText.ts"
import { limitMillisOf } from "../options/OptionSchemas.ts"
import { addPaid, type Reply, type Request, type Usage } from "../claude/Message.ts"
import { Watchdog } from "../scheduling/Watchdog.ts"

/** A run's deadline, `limit` after `startedAt`, in epoch milliseconds. */
export class Deadline {
  readonly #limitMillis: number
  readonly #endsAt: number
  readonly #watchdog = new Watchdog()

  constructor(limit: Duration.Input, startedAt: number) {
    this.#limitMillis = Duration.toMillis(limit)
    this.#endsAt = startedAt + this.#limitMillis
  }

  /** What an ask without an answer ends with. */
  get error(): AskError {
    return new AskError({ reason: new TimedOut({ limitMillis: this.#limitMillis, scope: "run" }) })
  }

  /** The effect while there is time, the other one after that. */
  before<A, E, R, B, E2, R2>(
    effect: Effect.Effect<A, E, R>,
    late: () => Effect.Effect<B, E2, R2>
  ): Effect.Effect<A | B, E | E2, R | R2> {
    return Effect.flatMap(Clock.currentTimeMillis, (now): Effect.Effect<A | B, E | E2, R | R2> =>
      now < this.#endsAt ? effect : late()
    )
  }

  /** A `Claude` that sends nothing after the deadline, and lets go of what is under way then. */
  around({ send }: typeof Claude.Service): typeof Claude.Service {
    const watched = (request: Request) =>
      Effect.withFiber<Reply, AskError>((fiber) => {
        const activity = fiber.getRef(Activity)
        const listener = fiber.getRef(Event.Listener)
        let soFar: SoFar | undefined
        let paid: Usage | undefined
        const emit = (event: Event.Event) => {
          if (event._tag === "Replied" || event._tag === "AttemptFailed") paid = addPaid(paid, event.usage)
          return listener.emit(event)
        }
        const heard = (latest: SoFar) => {
          soFar = latest
          activity(latest)
        }
        const context = Context.add(Context.add(fiber.context, Event.Listener, { ...listener, emit }), Activity, heard)
        // What was paid is known when the last attempt has told its end.
        const late = () => Effect.suspend(() => Effect.fail(this.error.with({ ...soFar?.(), usage: paid })))
        return this.#watchdog.watch(send(request), () => this.#endsAt, late, context)
      })
    return Claude.of({ send: (request) => this.before(watched(request), () => Effect.fail(this.error)) })
  }
}

/** What a deadline is looked at beside, checked or not. */
export interface Stated {
  readonly deadline?: unknown
  readonly timeout?: unknown
  readonly retry?: unknown
  /** By name, each with its own `timeout` where it has one. */
  readonly asks?: unknown
}

/** A deadline that comes before every timeout leaves them without an effect, so one of them is a mistake. */
export const issuesOf = ({ asks, deadline, retry, timeout }: Stated): ReadonlyArray<Issue.Issue> => {
  const limitMillis = limitMillisOf(deadline)
  if (limitMillis === undefined) return []
  const own = Object.entries(toObject(asks)).map(([name, ask]) => [`asks.${name}`, ask, "timeout"] as const)
  const attempt = ["firstToken", "stall", "attempt"].map((name) => ["timeout", timeout, name] as const)
  const stated = [...attempt, ["retry", retry, "within"] as const, ...own].flatMap(([path, options, name]) => {
    const millis = limitMillisOf(toObject(options)[name])
    return millis === undefined ? [] : [{ millis, name: `${path}.${name}` }]
  })
  const [first, ...others] = stated
  if (first === undefined) return []
  const shortest = others.reduce((least, one) => (one.millis < least.millis ? one : least), first)
  if (limitMillis >= shortest.millis) return []
  const expected = `expected at least ${planText(shortest.millis)}, the shortest timeout (${shortest.name})`
  return [{ path: ["deadline"], message: `${expected}, got ${planText(limitMillis)}` }]
}

const toObject = (value: unknown): { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null ? { ...value } : {}
