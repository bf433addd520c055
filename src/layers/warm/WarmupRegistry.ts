/** The registry of a run, each under what it shares, and the one timer that ends their waiting. */
import { Clock, type Fiber } from "effect"
import { SharedTimer } from "../../scheduling/SharedTimer.ts"
import { WarmupGroup } from "./WarmupGroup.ts"
import { lifeMillis, type Prefix } from "../../cost/SharedPrefix.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

/** A run has one or a few; a server that asks about ever new documents must not keep them all. */
const mostIdle = 64

export class WarmupRegistry {
  readonly #maxWaitMillis: number
  readonly #all = new Map<string, Map<string, WarmupGroup>>()
  #size = 0
  #sweepAt = mostIdle
  /** Those whose leader has left, in that order. */
  readonly #led = new Set<WarmupGroup>()
  readonly #timer = new SharedTimer((timer) => this.#look(timer))

  constructor(maxWaitMillis: number) {
    this.#maxWaitMillis = maxWaitMillis
  }

  of({ _tag, cacheKey: ground, context }: Exclude<Prefix, { readonly _tag: "Nothing" }>): WarmupGroup {
    // A run's requests hold the same text, which is found without being read.
    const known = this.#all.get(context)?.get(ground)
    if (known !== undefined) return known
    if (this.#size >= this.#sweepAt) this.#sweep()
    const grounds = this.#all.get(context) ?? new Map<string, WarmupGroup>()
    const group = new WarmupGroup(lifeMillis[_tag])
    this.#all.set(context, grounds.set(ground, group))
    this.#size++
    return group
  }

  /** Counts from now on how long a group waits for its leader. */
  watch(group: WarmupGroup, fiber: AnyFiber): void {
    if (group.leftAt === undefined) return
    this.#led.add(group)
    this.#timer.set(group.leftAt + this.#maxWaitMillis, fiber)
  }

  /** The waiting is over. */
  unwatch(group: WarmupGroup): void {
    if (!this.#led.delete(group) || this.#led.size > 0) return
    this.#timer.stop()
  }

  #look(timer: AnyFiber): void {
    const now = timer.getRef(Clock.Clock).currentTimeMillisUnsafe()
    for (const group of this.#led) {
      const at = (group.leftAt ?? now) + this.#maxWaitMillis
      if (at > now) return this.#timer.set(at, timer)
      this.#led.delete(group)
      group.giveUp(timer)
    }
  }

  /** Forgets the oldest that nobody is in: what they share may be asked for anew. */
  #sweep(): void {
    for (const [context, grounds] of this.#all) {
      for (const [ground, group] of grounds) {
        if (!group.isIdle) continue
        grounds.delete(ground)
        this.#size--
      }
      if (grounds.size === 0) this.#all.delete(context)
    }
    this.#sweepAt = Math.max(mostIdle, 2 * this.#size)
  }
}
