/** The convoys of a run, each under what it shares, and the one timer that ends their waiting. */
import { Clock, type Fiber } from "effect"
import { Alarm } from "../../scheduling/SharedTimer.ts"
import { Convoy } from "./WarmupGroup.ts"
import { lifeMillis, type Prefix } from "../../cost/SharedPrefix.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

/** A run has one or a few; a server that asks about ever new documents must not keep them all. */
const mostIdle = 64

export class Convoys {
  readonly #maxWaitMillis: number
  readonly #all = new Map<string, Map<string, Convoy>>()
  #size = 0
  #sweepAt = mostIdle
  /** Those whose leader has left, in that order. */
  readonly #led = new Set<Convoy>()
  readonly #alarm = new Alarm((timer) => this.#look(timer))

  constructor(maxWaitMillis: number) {
    this.#maxWaitMillis = maxWaitMillis
  }

  of({ _tag, context, ground }: Exclude<Prefix, { readonly _tag: "Nothing" }>): Convoy {
    // A run's requests hold the same text, which is found without being read.
    const known = this.#all.get(context)?.get(ground)
    if (known !== undefined) return known
    if (this.#size >= this.#sweepAt) this.#sweep()
    const grounds = this.#all.get(context) ?? new Map<string, Convoy>()
    const convoy = new Convoy(lifeMillis[_tag])
    this.#all.set(context, grounds.set(ground, convoy))
    this.#size++
    return convoy
  }

  /** Counts from now on how long a convoy waits for its leader. */
  watch(convoy: Convoy, fiber: AnyFiber): void {
    if (convoy.leftAt === undefined) return
    this.#led.add(convoy)
    this.#alarm.set(convoy.leftAt + this.#maxWaitMillis, fiber)
  }

  /** The waiting is over. */
  unwatch(convoy: Convoy): void {
    if (!this.#led.delete(convoy) || this.#led.size > 0) return
    this.#alarm.stop()
  }

  #look(timer: AnyFiber): void {
    const now = timer.getRef(Clock.Clock).currentTimeMillisUnsafe()
    for (const convoy of this.#led) {
      const at = (convoy.leftAt ?? now) + this.#maxWaitMillis
      if (at > now) return this.#alarm.set(at, timer)
      this.#led.delete(convoy)
      convoy.giveUp(timer)
    }
  }

  /** Forgets the oldest that nobody is in: what they share may be asked for anew. */
  #sweep(): void {
    for (const [context, grounds] of this.#all) {
      for (const [ground, convoy] of grounds) {
        if (!convoy.isIdle) continue
        grounds.delete(ground)
        this.#size--
      }
      if (grounds.size === 0) this.#all.delete(context)
    }
    this.#sweepAt = Math.max(mostIdle, 2 * this.#size)
  }
}
