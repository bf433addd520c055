/** Arms alternate: each runs once a round, in a shuffled order that depends on the seed only. */
import { assert, describe, it } from "@effect/vitest"
import * as Arms from "../../../bench/harness/Arms.ts"
import { shuffledRounds } from "../../../bench/harness/Shuffle.ts"

const names = ["a", "b", "c", "d"]

const orders = (seed: number) => shuffledRounds(names, 20, seed).map((order) => order.join(""))

const fails = () => {
  throw new Error("other latencies")
}

const rejected = async (arm: Partial<Arms.Arm>): Promise<unknown> =>
  Arms.play([{ name: "a", run: () => Promise.resolve(), ...arm }], { rounds: 1, seed: 1 }).then(
    () => "no failure",
    (error: Error) => error.message
  )

describe("Arms.play", () => {
  it("runs each arm once a round, one at a time, each between its before and after", async () => {
    const log: Array<string> = []
    const arm = (name: string): Arms.Arm => ({
      name,
      before: () => void log.push(`before ${name}`),
      run: async () => {
        log.push(`begin ${name}`)
        await new Promise((resolve) => setImmediate(resolve))
        log.push(`end ${name}`)
      },
      after: () => void log.push(`after ${name}`)
    })
    const samples = await Arms.play(names.map(arm), { rounds: 3, seed: 5 })
    const rounds = shuffledRounds(names, 3, 5).flat()
    assert.deepStrictEqual(
      log,
      rounds.flatMap((name) => ["before", "begin", "end", "after"].map((step) => `${step} ${name}`))
    )
    assert.deepStrictEqual(
      Object.entries(samples).map(([name, { length }]) => [name, length]),
      names.map((name) => [name, 3])
    )
  })

  it("shuffles each round, in the same way for the same seed", () => {
    assert.deepStrictEqual(orders(1), orders(1))
    assert.notDeepEqual(orders(1), orders(2))
    assert.isAbove(new Set(orders(1)).size, 5)
    for (const order of orders(1)) assert.sameMembers([...order], names)
  })

  it("ends with the first run, or check of a run, that fails", async () => {
    assert.strictEqual(await rejected({ run: () => Promise.reject(new Error("down")) }), "down")
    assert.strictEqual(await rejected({ after: fails }), "other latencies")
    assert.strictEqual(await rejected({ before: fails }), "other latencies")
  })
})
