/** Ends an attempt that takes too long or falls silent. The clock starts when the request leaves. */
import { Clock, Duration, Effect, Layer, Schema } from "effect"
import { AskError, Stalled, TimedOut } from "../AskError.ts"
import * as Call from "../Call.ts"
import { Activity, Claude, isStreamed, type SoFar } from "../Claude.ts"
import * as Event from "../Event.ts"
import * as Issue from "../Issue.ts"
import { inCode, PositiveDuration } from "../Limit.ts"

const time = (description: string) => Schema.optionalKey(PositiveDuration.annotate({ description }))

/** Limits of one attempt. `firstToken` and `stall` hold while streaming only, where pings count as signs of life. */
export const Options = Schema.Struct({
  firstToken: time("Longest wait for the first token of a streamed answer (default 120 seconds)"),
  stall: time("Longest silence within a streamed answer, pings counting as signs of life (default 90 seconds)"),
  attempt: time("Longest time of one attempt (default 10 minutes)")
})
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
  return Layer.effect(
    Claude,
    Effect.map(Claude, ({ send }) =>
      Claude.of({
        send: Effect.fnUntraced(function* (request) {
          const clock = yield* Clock.Clock
          const streamed = isStreamed(request, yield* Call.Current, yield* Event.Listener)
          const startedAt = clock.currentTimeMillisUnsafe()
          let heardAt: number | undefined
          let soFar: SoFar = nothingYet
          const activity = yield* Activity
          const onActivity = (latest: SoFar) => {
            heardAt = clock.currentTimeMillisUnsafe()
            soFar = latest
            activity(latest)
          }
          const watch = Effect.gen(function* () {
            while (true) {
              const now = clock.currentTimeMillisUnsafe()
              const silentMillis = heardAt === undefined ? limits.firstToken : limits.stall
              const silentAt = streamed ? (heardAt ?? startedAt) + silentMillis : Number.POSITIVE_INFINITY
              const endsAt = startedAt + limits.attempt
              if (now >= silentAt || now >= endsAt) {
                const phase = heardAt === undefined ? "first token" : "stream"
                const reason =
                  silentAt <= endsAt
                    ? new Stalled({ silentMillis, phase })
                    : new TimedOut({ limitMillis: limits.attempt, scope: "attempt" })
                return yield* new AskError({ reason, ...soFar() })
              }
              yield* Effect.sleep(Math.min(silentAt, endsAt) - now)
            }
          })
          return yield* Effect.raceFirst(Effect.provideService(send(request), Activity, onActivity), watch)
        })
      })
    )
  )
}

const nothingYet: SoFar = () => ({ model: undefined, usage: undefined, partialText: undefined })
