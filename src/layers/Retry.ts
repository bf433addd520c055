/** Sends a failed request again where that can help, and gives up when the ask's time is over. */
import { Clock, Duration, Effect, type Layer, Random, Schedule, Schema } from "effect"
import { AskError, TimedOut } from "../claude/AskError.ts"
import * as Attempt from "../claude/Attempt.ts"
import * as Call from "../claude/Call.ts"
import { type Claude, layerAround } from "../claude/Claude.ts"
import * as Event from "../claude/Event.ts"
import type { Reply, Request } from "../claude/Message.ts"
import { Reachability } from "../claude/Reachability.ts"
import * as Issue from "../options/Issue.ts"
import { inCode, type InCode, noneLonger, PositiveDuration, PositiveInt } from "../options/OptionSchemas.ts"
import { Watchdog } from "../scheduling/Watchdog.ts"
import { RetriedCall } from "./retry/RetriedCall.ts"

/**
 * `within`: time for all tries, from the moment the first one leaves. `maxWait`: longest backoff, and the longest wait that
 * the API may ask for. `attempts`: most tries.
 */
export const Options = Schema.Struct({
  within: Schema.optionalKey(
    PositiveDuration.annotate({ description: "Time for one ask with all its tries (default 20 minutes)" })
  ),
  maxWait: Schema.optionalKey(
    PositiveDuration.annotate({
      description:
        "Longest backoff between two tries; an ask that the API wants to wait for longer fails at once (default 60 seconds)"
    })
  ),
  attempts: Schema.optionalKey(
    PositiveInt.annotate({ description: "Most tries of one ask (default: as many as its time allows)" })
  )
}).check(noneLonger(["maxWait"], "within"))
export interface Options extends InCode<typeof Options> {}

/** Two attempts of the longest kind. An ask's own `timeout` replaces it. */
export const within: Duration.Input = "20 minutes"

/** Long enough to let an overload pass, short enough to notice that it did. */
export const maxWait: Duration.Input = "60 seconds"

/** The backoff starts here and doubles: the seven pauses between eight tries take 63.5 s at most, with jitter half of that. */
const firstBackoff = "500 millis"

/** The shortest backoff, whatever the jitter: an immediate retry would meet the same fault. */
const minBackoffMillis = 100

/** Tries of an overloaded model where another can be asked: a single overload may pass, three in a row seldom do. */
const triesBeforeFallback = 3

/** Tries in a row whose replies are broken: a server that writes its replies so does it always, and each is paid. */
const maxBrokenInRow = 5

/** `retry-after` is exceeded by up to this share of it, so that the waiting calls do not return all at once. */
const spread = 0.1

const assertOptions = Issue.assert(inCode(Options), "retry")

/**
 * Provides a `Claude` that tries again after passing faults, never before `retry-after` is over, and gives up at once where
 * that is longer than `maxWait`. An error has the usage of all tries.
 */
