/** Runs effects, at most so many at once; while it runs, more may be added, and the limit may be raised. */
import { Deferred, Effect, Exit, FiberSet } from "effect"

export class WorkPool<E = never, R = never> {
  readonly #work: Array<Effect.Effect<unknown, E, R>>
  #limit: number
  #next = 0
  #workers = 0
  readonly #ended = Deferred.makeUnsafe<void, E>()
  #start: ((effect: Effect.Effect<void, never, R>) => unknown) | undefined

  /** `limit`: how many run at once, from 1; `Infinity` for all. */
  constructor(work: ReadonlyArray<Effect.Effect<unknown, E, R>>, limit: number) {
    this.#work = [...work]
    this.#limit = limit
  }

  get limit(): number {
    return this.#limit
  }

  /** Whether what is added will be run. */
  get isOpen(): boolean {
    return this.#start !== undefined
  }

  /** Starts at once as many as the new limit allows. */
  raise(limit: number): void {
    this.#limit = Math.max(this.#limit, limit)
    this.#grow()
  }

  /** Without effect once the pool has ended. */
  add(effect: Effect.Effect<unknown, E, R>): void {
    this.#work.push(effect)
    this.#grow()
  }

  /** Ends when nothing is left to run, or fails with the first failure, which interrupts the others. To be run once. */
  get run(): Effect.Effect<void, E, R> {
    return Effect.scoped(
      Effect.gen({ self: this }, function* () {
        const fibers = yield* FiberSet.make()
        this.#start = yield* FiberSet.runtime(fibers)<R>()
        yield* Effect.addFinalizer(() => Effect.sync(() => (this.#start = undefined)))
        this.#grow()
        if (this.#workers === 0) return
        return yield* Deferred.await(this.#ended)
      })
    )
  }

  /** A worker begins with an effect of its own, so that none is started in vain. */
  #grow(): void {
    while (this.#start !== undefined && this.#workers < this.#limit && this.#next < this.#work.length) {
      this.#workers++
      this.#start(Effect.flatMap(Effect.exit(this.#worker(this.#work[this.#next++]!)), (exit) => this.#onEnd(exit)))
    }
  }

  #worker(first: Effect.Effect<unknown, E, R>): Effect.Effect<void, E, R> {
    return Effect.gen({ self: this }, function* () {
      yield* first
      while (this.#next < this.#work.length) yield* this.#work[this.#next++]!
    })
  }

  #onEnd(exit: Exit.Exit<void, E>): Effect.Effect<void> {
    return Effect.sync(() => {
      this.#workers--
      if (Exit.isSuccess(exit) && this.#workers > 0) return
      this.#start = undefined
      Deferred.doneUnsafe(this.#ended, exit)
    })
  }
}
