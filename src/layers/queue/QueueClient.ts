/** The asks of one run that wait for whichever process has a place for them: a worker, or this one. */
import { Deferred, Effect, Latch, Schedule, type Scope } from "effect"
import type * as PersistedQueue from "effect/persistence/PersistedQueue"
import { AskError, WorkerLost } from "../../claude/AskError.ts"
import type { Send } from "../../claude/Attempt.ts"
import * as Call from "../../claude/Call.ts"
import * as Event from "../../claude/Event.ts"
import type { Reply, Request } from "../../claude/Message.ts"
import type { JournalError } from "../../journal/Journal.ts"
import type { PendingTurn } from "../../journal/PendingTurn.ts"
import { type Claimed, itemOf, type Outcome, type Position, runOf, type Shared } from "../../journal/Shared.ts"
import { type AnyFiber, nowMillis } from "../../scheduling/FiberClock.ts"
import { maxTakes, queue, type QueuedAsk, version, written } from "./QueuedAsk.ts"

interface Options {
  /** Sends a request by this process. */
  readonly send: Send
  /** How many of them at once. */
  readonly places: number
  readonly delivery: string
  readonly scope: Scope.Scope
}

/** What becomes of an item: it has ended, or this process has taken it out of the queue to send it itself. */
type Decision = Outcome | { readonly _tag: "Claimed" }

/** How often what others have added is read while an ask waits: two queries each time, whatever the number of asks. */
const pollMillis = 100

/** The pause after a query at least, also where places become free in between. */
const minPauseMillis = 20

/** How long after a claim in vain the next one is tried: the workers have everything, until one of them dies. */
const reclaimMillis = 1000

/** How many items a claim names at most. */
const claimable = 200

/** How long the database is tried where it does not answer, before an ask is sent without it: two minutes. */
const retries = { schedule: Schedule.spaced("1 second"), times: 120 }

/** A client for the run that these turns are of. */
export const make = Effect.fnUntraced(function* (options: Options, { begun, journal }: PendingTurn, shared: Shared) {
  const items = yield* queue(shared, begun.source)
  // Before anything is offered, so that no end of an item is missed.
  const position = yield* shared.position
  return new QueueClient(options, journal, begun, shared, items, position)
})

/** Who listens to the events of an ask, and the execution whose time they count in; `since`: by the clock of this process. */
interface Asking {
  readonly since: number
  readonly listener: Event.Listener
  readonly execution: Call.Execution | undefined
}

export class QueueClient {
  readonly #options: Options
  readonly #journal: PendingTurn["journal"]
  readonly #begun: PendingTurn["begun"]
  readonly #shared: Shared
  readonly #items: PersistedQueue.PersistedQueue<QueuedAsk>
  readonly #waiting = new Map<string, Deferred.Deferred<Decision>>()
  /** Those of `#waiting` that were taken out of the queue, and hold a place. */
  readonly #claimed = new Set<string>()
  readonly #asking = new Map<string, Asking>()
  readonly #isWaiting = Latch.makeUnsafe(false)
  readonly #nudge = Latch.makeUnsafe(false)
  #freePlaces: number
  #isFollowing = false
  #position: Position
  #claimAt = 0

  constructor(
    options: Options,
    journal: PendingTurn["journal"],
    begun: PendingTurn["begun"],
    shared: Shared,
    items: PersistedQueue.PersistedQueue<QueuedAsk>,
    position: Position
  ) {
    this.#position = position
    this.#options = options
    this.#journal = journal
    this.#begun = begun
    this.#shared = shared
    this.#items = items
    this.#freePlaces = options.places
  }