export const layer = (options: Options = {}): Layer.Layer<Claude, never, Claude> => {
  assertOptions(options)
  const withinMillis = Duration.toMillis(options.within ?? within)
  return layerAround((send) => {
    const watchdog = new Watchdog()
    const reachability = new Reachability()
    const markReached = (reply: Reply): Effect.Effect<Reply> => {
      reachability.onReply()
      return Effect.succeed(reply)
    }
    return (request) =>
      Effect.withFiber((fiber) => {
        const call = fiber.getRef(Call.Current)
        const execution = fiber.getRef(Call.Execution) ?? { firstDispatchAt: undefined }
        const limitMillis = call.timeoutMillis ?? withinMillis
        const tries: RetriedCall = new RetriedCall((at) => {
          execution.firstDispatchAt ??= at
          // Also of a later one: a reply before it may have moved the end beyond the time that the timer fired at.
          watchdog.wake(endsAt(), fiber)
        })
        const endsAt = () => {
          const { firstDispatchAt: first } = execution
          return first === undefined ? Number.POSITIVE_INFINITY : tries.lateAt(first + limitMillis)
        }
        const record = (error: AskError): void => {
          tries.addFailure(error)
          reachability.onError(error)
        }
        const retry = (error: AskError) => {
          record(error)
          // The schedule's first step stands for the attempt that has failed already.
          const next = Effect.flatMap(Schedule.CurrentMetadata, (metadata) =>
            metadata.attempt === 0
              ? Effect.fail(error)
              : Effect.tapError(sendAs(metadata.attempt + 1), (error) => Effect.sync(() => record(error)))
          )
          const retried = Effect.retry(next, schedule(options, call, tries, endsAt, reachability))
          return Effect.matchEffect(retried, {
            onFailure: (error) => Effect.fail(tries.withUsage(error)),
            onSuccess: markReached
          })
        }
        const sendAs = (number: number) =>
          number === call.attempt ? send(request) : numbered(send, request, { ...call, attempt: number })
        const onLate = () => {
          const error = new AskError({ reason: new TimedOut({ limitMillis, scope: call.part }) })
          tries.stop({ reason: error.reason._tag, message: error.message })
          return Effect.suspend(() => error.with(tries.total))
        }
        // Most calls need no second try: the schedule is only built for those that do.
        const sent = Effect.matchEffect(sendAs(1), { onFailure: retry, onSuccess: markReached })
        return watchdog.watch(sent, endsAt, onLate, Attempt.observing(fiber.context, tries))
      })
  })
}

const numbered = (send: Attempt.Send, request: Request, call: Call.Call) =>
  Effect.provideService(send(request), Call.Current, call)

/** When to try again, and until when; emits each `Retrying`. */
const schedule = (
  options: Options,
  call: Call.Call,
  tries: Readonly<RetriedCall>,
  endsAt: () => number,
  reachability: Reachability
) => {
  const maxWaitMillis = Duration.toMillis(options.maxWait ?? maxWait)
  const maxTries = options.attempts ?? Number.POSITIVE_INFINITY
  const maxOverloaded = (call.fallback ?? []).length === 0 ? maxTries : Math.min(maxTries, triesBeforeFallback)
  const canHelp = ({ attempt, duration, elapsed, input: error }: Schedule.Metadata<unknown, AskError>): boolean =>
    error.isRetryable &&
    (error.retryAfterMillis ?? 0) <= maxWaitMillis &&
    attempt < (error.isOverload ? maxOverloaded : maxTries) &&
    tries.brokenInRow < maxBrokenInRow &&
    elapsed + Duration.toMillis(duration) < reachability.patienceMillis(error)
  return backoff(maxWaitMillis).pipe(
    Schedule.while((step) =>
      canHelp(step)
        ? Effect.map(Clock.currentTimeMillis, (now) => now + Duration.toMillis(step.duration) < endsAt())
        : Effect.succeed(false)
    ),
    Schedule.tap(({ attempt, duration, input: { message, reason } }) =>
      Event.emit({ _tag: "Retrying", attempt, reason: reason._tag, message, delayMillis: Duration.toMillis(duration) })
    )
  )
}

/** Exponential with full jitter up to the longest wait, or the time that the API names where that is longer. */
const backoff = (maxWaitMillis: number) => {
  const minMillis = Math.min(minBackoffMillis, maxWaitMillis)
  return Schedule.exponential(firstBackoff).pipe(
    Schedule.setInputType<AskError>(),
    Schedule.modifyDelay(({ duration, input: { retryAfterMillis = 0 } }) =>
      Effect.map(Random.next, (random) => {
        const stepMillis = Math.min(Duration.toMillis(duration), maxWaitMillis)
        const backoffMillis = minMillis + (stepMillis - minMillis) * random
        return Duration.millis(Math.ceil(Math.max(backoffMillis, retryAfterMillis * (1 + spread * random))))
      })
    )
  )
}
