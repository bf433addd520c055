/** How a probe lets calls leave, by itself. */
import { assert, describe, it } from "@effect/vitest"
import { initialCallsOf, RateProbe } from "../../../src/layers/pacing/RateProbe.ts"

/** Lets all leave that may until a time, in steps of a millisecond, and gives when they left. */
const leaveUntil = (probe: RateProbe, from: number, to: number): ReadonlyArray<number> => {
  const times: Array<number> = []
  for (let now = from; now < to; now++) {
    while (probe.waitMillis(now) <= 0) {
      probe.onDispatch(now)
      times.push(now)
    }
  }
  return times
}

describe("RateProbe", () => {
  it("lets eight leave, and once one was accepted as many again in each quarter of its latency, without a burst", () => {
    const probe = new RateProbe(true, 0)
    assert.deepStrictEqual(leaveUntil(probe, 0, 300), [0, 0, 0, 0, 0, 0, 0, 0])
    probe.onAccepted(0, 300)
    const times = leaveUntil(probe, 300, 600)
    const leftUntil = (at: number) => 8 + times.filter((time) => time < at).length
    for (const [quarter, calls] of [16, 32, 64, 128].entries()) {
      assert.approximately(leftUntil(375 + 75 * quarter), calls, calls / 8)
    }
    assert.strictEqual(new Set(times.slice(0, 50)).size, 50)
  })

  it("lets a run of up to ten asks leave at once", () => {
    const initialCalls = [1, 8, 9, 10, 11, 1000].map(initialCallsOf)
    assert.deepStrictEqual(initialCalls, [8, 8, 9, 10, 8, 8])
    assert.strictEqual(leaveUntil(new RateProbe(true, 0, initialCallsOf(10)), 0, 300).length, 10)
  })

  it("takes a second without a refusal for a pass", () => {
    const probe = new RateProbe(true, 0)
    assert.strictEqual(leaveUntil(probe, 0, 1000).length, 8)
    assert.isAbove(leaveUntil(probe, 1000, 3000).length, 4)
  })

  it("lets another leave for each that comes back without an answer", () => {
    const probe = new RateProbe(true, 0)
    leaveUntil(probe, 0, 10)
    probe.onEnd(10)
    probe.onEnd(10)
    assert.deepStrictEqual(leaveUntil(probe, 10, 500), [10, 10])
  })

  it("holds nobody back where something is known, until a refusal that this does not explain", () => {
    const probe = new RateProbe(false, 0)
    for (let now = 0; now < 1000; now += 10) probe.onDispatch(now)
    assert.strictEqual(probe.waitMillis(1000), 0)
    for (let now = 1000; now < 1050; now += 10) {
      probe.onDispatch(now)
      probe.onRejected(now, now === 1000, now + 30)
    }
    probe.onDispatch(2000)
    const times = leaveUntil(probe, 2000, 7000)
    assert.isAbove(times.length, 250)
    assert.isBelow(times.length, 500)
  })

  it("grows gently at first, and ever faster where nobody is refused for long", () => {
    const probe = new RateProbe(false, 0)
    for (let now = 0; now < 1000; now += 10) probe.onDispatch(now)
    probe.onDispatch(1000)
    probe.onRejected(1000, true, 1030)
    probe.onDispatch(2000)
    const times = leaveUntil(probe, 2000, 42_000)
    const leftIn = (from: number) => times.filter((at) => at >= from && at < from + 2000).length
    assert.isBelow(leftIn(10_000), 1.2 * leftIn(3000))
    assert.isAbove(leftIn(40_000), 2 * leftIn(3000))
  })

  it("ends where a limit is told, though that has refused some", () => {
    const probe = new RateProbe(true, 0)
    leaveUntil(probe, 0, 10)
    probe.onRejected(0, false, 10)
    probe.yieldTo(undefined)
    assert.isAbove(probe.waitMillis(10), 0)
    probe.yieldTo(1200)
    assert.strictEqual(probe.waitMillis(10), 0)
  })
})
