/** Sends a failed request again where that can help, and gives up when the ask's time is over. */
import { Clock, Context, Duration, Effect, Layer, Random, Schedule, Schema } from "effect"
import { AskError, TimedOut } from "../claude/AskError.ts"
import * as Call from "../claude/Call.ts"
import { Activity, Claude, type SoFar } from "../claude/Claude.ts"
import * as Event from "../claude/Event.ts"
import * as Issue from "../options/Issue.ts"
import { inCode, noneLonger, PositiveDuration, PositiveInt } from "../options/OptionSchemas.ts"
import { addPaid, type Reply, type Usage } from "../claude/Message.ts"
import { Watchdog } from "../scheduling/Watchdog.ts"

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
export interface Options {
  readonly within?: Duration.Input | undefined
  readonly maxWait?: Duration.Input | undefined
  readonly attempts?: number | undefined
}

/** Two attempts of the longest kind. An ask's own `timeout` comes before it. */
export const within: Duration.Input = "20 minutes"

/** Long enough to let an overload pass, short enough to notice that it did. */
export const maxWait: Duration.Input = "60 seconds"

/** Backoff doubles from here: eight tries take half a minute, and no more than a whole one. */
const firstWait = "500 millis"

/** No jitter is shorter: what failed a moment ago needs a moment. */
const leastWaitMillis = 100

/** Where nobody has ever answered, the network or the address is wrong more often than the API is down. */
const unansweredMillis = 60_000

/** Tries of an overloaded model where another can be asked: one overload may be a moment's, three in a row are no chance. */
const triesBeforeFallback = 3

const assertOptions = Issue.assert(inCode(Options), "retry")

/** How much later than `retry-after` a waiting call may come, as a share of it, so that not all return at once. */
const spread = 0.1

/**
 * Provides a `Claude` that tries again after passing faults, never before `retry-after` is over, and at once gives up where
 * that is longer than `maxWait`. An error has the usage of all tries.
 */
export const layer = (options: Options = {}): Layer.Layer<Claude, never, Claude> => {
  assertOptions(options)
  return Layer.effect(
    Claude,
    Effect.map(Claude, ({ send }) => {
      const watchdog = new Watchdog()
      const server = { isHeard: false }
      const heard = (reply: Reply): Effect.Effect<Reply> => {
        server.isHeard = true
        return Effect.succeed(reply)
      }
      return Claude.of({
        send: (request) =>
          Effect.withFiber((fiber) => {
            const call = fiber.getRef(Call.Current)
            const activity = fiber.getRef(Activity)
            const listener = fiber.getRef(Event.Listener)
            const left = fiber.getRef(Call.FirstDispatch) ?? { at: undefined }
            const limitMillis = call.timeoutMillis ?? Duration.toMillis(options.within ?? within)
            const endsAt = () => (left.at === undefined ? Number.POSITIVE_INFINITY : left.at + limitMillis)
            const book = new Book()
            const watching: Event.Listener = {
              ...listener,
              emit: (event) => {
                book.see(event)
                if (event._tag === "Dispatched" && left.at === undefined) {
                  left.at = event.at
                  watchdog.wake(endsAt(), fiber)
                }
                return listener.emit(event)
              }
            }
            const onActivity = (latest: SoFar) => {
              book.soFar = latest
              activity(latest)
            }
            const context = Context.add(Context.add(fiber.context, Event.Listener, watching), Activity, onActivity)
            const attempt = (number: number) =>
              number === call.attempt
                ? send(request)
                : Effect.provideService(send(request), Call.Current, { ...call, attempt: number })
            const note = (error: AskError): void => {
              book.add(error)
              // Whoever hangs, stalls or is cut off has been reached.
              if (error.reason._tag !== "Unreachable") server.isHeard = true
            }
            const again = (error: AskError) => {
              note(error)
              const next = Effect.flatMap(Schedule.CurrentMetadata, (metadata) =>
                metadata.attempt === 0
                  ? Effect.fail(error)
                  : Effect.tapError(attempt(metadata.attempt + 1), (error) => Effect.sync(() => note(error)))
              )
              const tried = Effect.retry(next, schedule(options, call, endsAt, server))
              return Effect.matchEffect(tried, {
                onFailure: (error) => Effect.fail(error.usage === book.paid ? error : error.with({ usage: book.paid })),
                onSuccess: heard
              })
            }
            const onLate = () => {
              const error = new AskError({ reason: new TimedOut({ limitMillis, scope: "ask" }) })
              return Effect.andThen(tellStopped(book, request.model, error), () => error.with(book.whole))
            }
            // Most calls need no second try, and are spared the schedule.
            const whole = Effect.matchEffect(attempt(1), { onFailure: again, onSuccess: heard })
            const tries = watchdog.watch(whole, endsAt, onLate, context)
            return Effect.onInterrupt(tries, () => tellStopped(book, request.model))
          })
      })
    })
  )
}

