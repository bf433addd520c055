/** Ends an attempt that takes too long or falls silent. The clock starts when the request leaves. */
import { Clock, Duration, Effect, Layer, Schema } from "effect"
import { AskError, Stalled, TimedOut } from "../claude/AskError.ts"
import * as Call from "../claude/Call.ts"
import { Activity, Claude, isStreamed, type SoFar } from "../claude/Claude.ts"
import * as Event from "../claude/Event.ts"
import * as Issue from "../options/Issue.ts"
import { inCode, noneLonger, PositiveDuration } from "../options/OptionSchemas.ts"
import type { Request } from "../claude/Message.ts"
import { Watchdog } from "../scheduling/Watchdog.ts"

const time = (description: string) => Schema.optionalKey(PositiveDuration.annotate({ description }))

/** Limits of one attempt. `firstToken` and `stall` hold while streaming only, where pings count as signs of life. */
export const Options = Schema.Struct({
  firstToken: time("Longest wait for the first token of a streamed answer (default 120 seconds)"),
  stall: time("Longest silence within a streamed answer, pings counting as signs of life (default 90 seconds)"),
  attempt: time("Longest time of one attempt (default 10 minutes)")
}).check(noneLonger(["firstToken", "stall"], "attempt"))
export interface Options {
  readonly firstToken?: Duration.Input | undefined
  readonly stall?: Duration.Input | undefined
  readonly attempt?: Duration.Input | undefined
}

/** A long prompt is read before the first token comes, which may take a minute or two. */
export const firstToken: Duration.Input = "120 seconds"

/** The API sends pings while it works; longer silence means a dead connection. */
export const stall: Duration.Input = "90 seconds"

/** The SDK's own limit for a plain request. */
export const attempt: Duration.Input = "10 minutes"

/** The limits in milliseconds. */
export const millisOf = (options: Options = {}) => ({
  firstToken: Duration.toMillis(options.firstToken ?? firstToken),
  stall: Duration.toMillis(options.stall ?? stall),
  attempt: Duration.toMillis(options.attempt ?? attempt)
})

const assertOptions = Issue.assert(inCode(Options), "timeout")

/** Provides a `Claude` whose attempts end in `Stalled` or `TimedOut` instead of hanging. */
export const layer = (options: Options = {}): Layer.Layer<Claude, never, Claude> => {
  assertOptions(options)
  const limits = millisOf(options)
  const timedOut = () => new TimedOut({ limitMillis: limits.attempt, scope: "attempt" })
  const endPlain = () => Effect.fail(new AskError({ reason: timedOut() }))
  return Layer.effect(
    Claude,
    Effect.map(Claude, ({ send }) => {
      const watchdog = new Watchdog()

      const sendPlain = (request: Request, endsAt: number) => watchdog.watch(send(request), () => endsAt, endPlain)

      const sendStreamed = (
        request: Request,
        endsAt: number,
        activity: typeof Activity.Service,
        clock: Clock.Clock
      ) => {
        const startedAt = clock.currentTimeMillisUnsafe()
        let heardAt: number | undefined
        let soFar: SoFar = nothingYet
        const onActivity = (latest: SoFar) => {
          heardAt = clock.currentTimeMillisUnsafe()
          soFar = latest
          activity(latest)
        }
        const silentMillis = () => (heardAt === undefined ? limits.firstToken : limits.stall)
        const silentAt = () => (heardAt ?? startedAt) + silentMillis()
        const onLate = () => {
          const phase = heardAt === undefined ? "first token" : "stream"
          const reason = silentAt() <= endsAt ? new Stalled({ silentMillis: silentMillis(), phase }) : timedOut()
          return Effect.fail(new AskError({ reason, ...soFar() }))
        }
        const sent = Effect.provideService(send(request), Activity, onActivity)
        return watchdog.watch(sent, () => Math.min(silentAt(), endsAt), onLate)
      }

      return Claude.of({
        send: (request) =>
          Effect.withFiber((fiber) => {
            const clock = fiber.getRef(Clock.Clock)
            const endsAt = clock.currentTimeMillisUnsafe() + limits.attempt
            return isStreamed(request, fiber.getRef(Call.Current), fiber.getRef(Event.Listener))
              ? sendStreamed(request, endsAt, fiber.getRef(Activity), clock)
              : sendPlain(request, endsAt)
          })
      })
    })
  )
}

const nothingYet: SoFar = () => ({ model: undefined, usage: undefined, partialText: undefined })
