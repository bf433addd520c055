import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { LinkedQueue } from "../../src/scheduling/LinkedQueue.ts"

describe("LinkedQueue", () => {
  it("gives the first of those who are still in, whoever left from the midst, and however often", () =>
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constant("push" as const), fc.nat({ max: 20 })), { maxLength: 60 }), (steps) => {
        const fifo = new LinkedQueue<number>()
        const leave: Array<() => void> = []
        let expected: Array<number> = []
        for (const step of steps) {
          if (step === "push") {
            expected.push(leave.length)
            leave.push(fifo.push(leave.length))
          } else {
            leave[step]?.()
            expected = expected.filter((value) => value !== step)
          }
          assert.strictEqual(fifo.first, expected[0])
        }
        for (const value of expected) {
          assert.strictEqual(fifo.first, value)
          leave[value]!()
        }
        assert.isUndefined(fifo.first)
      })
    ))
})
