import { assert, describe, it } from "@effect/vitest"
import { exponentOf } from "../../bench/harness/Growth.ts"
import { contenders, release } from "../../bench/overhead/Contender.ts"
import { shuffledRounds } from "../../bench/harness/Shuffle.ts"

const curve = (exponent: number) => [10, 100, 1000].map((size) => [size, 7 * size ** exponent] as const)

describe("the exponent of growth", () => {
  it("is that of the curve, for any factor", () => {
    assert.closeTo(exponentOf(curve(1)), 1, 1e-9)
    assert.closeTo(exponentOf(curve(2)), 2, 1e-9)
    assert.closeTo(exponentOf(curve(0)), 0, 1e-9)
  })

  it("is the best fit of points off the line", () => {
    const points = [
      [1, 1],
      [Math.E, Math.E],
      [Math.E ** 2, Math.E ** 4]
    ] as const
    assert.closeTo(exponentOf(points), 2, 1e-9)
  })

  it("is NaN for fewer than two points", () => {
    assert.isNaN(exponentOf([]))
    assert.isNaN(exponentOf([[10, 3]]))
  })
})

describe("the rounds of a benchmark", () => {
  it("contain every arm once, in an order that depends on the seed", () => {
    const arms = ["a", "b", "c", "d", "e"]
    const rounds = shuffledRounds(arms, 6, 1)
    assert.deepStrictEqual(
      rounds.map((round) => round.toSorted()),
      rounds.map(() => arms)
    )
    assert.deepStrictEqual(shuffledRounds(arms, 6, 1), rounds)
    assert.notDeepEqual(shuffledRounds(arms, 6, 2), rounds)
    assert.isAbove(new Set(rounds.map(String)).size, 1)
  })
})

describe("a contender of the overhead benchmark", () => {
  const questions = Array.from({ length: 20 }, (_, n) => `Question ${n}?`)

  for (const { name, prepare } of contenders) {
    it(`asks every question, answered at once, later and when released: ${name}`, async () => {
      await prepare(questions, "at once", Number.POSITIVE_INFINITY)()
      await prepare(questions, "later", 4)()
      const state = { hasEnded: false }
      const held = prepare(questions, "held", Number.POSITIVE_INFINITY)().then(() => (state.hasEnded = true))
      await new Promise((resolve) => setImmediate(resolve))
      assert.isFalse(state.hasEnded)
      assert.strictEqual(await release(held), questions.length)
    })
  }
})
