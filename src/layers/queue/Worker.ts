/** Answers asks of the queue: takes each by a lease, sends it, and keeps its events and its reply before the lease ends. */
import { Cause, Clock, Deferred, Effect, Exit, Fiber, RcMap, Result, Schedule, type Scope } from "effect"
import { AskError, WorkerFailed, WorkerLost } from "../../claude/AskError.ts"
import type { Send } from "../../claude/Attempt.ts"
import * as Call from "../../claude/Call.ts"
import * as Event from "../../claude/Event.ts"
import type { Reply } from "../../claude/Message.ts"
import { type Journal, JournalError, type Row, type Settling } from "../../journal/Journal.ts"
import type { Shared } from "../../journal/Shared.ts"
import { maxTakes, queue, type QueuedAsk, requestOf } from "./QueuedAsk.ts"
import { StoredTexts } from "./StoredTexts.ts"

/** What has become of an ask: `returned` to the queue, or `withdrawn` by its run. */
export type End = "replied" | "failed" | "withdrawn" | "returned"

export interface Work {
  readonly journal: typeof Journal.Service
  readonly shared: Shared
  /** Who answers: asks of runs with another source are left to others. */
  readonly source: string
  /** How many asks at once. */
  readonly places: number
  /** What sends the asks of a run, by the options of its layers. One is made for all asks of a run. */
  readonly senderOf: (run: string, delivery: string) => Effect.Effect<Send, AskError, Scope.Scope>
  readonly onStart?: () => void
  readonly onEnd?: (end: End) => void
}

/** How often it is looked whether a run still waits for the asks under way: one query for all of them. */
const watchInterval = "1 second"

/** How long asks under way may take before they are given back to the queue, once the worker is stopped. */
const drainMillis = 10_000

/** How long the layers of a run are kept after its last ask. */
const senderIdle = "1 minute"

/** The pause after an error of the database. */
const everySecond = Schedule.spaced("1 second")

/**
 * Takes asks until it is interrupted. Then it takes nothing new, ends what is under way within 10 seconds, and gives the rest back.
 * The lease of an item ends after its outcome is kept, in a transaction of its own: where a worker dies in between, the next one
 * finds the outcome and sends nothing. Fails where the journal can keep nothing more, and where the database is away for too long.
 */
export const run = (work: Work): Effect.Effect<never, JournalError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const items = yield* queue(work.shared, work.source)
      const senders = yield* RcMap.make({
        lookup: (key: string) => work.senderOf(runOf(key), deliveryOf(key)),
        idleTimeToLive: senderIdle
      })
      const kept = { senders, stored: new StoredTexts(work.shared) }
      const underWay = new Map<string, Deferred.Deferred<void>>()
      const busy = new Set<Fiber.Fiber<unknown, unknown>>()
      let isStopped = false

      const handle = (item: QueuedAsk, { attempts, id }: { readonly attempts: number; readonly id: string }) =>
        Effect.withFiber<void, JournalError>((fiber) => {
          const withdrawn = Deferred.makeUnsafe<void>()
          busy.add(fiber)
          underWay.set(id, withdrawn)
          return Effect.ensuring(
            answer(work, kept, { item, id, takes: attempts, withdrawn }),
            Effect.sync(() => {
              busy.delete(fiber)
              underWay.delete(id)
            })
          )
        })

      const place = Effect.whileLoop({
        while: () => !isStopped,
        body: () => Effect.catchCause(items.take(handle), afterFailure),
        step: () => {}
      })

      const watch = Effect.gen(function* () {
        if (underWay.size === 0) return
        for (const item of yield* work.shared.unwanted([...underWay.keys()])) {
          const withdrawn = underWay.get(item)
          if (withdrawn !== undefined) yield* Deferred.succeed(withdrawn, undefined)
        }
      })
      yield* Effect.forkScoped(Effect.schedule(Effect.ignore(watch), Schedule.spaced(watchInterval)))

      const places = yield* Effect.forEach(Array.from({ length: work.places }), () => Effect.forkDetach(place))
      const drained = Effect.gen(function* () {
        isStopped = true
        yield* Fiber.interruptAll(places.filter((each) => !busy.has(each)))
        const until = (yield* Clock.currentTimeMillis) + drainMillis
        while (busy.size > 0 && (yield* Clock.currentTimeMillis) < until) yield* Effect.sleep("50 millis")
        yield* Fiber.interruptAll(places)
      })
      const worked = Effect.andThen(Fiber.joinAll(places), Effect.never)
      // The queue looks for asks without an end, whether the database is there or not.
      return yield* Effect.ensuring(Effect.raceFirst(worked, work.shared.watch), drained)
    })
  )

