/** What a estimator makes of calls that meet a real token bucket. */
import { assert, describe, it } from "@effect/vitest"
import { BucketEstimator } from "../../../src/layers/pacing/BucketEstimator.ts"

/** A bucket of `held` calls into which `rate` flow in a second, and who leaves at these times. */
const pour = (estimator: BucketEstimator, held: number, rate: number) => {
  let [level, at] = [held, 0]
  return (...times: ReadonlyArray<number>): number => {
    let refused = 0
    for (const time of times) {
      level = Math.min(held, level + ((time - at) * rate) / 1000)
      at = time
      estimator.onDispatch(time)
      if (level >= 1) level--
      else {
        estimator.onRejected(time, refused === 0)
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
    const estimator = new BucketEstimator()
    assert.strictEqual(pour(estimator, 3, 20)(...eight), 5)
    assert.deepStrictEqual(estimator.conclude(), { perSecond: 0, ceilingPerSecond: 0, burst: 3, evidence: 0 })
  })

  it("knows nothing where nobody passed", () => {
    const estimator = new BucketEstimator()
    pour(estimator, 0, 0)(...eight)
    assert.deepStrictEqual(estimator.conclude(), { perSecond: 0, ceilingPerSecond: 0, burst: 0, evidence: 0 })
  })

  it("knows an upper bound of the rate after the first rejection, as more may leave at once than did", () => {
    const estimator = new BucketEstimator()
    pour(estimator, 12, 20)(...eight, ...every(20, 300, 800))
    const { burst, ceilingPerSecond = 0 } = estimator.conclude()
    assert.isAbove(ceilingPerSecond, 20)
    assert.isBelow(ceilingPerSecond, 32)
    assert.approximately(burst, 8, 1e-6)
  })

  it("assumes after the first rejection that the bucket holds what flows in within half a second", () => {
    for (const rate of [20, 40, 60]) {
      for (const from of [100, 300, 2000]) {
        const estimator = new BucketEstimator()
        pour(estimator, rate / 2, rate)(...eight, ...every(5, from, from + 400))
        assert.approximately(estimator.conclude().perSecond, rate, 0.2 * rate, `${rate} a second after ${from} ms`)
      }
    }
  })

  it("knows the rate after the second, from one empty bucket to the next", () => {
    const estimator = new BucketEstimator()
    const leave = pour(estimator, 30, 20)
    leave(...eight, ...every(10, 300, 700))
    estimator.conclude()
    leave(...every(25, 1700, 3100))
    const { ceilingPerSecond, perSecond: rate } = estimator.conclude()
    assert.isUndefined(ceilingPerSecond)
    assert.approximately(rate, 20, 1)
  })

  it("knows it too where the bucket ran over in between, from how much two full ones let through", () => {
    const estimator = new BucketEstimator()
    const leave = pour(estimator, 10, 20)
    leave(...eight, ...every(15, 300, 620))
    estimator.conclude()
    leave(...every(40, 5000, 9000))
    const { burst, perSecond: rate } = estimator.conclude()
    assert.approximately(rate, 20, 1.5)
    assert.approximately(burst, 10, 1.5)
  })

  it("hears nothing new of a refusal from before the rest", () => {
    const estimator = new BucketEstimator()
    pour(estimator, 3, 20)(...eight)
    estimator.conclude()
    estimator.onDispatch(1000)
    estimator.onRejected(0, true)
    assert.isFalse(estimator.hasRejection)
  })
})
