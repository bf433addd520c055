/** What must hold of a response in whatever order its events come: it is whole, or it is an error. */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Bodies from "./Bodies.ts"
import { hasLength, isCutVisible, read, reading } from "./Bodies.ts"

describe("an exchange", () => {
  it("gives the whole body exactly if all of it came, whatever the order of events", async () => {
    const position = fc.nat({ max: 10 })
    await fc.assert(
      fc.asyncProperty(
        Bodies.plan,
        reading,
        fc.record({ begins: position, ends: fc.boolean(), fails: fc.option(position), isSlow: fc.boolean() }),
        async (plan, how, { begins, ends, fails, isSlow }) => {
          const one = Bodies.make(plan)
          const { exchange, outcome } = read(how)
          type Event = "begin" | "end" | "fail" | Buffer
          const events: Array<Event> = [...one.pieces]
          // A body without any sign of its length may only end when it is whole.
          if (ends && (one.isWhole || isCutVisible(one))) events.push("end")
          events.splice(Math.min(begins, events.length), 0, "begin")
          if (fails !== null) events.splice(Math.min(fails, events.length), 0, "fail")
          events.push("fail")
          for (const event of events) {
            if (event === "begin") exchange.begin(200, one.headers)
            else if (event === "end") exchange.finish()
            else if (event === "fail") exchange.fail(new Error("the connection was lost"))
            else exchange.take(event)
            if (isSlow) await new Promise((resolve) => setImmediate(resolve))
          }
          const before = new Set(events.slice(0, events.indexOf("fail")))
          const isComplete = one.pieces.every((piece) => before.has(piece))
          const isEnded = before.has("end") || hasLength(one)
          const isExpected = one.isWhole && before.has("begin") && isComplete && isEnded
          const result = await outcome
          if (isExpected) assert.deepStrictEqual(result, { text: one.text })
          else assert.property(result, "error")
        }
      ),
      { numRuns: 1500 }
    )
  })
})
