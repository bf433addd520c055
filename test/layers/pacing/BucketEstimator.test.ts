/** What a gauge makes of calls that meet a real token bucket. */
import { assert, describe, it } from "@effect/vitest"
import { BucketEstimator } from "../../../src/layers/pacing/BucketEstimator.ts"

/** A bucket of `held` calls into which `rate` flow in a second, and who leaves at these times. */
const pour = (gauge: BucketEstimator, held: number, rate: number) => {
  let [level, at] = [held, 0]
  return (...times: ReadonlyArray<number>): number => {
    let refused = 0
    for (const time of times) {
      level = Math.min(held, level + ((time - at) * rate) / 1000)
      at = time
      gauge.leave(time)
      if (level >= 1) level--
      else {
        gauge.refuse(time, refused === 0)
        refused++
      }
    }
    return refused
  }
}

const every = (millis: number, from: number, to: number): ReadonlyArray<number> =>
  Array.from({ length: Math.floor((to - from) / millis) }, (_, index) => from + index * millis)

const eight = Array.from({ length: 8 }, () => 0)

describe("BucketEstimator", () => {
  it("knows how many may leave at once where the first calls are refused, and nothing of the rate", () => {
    const gauge = new BucketEstimator()
    assert.strictEqual(pour(gauge, 3, 20)(...eight), 5)
    assert.deepStrictEqual(gauge.conclude(), { rate: 0, isCeiling: true, atOnce: 3, evidence: 0 })
  })

  it("knows nothing where nobody passed", () => {
    const gauge = new BucketEstimator()
    pour(gauge, 0, 0)(...eight)
    assert.deepStrictEqual(gauge.conclude(), { rate: 0, isCeiling: true, atOnce: 0, evidence: 0 })
  })

  it("holds the rate for rather too high after the first refusal, as more may leave at once than did", () => {
    const gauge = new BucketEstimator()
    pour(gauge, 12, 20)(...eight, ...every(20, 300, 800))
    const { isCeiling, rate } = gauge.conclude()
    assert.isTrue(isCeiling)
    assert.isAbove(rate, 20)
    assert.isBelow(rate, 32)
  })

  it("knows the rate after the second, from one empty bucket to the next", () => {
    const gauge = new BucketEstimator()
    const leave = pour(gauge, 30, 20)
    leave(...eight, ...every(10, 300, 700))
    gauge.conclude()
    leave(...every(25, 1700, 3100))
    const { isCeiling, rate } = gauge.conclude()
    assert.isFalse(isCeiling)
    assert.approximately(rate, 20, 1)
  })

  it("knows it too where the bucket ran over in between, from how much two full ones let through", () => {
    const gauge = new BucketEstimator()
    const leave = pour(gauge, 10, 20)
    leave(...eight, ...every(15, 300, 620))
    gauge.conclude()
    leave(...every(40, 5000, 9000))
    const { atOnce, rate } = gauge.conclude()
    assert.approximately(rate, 20, 1.5)
    assert.approximately(atOnce, 10, 1.5)
  })

  it("hears nothing new of a refusal from before the rest", () => {
    const gauge = new BucketEstimator()
    pour(gauge, 3, 20)(...eight)
    gauge.conclude()
    gauge.leave(1000)
    gauge.refuse(0, true)
    assert.isFalse(gauge.isRefused)
  })
})
