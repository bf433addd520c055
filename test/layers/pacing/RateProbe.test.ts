/** How a trial lets calls leave, by itself. */
import { assert, describe, it } from "@effect/vitest"
import { RateProbe } from "../../../src/layers/pacing/RateProbe.ts"

/** Lets all leave that may until a time, in steps of a millisecond, and gives when they left. */
const leaveUntil = (trial: RateProbe, from: number, to: number): ReadonlyArray<number> => {
  const times: Array<number> = []
  for (let now = from; now < to; now++) {
    while (trial.waitMillis(now) <= 0) {
      trial.leave(now)
      times.push(now)
    }
  }
  return times
}

describe("RateProbe", () => {
  it("lets eight leave, and others once one has passed: more slowly at first, ever faster, without a burst", () => {
    const trial = new RateProbe(true, 0)
    assert.deepStrictEqual(leaveUntil(trial, 0, 300), [0, 0, 0, 0, 0, 0, 0, 0])
    trial.pass(0, 300)
    const times = leaveUntil(trial, 300, 3300)
    const leftIn = (from: number) => times.filter((at) => at >= from && at < from + 1000).length
    assert.deepStrictEqual([leftIn(300), leftIn(1300), leftIn(2300)], [15, 41, 225])
    assert.strictEqual(new Set(times).size, times.length)
  })

  it("takes a second without a refusal for a pass", () => {
    const trial = new RateProbe(true, 0)
    assert.strictEqual(leaveUntil(trial, 0, 1000).length, 8)
    assert.isAbove(leaveUntil(trial, 1000, 3000).length, 4)
  })

  it("lets another leave for each that comes back without an answer", () => {
    const trial = new RateProbe(true, 0)
    leaveUntil(trial, 0, 10)
    trial.comeBack(10)
    trial.comeBack(10)
    assert.deepStrictEqual(leaveUntil(trial, 10, 500), [10, 10])
  })

  it("holds nobody back where something is known, until a refusal that this does not explain", () => {
    const trial = new RateProbe(false, 0)
    for (let now = 0; now < 1000; now += 10) trial.leave(now)
    assert.strictEqual(trial.waitMillis(1000), 0)
    for (let now = 1000; now < 1050; now += 10) {
      trial.leave(now)
      trial.refuse(now, now === 1000, now + 30)
    }
    trial.leave(2000)
    const times = leaveUntil(trial, 2000, 7000)
    assert.isAbove(times.length, 250)
    assert.isBelow(times.length, 500)
  })

  it("grows gently at first, and ever faster where nobody is refused for long", () => {
    const trial = new RateProbe(false, 0)
    for (let now = 0; now < 1000; now += 10) trial.leave(now)
    trial.leave(1000)
    trial.refuse(1000, true, 1030)
    trial.leave(2000)
    const times = leaveUntil(trial, 2000, 42_000)
    const leftIn = (from: number) => times.filter((at) => at >= from && at < from + 2000).length
    assert.isBelow(leftIn(10_000), 1.2 * leftIn(3000))
    assert.isAbove(leftIn(40_000), 2 * leftIn(3000))
  })

  it("ends where a limit is told, though that has refused some", () => {
    const trial = new RateProbe(true, 0)
    leaveUntil(trial, 0, 10)
    trial.refuse(0, false, 10)
    trial.yieldTo(undefined)
    assert.isAbove(trial.waitMillis(10), 0)
    trial.yieldTo(1200)
    assert.strictEqual(trial.waitMillis(10), 0)
  })
})
