/** A rate of leaving that is found by trial, where refusals are not explained by any limit that is known. */
import { Bucket } from "./Bucket.ts"

/** By how much the rate grows within a second, as a share of it: twice as much after fourteen. */
const growth = 0.05

/** What is left of a rate that was too high. */
const cut = 0.7

/** The share of a second's worth that may leave at once. */
const burst = 0.05

/** A burst that was refused at once tells little of a rate; it is taken to have lasted so long. */
const shortestMillis = 100

export class Trial {
  #bucket: Bucket | undefined
  #grownAt = 0
  #since: number | undefined
  #refusedAt: number | undefined
  #passed = 0

  get isOn(): boolean {
    return this.#bucket !== undefined
  }

  waitMillis(now: number): number {
    return this.#bucket?.waitMillis(1, now) ?? 0
  }

  /** Somebody leaves. After a rest, the answers to all before are in: less than what passed then can pass. */
  leave(now: number): void {
    this.#since ??= now
    if (this.#refusedAt !== undefined && now > this.#refusedAt) {
      const millis = Math.max(shortestMillis, this.#refusedAt - this.#since)
      if (this.#passed > 0) this.#set((cut * this.#passed * 60_000) / millis, now)
      this.#grownAt = now
      this.#since = now
      this.#refusedAt = undefined
      this.#passed = 0
    }
    this.#passed++
    if (this.#bucket === undefined) return
    this.#set(this.#bucket.limit * (1 + (growth * (now - this.#grownAt)) / 1000), now)
    this.#grownAt = now
    this.#bucket.take(1, now)
  }

  /** One of those who left was refused; `isNews` where that says something of the rate. */
  refuse(isNews: boolean, now: number): void {
    this.#passed--
    if (isNews) this.#refusedAt ??= now
  }

  /** Ends the trial where a limit is known that is lower. */
  yieldTo(limit: number | undefined): void {
    if (limit !== undefined && this.#bucket !== undefined && this.#bucket.limit >= limit) this.#bucket = undefined
  }

  #set(limit: number, now: number): void {
    this.#bucket ??= new Bucket(limit, 1, now)
    this.#bucket.resize(limit, Math.max(1, (limit * burst) / 60), now)
  }
}