/** When to try again, and until when; tells each `Retrying`. */
const schedule = (options: Options, call: Call.Call, endsAt: () => number, server: { readonly isHeard: boolean }) => {
  const longestMillis = Duration.toMillis(options.maxWait ?? maxWait)
  const most = options.attempts ?? Number.POSITIVE_INFINITY
  const mostOverloaded = (call.fallback ?? []).length === 0 ? most : Math.min(most, triesBeforeFallback)
  const isHopeful = ({ attempt, duration, elapsed, input: error }: Schedule.Metadata<unknown, AskError>): boolean =>
    error.isRetryable &&
    (error.retryAfterMillis ?? 0) <= longestMillis &&
    attempt < (error.isOverload ? mostOverloaded : most) &&
    (server.isHeard || error.reason._tag !== "Unreachable" || elapsed + Duration.toMillis(duration) < unansweredMillis)
  return backoff(longestMillis).pipe(
    Schedule.while((step) =>
      isHopeful(step)
        ? Effect.map(Clock.currentTimeMillis, (now) => now + Duration.toMillis(step.duration) < endsAt())
        : Effect.succeed(false)
    ),
    Schedule.tap(({ attempt, duration, input: { message, reason } }) =>
      Event.emit({ _tag: "Retrying", attempt, reason: reason._tag, message, delayMillis: Duration.toMillis(duration) })
    )
  )
}

/** What the tries of one turn have paid and brought so far. */
class Book {
  paid: Usage | undefined
  soFar: SoFar | undefined
  #failed: ReturnType<SoFar> = {}
  /** The attempt that left and has not come to an end. */
  underWay: { readonly attempt: number; readonly at: number } | undefined

  see(event: Event.Event): void {
    // What becomes of a second copy is told by who sent it.
    if ("hedge" in event && event.hedge) return
    if (event._tag === "Dispatched") this.underWay = event
    else if (event._tag === "Replied" || event._tag === "AttemptFailed") this.underWay = undefined
  }

  add({ model, partialText, usage }: AskError): void {
    this.paid = addPaid(this.paid, usage)
    this.#failed = { model: model ?? this.#failed.model, partialText: partialText ?? this.#failed.partialText }
    this.soFar = undefined
  }

  /** All of it, where the time is over: the text is the latest. */
  get whole(): ReturnType<SoFar> {
    const { model, partialText, usage } = this.soFar?.() ?? {}
    return {
      usage: addPaid(this.paid, usage),
      model: model ?? this.#failed.model,
      partialText: partialText ?? this.#failed.partialText
    }
  }
}

/** An attempt that is stopped cannot tell its end, nor what it has cost. */
const tellStopped = Effect.fnUntraced(function* ({ soFar, underWay }: Book, model: string, error?: AskError) {
  if (underWay === undefined) return
  const { attempt, at } = underWay
  const { reason, message } =
    error === undefined
      ? { reason: "Interrupted", message: "stopped on its way" }
      : { reason: error.reason._tag, message: error.message }
  const { usage, model: answering = model } = soFar?.() ?? {}
  const durationMillis = (yield* Clock.currentTimeMillis) - at
  const paid = usage === undefined ? {} : { usage, model: answering }
  yield* Event.emit({ _tag: "AttemptFailed", attempt, reason, message, ...paid, durationMillis })
})

/** Exponential with full jitter up to the longest wait, or the time that the API names where that is longer. */
const backoff = (longestMillis: number) => {
  const leastMillis = Math.min(leastWaitMillis, longestMillis)
  return Schedule.exponential(firstWait).pipe(
    Schedule.setInputType<AskError>(),
    Schedule.modifyDelay(({ duration, input: { retryAfterMillis = 0 } }) =>
      Effect.map(Random.next, (random) => {
        const stepMillis = Math.min(Duration.toMillis(duration), longestMillis)
        const backoffMillis = leastMillis + (stepMillis - leastMillis) * random
        return Duration.millis(Math.ceil(Math.max(backoffMillis, retryAfterMillis * (1 + spread * random))))
      })
    )
  )
}
