import { assert, describe, it } from "@effect/vitest"
import { exponentOf } from "../../bench/harness/Growth.ts"
import { contenders, release } from "../../bench/overhead/Contender.ts"
import { shuffledRounds } from "../../bench/harness/Shuffle.ts"

const curve = (exponent: number) => [10, 100, 1000].map((size) => [size, 7 * size ** exponent] as const)

describe("the exponent of growth", () => {
  it("is that of the curve, whatever its factor", () => {
    assert.closeTo(exponentOf(curve(1)), 1, 1e-9)
    assert.closeTo(exponentOf(curve(2)), 2, 1e-9)
    assert.closeTo(exponentOf(curve(0)), 0, 1e-9)
  })

  it("of points off the line is the one that fits best", () => {
    const points = [
      [1, 1],
      [Math.E, Math.E],
      [Math.E ** 2, Math.E ** 4]
    ] as const
    assert.closeTo(exponentOf(points), 2, 1e-9)
  })

  it("is no number where there is no curve", () => {
    assert.isNaN(exponentOf([]))
    assert.isNaN(exponentOf([[10, 3]]))
  })
})

describe("the rounds of a benchmark", () => {
  it("hold every arm once, in an order that the seed decides", () => {
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
    it(`asks every question, at once, later and when told: ${name}`, async () => {
      await prepare(questions, "at once", Number.POSITIVE_INFINITY)()
      await prepare(questions, "later", 4)()
      const state = { isOver: false }
      const held = prepare(questions, "held", Number.POSITIVE_INFINITY)().then(() => (state.isOver = true))
      await new Promise((resolve) => setImmediate(resolve))
      assert.isFalse(state.isOver)
      assert.strictEqual(await release(held), questions.length)
    })
  }
})
