/** Which window the resets of responses agree on. */
import { assert, describe, it } from "@effect/vitest"
import { minuteMillis, RefillWindow } from "../../../src/layers/pacing/RefillWindow.ts"

/** Reports a bucket of `limit` that flows in within `windowMillis`: one call every 10 ms, of which each is accepted. */
const fill = (window: RefillWindow, limit: number, windowMillis: number, calls: number, resolutionMillis = 1) => {
  for (let n = 1; n <= calls; n++) {
    const now = 10 * n
    const gone = Math.max(0, n - (now * limit) / windowMillis)
    const at = now + (gone * windowMillis) / limit
    const reset = { at: Math.floor(at / resolutionMillis) * resolutionMillis, resolutionMillis }
    window.observe({ limit, remaining: Math.floor(limit - gone), reset }, 0, now, now, n)
  }
}

describe("RefillWindow", () => {
  it("assumes a minute until three resets agree on another window", () => {
    const window = new RefillWindow()
    fill(window, 100, 2000, 2)
    assert.strictEqual(window.millisOf(100, 1), minuteMillis)
    fill(window, 100, 2000, 60)
    assert.approximately(window.millisOf(100, 1), 2000, 100)
  })

  it("stays with a minute where the resets are as a minute's would be", () => {
    for (const resolutionMillis of [1, 1000]) {
      const window = new RefillWindow()
      fill(window, 100, minuteMillis, 50, resolutionMillis)
      assert.strictEqual(window.millisOf(100, 1), minuteMillis)
    }
  })

  it("finds a window of ten minutes", () => {
    const window = new RefillWindow()
    fill(window, 100, 600_000, 50)
    assert.approximately(window.millisOf(100, 1), 600_000, 20_000)
  })

  it("takes a small bucket that is reported as a minute's worth for what it is", () => {
    const window = new RefillWindow()
    fill(window, 100, 2000, 60)
    assert.strictEqual(window.millisOf(100, 2000 / minuteMillis), minuteMillis)
  })

  it("ignores the resets once two of them were broken, unless one was kept before", () => {
    const window = new RefillWindow()
    fill(window, 100, 2000, 60)
    for (const now of [10_000, 20_000]) window.onEmpty(100, now, 60)
    assert.strictEqual(window.millisOf(100, 1), minuteMillis)

    const kept = new RefillWindow()
    fill(kept, 100, 2000, 60)
    kept.observe({ limit: 100, remaining: 10, reset: { at: 2800, resolutionMillis: 1 } }, 0, 1000, 1000, 120)
    kept.observe({ limit: 100, remaining: 99, reset: { at: 4020, resolutionMillis: 1 } }, 0, 4000, 4000, 121)
    for (const now of [10_000, 20_000]) kept.onEmpty(100, now, 121)
    assert.isBelow(kept.millisOf(100, 1), minuteMillis)
  })

  it("keeps to the resets where more was accepted than a minute's window allows, as others take what they promised", () => {
    const window = new RefillWindow()
    fill(window, 10, 150, 30)
    for (let n = 1; n <= 11; n++) window.onAccepted(10, 10 * n)
    for (const now of [10_000, 20_000]) window.onEmpty(10, now, 30)
    assert.approximately(window.millisOf(10, 1), 150, 30)
  })
})
