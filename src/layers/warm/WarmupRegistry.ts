/** The groups of a layer, each under the prefix it shares, and the one timer that ends their waiting. */
import { lifeMillis, type Prefix } from "../../cost/SharedPrefix.ts"
import { type AnyFiber, nowMillis } from "../../scheduling/FiberClock.ts"
import { SharedTimer } from "../../scheduling/SharedTimer.ts"
import { WarmupGroup } from "./WarmupGroup.ts"

/** A run has one group or a few; a server that asks about ever new documents must not keep them all. */
const maxIdle = 64

type Shared = Exclude<Prefix, { readonly _tag: "Nothing" }>

export class WarmupRegistry {
  readonly #maxWaitOf: (prefix: Shared) => number
  readonly #groups = new Map<string, Map<string, WarmupGroup>>()
  #size = 0
  #sweepAt = maxIdle
  /** Those whose leader's request has left. */
  readonly #watched = new Set<WarmupGroup>()
  readonly #timer = new SharedTimer((timer) => this.#endLateWaits(timer))

  /** `maxWaitOf`: how long the others wait for the leader of such a prefix, in milliseconds. */
  constructor(maxWaitOf: (prefix: Shared) => number) {
    this.#maxWaitOf = maxWaitOf
  }

  of(prefix: Shared): WarmupGroup {
    const { _tag, context, cacheKey } = prefix
    // The requests of a run hold the same string, which a map finds without reading it.
    const known = this.#groups.get(context)?.get(cacheKey)
    if (known !== undefined) return known
    if (this.#size >= this.#sweepAt) this.#sweep()
    const ofContext = this.#groups.get(context) ?? new Map<string, WarmupGroup>()
    const made = new WarmupGroup(lifeMillis[_tag], this.#maxWaitOf(prefix))
    this.#groups.set(context, ofContext.set(cacheKey, made))
    this.#size++
    return made
  }

  /** Bounds from now on how long a group waits for its leader. */
  watch(group: WarmupGroup, fiber: AnyFiber): void {
    if (group.departedAt === undefined) return
    this.#watched.add(group)
    this.#timer.set(group.departedAt + group.maxWaitMillis, fiber)
  }

  /** The group's waiting is over. */
  unwatch(group: WarmupGroup): void {
    if (!this.#watched.delete(group) || this.#watched.size > 0) return
    this.#timer.stop()
  }

  #endLateWaits(timer: AnyFiber): void {
    const now = nowMillis(timer)
    for (const group of this.#watched) {
      const at = (group.departedAt ?? now) + group.maxWaitMillis
      if (at > now) this.#timer.set(at, timer)
      else {
        this.#watched.delete(group)
        group.giveUp(timer)
      }
    }
  }

  /** Forgets the groups without a call: where their prefix is used again, a call leads again. */
  #sweep(): void {
    for (const [context, ofContext] of this.#groups) {
      for (const [cacheKey, group] of ofContext) {
        if (!group.isIdle) continue
        ofContext.delete(cacheKey)
        this.#size--
      }
      if (ofContext.size === 0) this.#groups.delete(context)
    }
    this.#sweepAt = Math.max(maxIdle, 2 * this.#size)
  }
}
