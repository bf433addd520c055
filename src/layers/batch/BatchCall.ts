/** Calls about a batch that are made again after faults that pass: what was sent is paid, and the API keeps its results. */
import { Clock, Duration, Effect, Random, Result } from "effect"
import { type AskError, Unreachable } from "../../claude/AskError.ts"
import * as Event from "../../claude/Event.ts"
import type { Reachability } from "../../claude/Reachability.ts"

/** How long the API keeps the results of a batch, from its creation: no try can help later. */
const resultsLifeMillis = Duration.toMillis("29 days")

/** Between two tries: doubles from the first, and stops growing at the second. */
const firstPauseMillis = 1_000
const maxPauseMillis = 60_000

/** While calls fail in a row, this long after the last report comes the next. */
const reportMillis = Duration.toMillis("1 hour")

export interface Options {
  /** Its id; absent where batches are listed to find it. */
  readonly batch?: string | undefined
  /** When it was created, or about to be, in epoch milliseconds. */
  readonly createdAt: number
  /** Waits between two tries. */
  readonly pause?: (millis: number) => Effect.Effect<void>
  /** Whether anybody still waits for what the call is for: else its failure is final. */
  readonly isWanted?: () => boolean
  /** Of the address: one that has answered nothing is given up sooner. */
  readonly reachability?: Reachability
  /** Run after each report of a failure. */
  readonly onReport?: () => void
}

/**
 * Makes the call until it succeeds, fails with an error that does not pass, as a rejected key, or fails when the results are kept
 * no longer, or fails at an address that has never answered. `BatchCallFailed` reports the first failure at once, and those that follow in a row once an hour.
 */
export const repeated = <A>(
  call: Effect.Effect<A, AskError>,
  { batch, createdAt, isWanted = () => true, onReport = () => {}, pause = Effect.sleep, reachability }: Options
): Effect.Effect<A, AskError> =>
  Effect.gen(function* () {
    let since: number | undefined
    let reportedAt = Number.NEGATIVE_INFINITY
    for (let attempt = 1; ; attempt++) {
      const result = yield* Effect.result(call)
      if (Result.isSuccess(result)) {
        reachability?.onReply()
        return result.success
      }
      const error = result.failure
      reachability?.onError(error)
      const now = yield* Clock.currentTimeMillis
      const isWorthwhile = error.isRetryable && now < createdAt + resultsLifeMillis && isWanted()
      if (!isWorthwhile) return yield* Effect.fail(error)
      since ??= now
      const untilGivenUp = since + (reachability?.patienceMillis(error) ?? Number.POSITIVE_INFINITY) - now
      if (untilGivenUp <= 0) return yield* Effect.fail(lasting(error))
      const pauseMillis = Math.max(yield* jittered(backoffMillis(attempt)), error.retryAfterMillis ?? 0)
      const delayMillis = Math.round(Math.min(pauseMillis, untilGivenUp))
      if (now >= reportedAt + reportMillis) {
        reportedAt = now
        const { message, reason } = error
        const failure = { reason: reason._tag, message, since, delayMillis }
        yield* Event.emit({ _tag: "BatchCallFailed", ...(batch !== undefined && { batch }), ...failure })
        onReport()
      }
      yield* pause(delayMillis)
    }
  })

/** As an error that does not pass: what may be in a batch is not sent live by a layer above. */
const lasting = (error: AskError): AskError =>
  error.reason._tag === "Unreachable"
    ? error.with({ reason: new Unreachable({ ...error.reason, isPassing: false }) })
    : error

const backoffMillis = (attempt: number): number => Math.min(firstPauseMillis * 2 ** (attempt - 1), maxPauseMillis)

/** 80 to 120 %: processes that lost the API together do not come back together. */
const jittered = (millis: number): Effect.Effect<number> =>
  Effect.map(Random.next, (random) => millis * (0.8 + 0.4 * random))
