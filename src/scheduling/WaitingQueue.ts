/** Fibers that wait for their turn, in the order of their arrival; each may leave from anywhere in the queue. */
import { Effect } from "effect"
import type { AnyFiber } from "./FiberClock.ts"
import { LinkedQueue } from "./LinkedQueue.ts"

/** A fiber in the queue, and the value it waits with. */
export class Waiter<out A, in E = never> {
  readonly value: A
  /** Its fiber is to go on, or was resumed. */
  isReleased = false
  readonly #resume: (result: Effect.Effect<void, E>) => void
  #remove: () => void = () => {}

  constructor(value: A, resume: (result: Effect.Effect<void, E>) => void) {
    this.value = value
    this.#resume = resume
  }

  /** Puts it at the end of a queue. */
  enter(queue: LinkedQueue<Waiter<A, E>>): void {
    this.#remove = queue.push(this)
  }

  /** Takes it out of the queue. */
  leave(): void {
    this.#remove()
  }

  /** Takes it out of the queue, and lets its fiber go on with `result`. */
  release(result: Effect.Effect<void, E>, fiber: AnyFiber): void {
    this.#remove()
    this.isReleased = true
    // In a task of its own: resumed here, the fiber would run inside the one that releases it, and might end within it.
    fiber.currentDispatcher.scheduleTask(() => this.#resume(result), 0)
  }
}

/** What a queue calls: `onQueued` once the caller is in it, `onInterrupt` where it was interrupted, after it has left. */
export interface Hooks<A, E> {
  readonly onQueued?: (waiter: Waiter<A, E>) => void
  readonly onInterrupt?: (waiter: Waiter<A, E>) => void
}

export class WaitingQueue<A, E = never> {
  readonly #queue = new LinkedQueue<Waiter<A, E>>()

  /** The waiter that came first. */
  get first(): Waiter<A, E> | undefined {
    return this.#queue.first
  }

  /** Suspends the caller until its waiter is released. */
  wait(value: A, { onInterrupt, onQueued }: Hooks<A, E> = {}): Effect.Effect<void, E> {
    return Effect.callback((resume) => {
      const waiter = new Waiter<A, E>(value, resume)
      waiter.enter(this.#queue)
      onQueued?.(waiter)
      return Effect.sync(() => {
        waiter.leave()
        onInterrupt?.(waiter)
      })
    })
  }
}
