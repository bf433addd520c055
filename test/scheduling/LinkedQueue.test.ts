import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { LinkedQueue } from "../../src/scheduling/LinkedQueue.ts"

describe("LinkedQueue", () => {
  it("has the oldest remaining value first, whichever values were removed, and however often", () =>
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constant("push" as const), fc.nat({ max: 20 })), { maxLength: 60 }), (steps) => {
        const queue = new LinkedQueue<number>()
        const remove: Array<() => void> = []
        let expected: Array<number> = []
        for (const step of steps) {
          if (step === "push") {
            expected.push(remove.length)
            remove.push(queue.push(remove.length))
          } else {
            remove[step]?.()
            expected = expected.filter((value) => value !== step)
          }
          assert.strictEqual(queue.first, expected[0])
        }
        for (const value of expected) {
          assert.strictEqual(queue.first, value)
          remove[value]!()
        }
        assert.isUndefined(queue.first)
      })
    ))
})