/** Whatever the queue fails with passes, as a database that is away: a lease that could not be ended ends by itself. */
const afterFailure = (cause: Cause.Cause<unknown>): Effect.Effect<void, JournalError> => {
  const error = Cause.squash(cause)
  if (error instanceof JournalError) return Effect.fail(error)
  return Cause.hasInterrupts(cause) ? Effect.interrupt : Effect.sleep("1 second")
}

const keyOf = ({ delivery, run }: QueuedAsk): string => `${run} ${delivery}`
const runOf = (key: string): string => key.slice(0, key.indexOf(" "))
const deliveryOf = (key: string): string => key.slice(key.indexOf(" ") + 1)

/** What a worker keeps for all asks of a run. */
interface Kept {
  readonly senders: RcMap.RcMap<string, Send, AskError>
  readonly stored: StoredTexts
}

/** An item that a worker has; `takes`: how often it was taken, with this time. */
interface Taken {
  readonly item: QueuedAsk
  readonly id: string
  readonly takes: number
  readonly withdrawn: Deferred.Deferred<void>
}

const answer = (
  { journal, onEnd = () => {}, onStart = () => {}, shared }: Work,
  { senders, stored }: Kept,
  { id, item, takes, withdrawn }: Taken
): Effect.Effect<void, JournalError> =>
  Effect.uninterruptibleMask(
    Effect.fnUntraced(function* (restore) {
      const known = yield* restore(Effect.retry(shared.settled([id]), everySecond))
      if (known.length > 0) return
      const { entry, key, run, turn } = item
      const settle = Effect.fnUntraced(function* (end: End, outcome: Settling, rows: ReadonlyArray<Row> = []) {
        const at = yield* Clock.currentTimeMillis
        journal.add(run, [...rows, { _tag: "Settled", item: id, outcome, at }])
        yield* journal.kept
        onEnd(end)
      })
      const texts = yield* restore(Effect.retry(stored.of(item.stored), everySecond))
      onStart()
      const fail = (error: AskError) => settle("failed", { _tag: "Failed", error })
      if (takes > maxTakes) return yield* fail(new AskError({ reason: new WorkerLost({ times: takes - 1 }) }))

      const sent = Effect.scoped(
        Effect.flatMap(RcMap.get(senders, keyOf(item)), (send) => sending(send, item, texts, journal))
      )
      const stopped = Effect.as(Deferred.await(withdrawn), undefined)
      const exit = yield* Effect.exit(restore(Effect.raceFirst(sent, stopped)))
      if (Exit.isSuccess(exit)) {
        const reply = exit.value
        if (reply === undefined) return onEnd("withdrawn")
        const at = yield* Clock.currentTimeMillis
        return yield* settle("replied", { _tag: "Replied", entry, turn }, [
          { _tag: "Turn", entry, turn, key, reply, at }
        ])
      }
      if (Cause.hasInterruptsOnly(exit.cause)) {
        onEnd("returned")
        return yield* Effect.interrupt
      }
      const error = Cause.squash(exit.cause)
      return yield* fail(error instanceof AskError ? error : failedBy(error))
    })
  )

const failedBy = (error: unknown): AskError => new AskError({ reason: new WorkerFailed({ detail: String(error) }) })

/** This process, among those of all machines. */
const here = (): string => `${process.getBuiltinModule("node:os").hostname()} ${process.pid}`

/** Sends it as its run would, and keeps the events of its attempts. */
const sending = (
  send: Send,
  item: QueuedAsk,
  texts: ReadonlyMap<string, string>,
  journal: typeof Journal.Service
): Effect.Effect<Reply, AskError> =>
  Effect.gen(function* () {
    const request = requestOf(item, texts)
    if (Result.isFailure(request)) return yield* failedBy(request.failure)
    const { call, run, spentMillis } = item
    const now = yield* Clock.currentTimeMillis
    const record = (event: Event.Event): Effect.Effect<void> =>
      Effect.suspend(() => {
        journal.add(run, [{ _tag: "Event", event: event._tag === "Dispatched" ? { ...event, worker: here() } : event }])
        // What says that a request leaves is kept before it does.
        return event._tag === "Dispatched" ? Effect.ignore(journal.written) : Effect.void
      })
    return yield* send(request.success).pipe(
      Effect.provideService(Call.Current, call),
      Effect.provideService(Call.Execution, {
        firstDispatchAt: spentMillis === undefined ? undefined : now - spentMillis
      }),
      Effect.provideService(Event.Recorder, record)
    )
  })
