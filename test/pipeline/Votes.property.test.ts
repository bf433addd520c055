/** What must hold of a count of votes whatever they say. */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Majority from "../../src/pipeline/Majority.ts"

const vote = fc.record({ a: fc.constantFrom("x", "y", "z"), b: fc.integer({ min: 0, max: 2 }), c: fc.boolean() })
const votes = fc.array(vote, { minLength: 1, maxLength: 9 })

/** How often each value is there; counted by another way than the code does. */
const countsOf = (values: ReadonlyArray<unknown>) =>
  values.map((value) => values.filter((other) => JSON.stringify(other) === JSON.stringify(value)).length)

describe("whatever the votes say", () => {
  it("each field has a value that no other has more votes than, and says how many", () => {
    fc.assert(
      fc.property(votes, (all) => {
        const { agreement, value } = Majority.of(all)
        const chosen = value as (typeof all)[number]
        for (const field of ["a", "b", "c"] as const) {
          const values = all.map((one) => one[field])
          const own = values.filter((one) => one === chosen[field]).length
          assert.strictEqual(own, Math.max(...countsOf(values)))
          assert.strictEqual(agreement.fields?.[field], own)
        }
        assert.strictEqual(agreement.agreeing, Math.min(...Object.values(agreement.fields ?? {})))
        const dissenting = agreement.dissent.map((text) => Number(/\((\d+)\)$/.exec(text)![1]))
        const agreeing = Object.values(agreement.fields ?? {})
        assert.strictEqual(
          [...dissenting, ...agreeing].reduce((sum, n) => sum + n, 0),
          3 * all.length
        )
      })
    )
  })

  it("their order changes no count", () => {
    fc.assert(
      fc.property(
        votes.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, other]) => {
          assert.deepStrictEqual(Majority.of(all).agreement.fields, Majority.of(other).agreement.fields)
        }
      )
    )
  })

  it("any JSON has a count, and equal votes agree in all of it", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.array(fc.jsonValue(), { maxLength: 4 }), (value, others) => {
        const { agreement } = Majority.of([value, ...others])
        assert.isAtLeast(agreement.agreeing, 0)
        const same = Majority.of([value, value, value])
        assert.strictEqual(JSON.stringify(same.value), JSON.stringify(value))
        assert.strictEqual(same.agreement.agreeing, 3)
        assert.deepStrictEqual(same.agreement.dissent, [])
      })
    )
  })
})
