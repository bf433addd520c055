import { assert, describe, it } from "@effect/vitest"
import { fault, latency, mockClaude } from "fanfold/mocks"
import { ask, body, post } from "../ask.ts"

const questions = Array.from({ length: 40 }, (_, index) => `Question ${index}?`)

/** Sends the questions one after the other or all at once, and gives the journal's log. */
const logOf = async (seed: number, order: ReadonlyArray<string>, parallel: boolean): Promise<ReadonlyArray<string>> => {
  const claude = mockClaude({ seed, latency: latency.haiku45, timeScale: 1 / 10_000 })
  claude.fault(fault.overloaded(), { probability: 0.3 })
  claude.fault(fault.cut({ how: "end" }), { probability: 0.1 })
  const one = (question: string): Promise<unknown> => ask(claude.fetch, question).catch(() => undefined)
  if (parallel) await Promise.all(order.map(one))
  else for (const question of order) await one(question)
  return claude.journal.log()
}

describe("random values", () => {
  it("give a request the same faults and times in any order of arrival", async () => {
    const sequential = await logOf(7, questions, false)
    assert.deepStrictEqual(await logOf(7, questions, true), sequential)
    assert.deepStrictEqual(await logOf(7, questions.toReversed(), true), sequential)
    assert.isAbove(sequential.filter((line) => line.includes("529")).length, 4)
    assert.isAbove(sequential.filter((line) => line.includes("cut")).length, 0)
  })

  it("differ by seed and by attempt", async () => {
    assert.notDeepEqual(await logOf(8, questions, true), await logOf(7, questions, true))
    const claude = mockClaude({ latency: latency.uniform(1, 1_000_000), timeScale: 0 })
    await ask(claude.fetch, "Once?")
    await ask(claude.fetch, "Once?")
    const [first, second] = claude.journal.entries
    assert.strictEqual(second?.attempt, 2)
    assert.notStrictEqual(first?.plannedMillis, second?.plannedMillis)
  })

  it("give the same body and ids for the same seed", async () => {
    const bodies = await Promise.all(
      [1, 1, 2].map(async (seed) => (await post(mockClaude({ seed }).fetch, body("Same?"))).text())
    )
    assert.strictEqual(bodies[0], bodies[1])
    assert.notStrictEqual(bodies[0], bodies[2])
  })
})
