/** Sends a failed request again where that can help, and gives up when the ask's time is over. */
import { Clock, Context, Duration, Effect, Layer, Random, Schedule, Schema } from "effect"
import { AskError, TimedOut } from "../AskError.ts"
import * as Call from "../Call.ts"
import { Activity, Claude, type SoFar } from "../Claude.ts"
import * as Event from "../Event.ts"
import * as Issue from "../Issue.ts"
import { inCode, noneLonger, PositiveDuration, PositiveInt } from "../Limit.ts"
import { addPaid, type Usage } from "../Message.ts"
import { Watchdog } from "../Watchdog.ts"

/** `within`: time for all tries, from the moment the first one leaves. `maxWait`: longest backoff. `attempts`: most tries. */
export const Options = Schema.Struct({
  within: Schema.optionalKey(
    PositiveDuration.annotate({ description: "Time for one ask with all its tries (default 20 minutes)" })
  ),
  maxWait: Schema.optionalKey(
    PositiveDuration.annotate({ description: "Longest backoff between two tries (default 60 seconds)" })
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

/** Backoff doubles from here: with jitter, eight tries take about a minute. */
const firstWait = "500 millis"

const assertOptions = Issue.assert(inCode(Options), "retry")

/** How much later than `retry-after` a waiting call may come, as a share of it, so that not all return at once. */
const spread = 0.1

/**
 * Provides a `Claude` that tries again after passing faults, never before `retry-after` is over. An error has the usage
 * of all tries.
 */
export const layer = (options: Options = {}): Layer.Layer<Claude, never, Claude> => {
  assertOptions(options)
  return Layer.effect(
    Claude,
    Effect.map(Claude, ({ send }) => {
      const watchdog = new Watchdog()
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
            const again = (error: AskError) => {
              book.add(error)
              const next = Effect.flatMap(Schedule.CurrentMetadata, (metadata) =>
                metadata.attempt === 0
                  ? Effect.fail(error)
                  : Effect.tapError(attempt(metadata.attempt + 1), (error) => Effect.sync(() => book.add(error)))
              )
              return Effect.mapError(Effect.retry(next, schedule(options, endsAt)), (error) =>
                error.usage === book.paid ? error : error.with({ usage: book.paid })
              )
            }
            const onLate = () => {
              const error = new AskError({ reason: new TimedOut({ limitMillis, scope: "ask" }) })
              return Effect.andThen(tellStopped(book, request.model, error), () => error.with(book.whole))
            }
            // Most calls need no second try, and are spared the schedule.
            const tries = watchdog.watch(Effect.catch(attempt(1), again), endsAt, onLate, context)
            return Effect.onInterrupt(tries, () => tellStopped(book, request.model))
          })
      })
    })
  )
}

/** When to try again, and until when; tells each `Retrying`. */
const schedule = (options: Options, endsAt: () => number) =>
  backoff(options).pipe(
    Schedule.while(({ attempt, duration, input }) =>
      input.isRetryable && attempt < (options.attempts ?? Number.POSITIVE_INFINITY)
        ? Effect.map(Clock.currentTimeMillis, (now) => now + Duration.toMillis(duration) < endsAt())
        : Effect.succeed(false)
    ),
    Schedule.tap(({ attempt, duration, input: { message, reason } }) =>
      Event.emit({ _tag: "Retrying", attempt, reason: reason._tag, message, delayMillis: Duration.toMillis(duration) })
    )
  )

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

/** Exponential with jitter up to `maxWait`, or the server's `retry-after` where that is longer. */
const backoff = (options: Options) =>
  Schedule.exponential(firstWait).pipe(
    Schedule.setInputType<AskError>(),
    Schedule.modifyDelay(({ duration }) =>
      Effect.succeed(Duration.min(duration, Duration.fromInputUnsafe(options.maxWait ?? maxWait)))
    ),
    Schedule.jittered,
    Schedule.modifyDelay(({ duration, input: { reason } }) =>
      Effect.map(Random.next, (random) => {
        const after = reason._tag === "RateLimited" ? (reason.retryAfterMillis ?? 0) : 0
        return Duration.max(duration, Duration.millis(Math.round(after * (1 + spread * random))))
      })
    )
  )
