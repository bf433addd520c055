/** The batches of one run: collects the requests that arrive together, sends them, and gives each its result. */
import { Deferred, Effect, Option, Queue } from "effect"
import type { Batches } from "../../claude/Batches.ts"
import * as Event from "../../claude/Event.ts"
import type { Reachability } from "../../claude/Reachability.ts"
import { Ordinals } from "../../journal/RequestKey.ts"
import type { Batching, Times } from "./Batching.ts"
import { type Creation, Creations } from "./Creations.ts"
import { follow } from "./Follow.ts"
import type { Member, MemberOutcome } from "./Member.ts"
import { groupsOf, split } from "./Split.ts"
import { create, type Created, seek } from "./Submission.ts"

/** No further request is waited for where none has arrived for this long: answers of the journal never arrive. */
const quietPause = "1 second"

export class BatchRun implements Batching {
  readonly batches: Batches
  readonly times: Times
  readonly reachability: Reachability
  creations = new Creations()
  readonly #asks: number
  readonly #waiting: Effect.Effect<void>
  readonly #arrivals = Effect.runSync(Queue.unbounded<Member>())
  readonly #members = new Set<Member>()
  readonly #ordinals = new Ordinals()
  #arrived = 0
  /** How many parts of the work are under way, and how many wait for batches. */
  #busy = 0
  #idle = 0

  /** `asks`: how many the run has. `waiting`: run each time that nothing is left but to wait. */
  constructor(
    { batches, reachability, times }: Pick<Batching, "batches" | "reachability" | "times">,
    asks: number,
    waiting: Effect.Effect<void>
  ) {
    this.batches = batches
    this.times = times
    this.reachability = reachability
    this.#asks = asks
    this.#waiting = waiting
  }

  /** Files a request of a run that has no journal. */
  file(key: string): { readonly key: string; readonly ordinal: number } {
    return { key, ordinal: this.#ordinals.next(key) }
  }

  join(member: Member): Effect.Effect<MemberOutcome> {
    return Effect.suspend(() => {
      this.#members.add(member)
      this.#busy++
      Queue.offerUnsafe(this.#arrivals, member)
      return Effect.ensuring(
        Deferred.await(member.outcome),
        Effect.sync(() => this.#members.delete(member))
      )
    })
  }

  /** Whether anybody still waits for one of these. */
  isWanted(members: ReadonlyArray<Member>): boolean {
    return members.some((member) => this.#members.has(member) && !member.isEnded)
  }

  /** While this runs there is more to do than to wait. */
  busyWith<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.suspend(() => {
      this.#busy++
      return Effect.ensuring(
        effect,
        Effect.suspend(() => this.#rest(1))
      )
    })
  }

  idleFor(millis: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#idle++
      return Effect.andThen(this.#rest(1), Effect.sleep(millis))
    }).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          this.#idle--
          this.#busy++
        })
      )
    )
  }

  #rest(count: number): Effect.Effect<void> {
    this.#busy -= count
    return this.#busy === 0 && this.#idle > 0 ? this.#waiting : Effect.void
  }

  /** Runs parts of the work together, each of which may idle for itself. */
  #together(effects: ReadonlyArray<Effect.Effect<void>>): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#busy += effects.length - 1
      const each = (effect: Effect.Effect<void>) =>
        Effect.ensuring(
          effect,
          Effect.suspend(() => this.#rest(1))
        )
      return Effect.ensuring(
        Effect.forEach(effects, each, { concurrency: "unbounded", discard: true }),
        Effect.sync(() => void this.#busy++)
      )
    })
  }

  /** Runs until it is interrupted. A defect ends all who wait. */
  get drive(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      this.creations = new Creations(yield* yield* Event.History)
      if (this.creations.haveMadeAny) this.reachability.onReply()
      for (;;) {
        const members = yield* this.#arrivedTogether
        yield* Effect.forkChild(this.#guarded(this.busyWith(this.#place(members)), members), { startImmediately: true })
        yield* this.#rest(members.length)
      }
    })
  }

  get #arrivedTogether(): Effect.Effect<ReadonlyArray<Member>> {
    return Effect.gen({ self: this }, function* () {
      const members = [yield* Queue.take(this.#arrivals)]
      while (this.#arrived + members.length < this.#asks) {
        const next = yield* Effect.timeoutOption(Queue.take(this.#arrivals), quietPause)
        if (Option.isNone(next)) break
        members.push(next.value)
      }
      this.#arrived += members.length
      return members
    })
  }

  #guarded(effect: Effect.Effect<void>, members: ReadonlyArray<Member>): Effect.Effect<void> {
    return Effect.catchCause(effect, (cause) => Effect.sync(() => members.forEach((member) => member.fail(cause))))
  }

  /** To the batch that has it already, or may have it, or to a new one. */
  #place(members: ReadonlyArray<Member>): Effect.Effect<void> {
    const byCreation = Map.groupBy(members, (member) => this.creations.of(member))
    return this.#together(
      Array.from(byCreation, ([creation, members]) =>
        creation === undefined ? this.#send(members) : this.#resume(creation, members)
      )
    )
  }

  #resume(creation: Creation, members: ReadonlyArray<Member>): Effect.Effect<void> {
    return Effect.flatMap(creation.batch === undefined ? seek(this, creation) : Effect.succeed(creation), (found) =>
      this.#followed(found, members)
    )
  }

  #followed(created: Created, members: ReadonlyArray<Member>): Effect.Effect<void> {
    if (created === undefined) return this.#send(members)
    if ("error" in created) {
      return Effect.sync(() => members.forEach((member) => member.end({ _tag: "Rejected", error: created.error })))
    }
    return follow(this, created, members)
  }

  /** What shares a document with others goes after one of them, which writes it to the cache of batches. */
  #send(members: ReadonlyArray<Member>): Effect.Effect<void> {
    const { followers, leaders, others } = groupsOf(members)
    const led = this.busyWith(this.#sendNow(leaders, true))
    const shared = followers.length === 0 ? [] : [Effect.andThen(led, this.#sendNow(followers, true))]
    return this.#together([this.#sendNow(others), ...shared])
  }

  #sendNow(members: ReadonlyArray<Member>, isCachedFor1h = false): Effect.Effect<void> {
    return this.#together(
      split(members).map((part) =>
        Effect.flatMap(create(this, part, isCachedFor1h), (created) => this.#followed(created, part))
      )
    )
  }
}
