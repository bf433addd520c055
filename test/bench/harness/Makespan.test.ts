/** The greedy schedule compared with a step-by-step simulation, and with all possible schedules. */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Makespan from "../../../bench/harness/Makespan.ts"

const zeros = (length: number): Array<number> => Array.from({ length }, () => 0)

/** Simulates time in steps of one: an idle slot takes the next task. */
const stepByStep = (millis: ReadonlyArray<number>, slots: number): number => {
  const queue = [...millis]
  const left = zeros(slots)
  for (let now = 0; ; now++) {
    for (let slot = 0; slot < slots; slot++) {
      while (left[slot] === 0 && queue.length > 0) left[slot] = queue.shift()!
    }
    if (left.every((rest) => rest === 0)) return now
    for (let slot = 0; slot < slots; slot++) left[slot] = Math.max(0, left[slot]! - 1)
  }
}

/** The shortest of all assignments of tasks to slots. */
const bestOfAll = (millis: ReadonlyArray<number>, loads: ReadonlyArray<number>): number => {
  const [first, ...rest] = millis
  if (first === undefined) return Math.max(...loads)
  return Math.min(...loads.map((_, slot) => bestOfAll(rest, loads.with(slot, loads[slot]! + first))))
}

const tasks = (maxLength: number) => fc.array(fc.integer({ min: 0, max: 30 }), { maxLength })

describe("makespan", () => {
  it("is that of a simulation in which a free slot takes the next task", () => {
    fc.assert(
      fc.property(tasks(40), fc.integer({ min: 1, max: 12 }), (millis, slots) => {
        assert.strictEqual(Makespan.makespan(millis, slots), stepByStep(millis, slots))
      })
    )
  })

  it("keeps the tasks in their order", () => {
    assert.strictEqual(Makespan.makespan([1, 1, 2], 2), 3)
    assert.strictEqual(Makespan.makespan([2, 1, 1], 2), 2)
  })

  it("is the sum with one slot, and the longest task with a slot for each", () => {
    assert.strictEqual(Makespan.makespan([3, 1, 2], 1), 6)
    assert.strictEqual(Makespan.makespan([3, 1, 2], 3), 3)
    assert.strictEqual(Makespan.makespan([3, 1, 2], Number.POSITIVE_INFINITY), 3)
    assert.strictEqual(Makespan.makespan([], 4), 0)
  })

  it("rejects less than one slot", () => {
    assert.throws(() => Makespan.makespan([1], 0), "slots: expected a number ≥ 1, got 0")
    assert.throws(() => Makespan.lowerBound([1], Number.NaN), "slots")
  })
})

describe("lowerBound", () => {
  it("is beaten by no schedule, and greedy is within Graham's bound of the best", () => {
    fc.assert(
      fc.property(tasks(6), fc.integer({ min: 1, max: 3 }), (millis, slots) => {
        const best = bestOfAll(millis, zeros(slots))
        const greedy = Makespan.makespan(millis, slots)
        assert.isAtMost(Makespan.lowerBound(millis, slots), best)
        assert.isAtMost(best, greedy)
        assert.isAtMost(greedy, (2 - 1 / slots) * best + 1e-9)
      })
    )
  })

  it("is reached where the tasks fit evenly", () => {
    assert.strictEqual(Makespan.lowerBound([2, 2, 2, 2], 2), 4)
    assert.strictEqual(Makespan.lowerBound([9, 1, 1], 2), 9)
  })
})

describe("amdahl", () => {
  it("is n for parallel work with n slots, and at most 1 ÷ the serial share", () => {
    assert.strictEqual(Makespan.amdahl(0, 8), 8)
    assert.strictEqual(Makespan.amdahl(1, 8), 1)
    assert.strictEqual(Makespan.amdahl(0.5, 2), 4 / 3)
    assert.strictEqual(Makespan.amdahl(0.25), 4)
  })
})