  /** Sends it here, if there is a place, or waits for the process that takes it. */
  ask(request: Request, turn: PendingTurn, fiber: AnyFiber): Effect.Effect<Reply, AskError> {
    const { resumed } = this.#begun
    if (resumed.length === 0) return this.#askAnew(request, turn, fiber)
    // What a run that has died has queued is not asked twice.
    return this.#shared.offered(turn.request, turn, resumed).pipe(
      Effect.retry(retries),
      Effect.orElseSucceed(() => undefined),
      Effect.flatMap((item) =>
        item === undefined
          ? this.#askAnew(request, turn, fiber)
          : this.#wait(item, this.#join(item), request, turn, fiber)
      )
    )
  }

  #askAnew(request: Request, turn: PendingTurn, fiber: AnyFiber): Effect.Effect<Reply, AskError> {
    return Effect.suspend(() => {
      if (this.#freePlaces > 0) {
        this.#freePlaces--
        return this.#sendHere(request)
      }
      const { entry, key, run } = turn
      const first = fiber.getRef(Call.Execution)?.firstDispatchAt
      const item: QueuedAsk = {
        version,
        run,
        entry,
        turn: turn.turn,
        key,
        ...written(request, turn.request.texts),
        call: fiber.getRef(Call.Current),
        ...(first !== undefined && { spentMillis: nowMillis(fiber) - first }),
        delivery: this.#options.delivery
      }
      const id = itemOf(turn)
      const offer = Effect.andThen(this.#journal.kept, this.#items.offer(item, { id }))
      return this.#wait(id, offer, request, turn, fiber)
    })
  }

  /** Waits for an item that another run has offered, which may have ended in the meantime. */
  #join(item: string): Effect.Effect<void, JournalError> {
    return Effect.map(this.#shared.settled([item]), ([known]) => {
      if (known !== undefined) this.#decide(item, known.outcome)
    })
  }

  /** In a place that is taken already. */
  #sendHere(request: Request): Effect.Effect<Reply, AskError> {
    return Effect.ensuring(
      this.#options.send(request),
      Effect.sync(() => {
        this.#freePlaces++
        this.#nudge.openUnsafe()
      })
    )
  }

  #wait(
    item: string,
    offer: Effect.Effect<unknown, unknown>,
    request: Request,
    turn: PendingTurn,
    fiber: AnyFiber
  ): Effect.Effect<Reply, AskError> {
    return Effect.suspend(() => {
      const decided = Deferred.makeUnsafe<Decision>()
      this.#register(item, decided, fiber)
      const decision = Effect.retry(offer, retries).pipe(
        Effect.andThen(Effect.sync(() => void (this.#claimAt = 0))),
        Effect.andThen(Deferred.await(decided)),
        Effect.onInterrupt(() => Effect.sync(() => this.#withdraw(item, fiber))),
        Effect.ensuring(Effect.sync(() => this.#unregister(item)))
      )
      return Effect.matchEffect(decision, {
        // Without a database there is no queue: the ask goes on as on one machine.
        onFailure: () => this.#options.send(request),
        onSuccess: (decision) => {
          switch (decision._tag) {
            case "Replied":
              turn.kept = { run: runOf(item), at: decision.at }
              return Effect.succeed(decision.reply)
            case "Failed":
              return Effect.fail(decision.error)
            case "Claimed":
              this.#claimed.delete(item)
              return this.#sendHere(request)
            case "Withdrawn":
              return this.#askAnew(request, turn, fiber)
          }
        }
      })
    })
  }

  #register(item: string, decided: Deferred.Deferred<Decision>, fiber: AnyFiber): void {
    this.#asking.set(askOf(fiber.getRef(Call.Current)), {
      since: nowMillis(fiber),
      listener: fiber.getRef(Event.Listener),
      execution: fiber.getRef(Call.Execution)
    })
    this.#waiting.set(item, decided)
    this.#isWaiting.openUnsafe()
    if (this.#isFollowing) return
    this.#isFollowing = true
    Effect.runForkWith(fiber.context)(Effect.forkIn(this.#follow, this.#options.scope))
  }

  #unregister(item: string): void {
    this.#waiting.delete(item)
    if (this.#waiting.size === 0) this.#isWaiting.closeUnsafe()
  }

  /** Nobody waits for it any more: a worker that has it stops, and no other one sends it. */
  #withdraw(item: string, fiber: AnyFiber): void {
    if (this.#claimed.delete(item)) this.#freePlaces++
    const at = nowMillis(fiber)
    this.#journal.add(runOf(item), [{ _tag: "Settled", item, outcome: { _tag: "Withdrawn" }, at }])
  }

  /** Reads what others have added while anything waits for it. */
  get #follow(): Effect.Effect<never> {
    const { id, resumed } = this.#begun
    const step = Effect.gen({ self: this }, function* () {
      yield* this.#isWaiting.await
      const { events, position, settled } = yield* this.#shared.added([id, ...resumed], this.#position)
      this.#position = position
      for (const event of events) yield* this.#hear(event)
      for (const { item, outcome } of settled) this.#decide(item, outcome)
      yield* this.#claim
      yield* Effect.sleep(minPauseMillis)
      this.#nudge.closeUnsafe()
      yield* Effect.race(this.#nudge.await, Effect.sleep(pollMillis - minPauseMillis))
    })
    return Effect.forever(Effect.catchCause(step, () => Effect.sleep(reclaimMillis)))
  }

  #decide(item: string, decision: Decision): void {
    const decided = this.#waiting.get(item)
    if (decided === undefined) return
    this.#waiting.delete(item)
    Deferred.doneUnsafe(decided, Effect.succeed(decision))
  }

  #hear(event: Event.Event): Effect.Effect<void> {
    return Effect.withFiber((fiber) => {
      const asking = this.#asking.get(askOf(event))
      if (asking === undefined) return Effect.void
      if (event._tag === "Dispatched" && asking.execution !== undefined) {
        asking.execution.firstDispatchAt ??= nowMillis(fiber)
      }
      return Event.hear(asking.listener, timed(event, asking.since, nowMillis(fiber)))
    })
  }

  /** Takes back what no worker has, the latest first, as workers begin with the oldest; also what one had that has died. */
  get #claim(): Effect.Effect<void, JournalError> {
    return Effect.withFiber((fiber) => {
      const now = nowMillis(fiber)
      if (this.#freePlaces === 0 || this.#waiting.size === 0 || now < this.#claimAt) return Effect.void
      const items = [...this.#waiting.keys()].toReversed().slice(0, claimable)
      return Effect.flatMap(this.#shared.claim(items, this.#freePlaces), (claimed) => {
        if (claimed.length === 0) this.#claimAt = now + reclaimMillis
        return Effect.forEach(claimed, (each) => this.#take(each), { discard: true })
      })
    })
  }

  /** A worker that has died may have kept the reply before. */
  #take({ item, takes }: Claimed): Effect.Effect<void, JournalError> {
    const known = takes === 0 ? Effect.succeed([]) : Effect.retry(this.#shared.settled([item]), retries)
    return Effect.map(known, ([known]) => {
      if (known !== undefined) return this.#decide(item, known.outcome)
      if (!this.#waiting.has(item)) return
      if (takes >= maxTakes) {
        const error = new AskError({ reason: new WorkerLost({ times: takes }) })
        return this.#decide(item, { _tag: "Failed", error })
      }
      this.#freePlaces--
      this.#claimed.add(item)
      this.#decide(item, { _tag: "Claimed" })
    })
  }
}

/** Clocks of machines differ: an event that cannot be of its time, as the ask was not there or it is to come, is of this moment. */
const timed = (event: Event.Event, since: number, now: number): Event.Event =>
  event.at >= since && event.at <= now ? event : { ...event, at: now }

const askOf = ({ ask, part, run }: Pick<Event.Event, "ask" | "part" | "run">): string => `${run} ${part} ${ask}`
