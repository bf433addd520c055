/** The exact greedy schedule beside a simulation of it minute by minute, and beside every schedule there is. */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Makespan from "../../../bench/harness/Makespan.ts"

const zeros = (length: number): Array<number> => Array.from({ length }, () => 0)

/** Lets time pass in steps of one: whoever is idle takes the next task, and time goes on when nobody can. */
const minuteByMinute = (millis: ReadonlyArray<number>, places: number): number => {
  const queue = [...millis]
  const left = zeros(places)
  for (let now = 0; ; now++) {
    for (let place = 0; place < places; place++) {
      while (left[place] === 0 && queue.length > 0) left[place] = queue.shift()!
    }
    if (left.every((rest) => rest === 0)) return now
    for (let place = 0; place < places; place++) left[place] = Math.max(0, left[place]! - 1)
  }
}

/** The shortest of all ways to give every task a place. */
const bestOfAll = (millis: ReadonlyArray<number>, loads: ReadonlyArray<number>): number => {
  const [first, ...rest] = millis
  if (first === undefined) return Math.max(...loads)
  return Math.min(...loads.map((_, place) => bestOfAll(rest, loads.with(place, loads[place]! + first))))
}

const tasks = (maxLength: number) => fc.array(fc.integer({ min: 0, max: 30 }), { maxLength })

describe("makespan", () => {
  it("is that of a simulation in which whoever is free takes the next task", () => {
    fc.assert(
      fc.property(tasks(40), fc.integer({ min: 1, max: 12 }), (millis, places) => {
        assert.strictEqual(Makespan.makespan(millis, places), minuteByMinute(millis, places))
      })
    )
  })

  it("keeps the tasks in their order", () => {
    assert.strictEqual(Makespan.makespan([1, 1, 2], 2), 3)
    assert.strictEqual(Makespan.makespan([2, 1, 1], 2), 2)
  })

  it("is the sum in one place and the longest in a place for each", () => {
    assert.strictEqual(Makespan.makespan([3, 1, 2], 1), 6)
    assert.strictEqual(Makespan.makespan([3, 1, 2], 3), 3)
    assert.strictEqual(Makespan.makespan([3, 1, 2], Number.POSITIVE_INFINITY), 3)
    assert.strictEqual(Makespan.makespan([], 4), 0)
  })

  it("refuses to have no place", () => {
    assert.throws(() => Makespan.makespan([1], 0), "places: expected a number ≥ 1, got 0")
    assert.throws(() => Makespan.lowerBound([1], Number.NaN), "places")
  })
})

describe("lowerBound", () => {
  it("is beaten by no schedule at all, and greedy is within Graham's bound of the best", () => {
    fc.assert(
      fc.property(tasks(6), fc.integer({ min: 1, max: 3 }), (millis, places) => {
        const best = bestOfAll(millis, zeros(places))
        const greedy = Makespan.makespan(millis, places)
        assert.isAtMost(Makespan.lowerBound(millis, places), best)
        assert.isAtMost(best, greedy)
        assert.isAtMost(greedy, (2 - 1 / places) * best + 1e-9)
      })
    )
  })

  it("is reached where the tasks fit evenly", () => {
    assert.strictEqual(Makespan.lowerBound([2, 2, 2, 2], 2), 4)
    assert.strictEqual(Makespan.lowerBound([9, 1, 1], 2), 9)
  })
})

describe("amdahl", () => {
  it("is what n places buy of work that can be divided, and one over the serial share at most", () => {
    assert.strictEqual(Makespan.amdahl(0, 8), 8)
    assert.strictEqual(Makespan.amdahl(1, 8), 1)
    assert.strictEqual(Makespan.amdahl(0.5, 2), 4 / 3)
    assert.strictEqual(Makespan.amdahl(0.25), 4)
  })
})
