/** All arms get the same latencies, and the figures expose a run that is not parallel. */
import { assert, describe, it } from "@effect/vitest"
import * as Fanout from "../../../bench/harness/Fanout.ts"
import * as Simulation from "../../../bench/harness/Simulation.ts"
import * as Speedup from "../../../bench/harness/Speedup.ts"
import { clock, latency, mockClaude } from "fanfold/mocks"

const planOf = (asks: number): Fanout.Plan => ({
  questions: Array.from({ length: asks }, (_, index) => `What is in street ${index + 1}?`),
  synthesis: "Write a guide."
})

describe("the arms", () => {
  const plan = planOf(12)
  const options = { seed: 7, latency: latency.sonnet45, timeScale: 0 }

  it("get identical latencies, whatever their order and client", async () => {
    const rehearsal = await Fanout.rehearse(plan, options)
    const simulation = Simulation.make(options)
    const { fetch } = simulation
    const arms = {
      sequential: Fanout.fanfold(plan, 1, { fetch, inFlight: 12 }),
      parallel: Fanout.fanfold(plan, 12, { fetch, inFlight: 12 }),
      sdk: Fanout.rawSdk(rehearsal, 12, { fetch }),
      mockAlone: Fanout.mockAlone(rehearsal, fetch)
    }
    assert.lengthOf(rehearsal.latencies, 13)
    assert.strictEqual(new Set(rehearsal.latencies.map(([, millis]) => millis)).size, 13, "the latencies differ")
    for (const [name, run] of Object.entries(arms)) {
      simulation.renew()
      await run()
      assert.deepStrictEqual(simulation.latencies(), rehearsal.latencies, name)
    }
  })

  it("differ from a run with other latencies, which throws", async () => {
    const rehearsal = await Fanout.rehearse(plan, options)
    const simulation = Simulation.make(options)
    const run = Fanout.fanfold(plan, 12, { fetch: simulation.fetch, inFlight: 12 })
    await run()
    assert.doesNotThrow(() => Simulation.assertSame(simulation.latencies(), rehearsal.latencies))
    await run()
    assert.throws(() => Simulation.assertSame(simulation.latencies(), rehearsal.latencies), "its time means nothing")
    const elsewhere = await Fanout.rehearse(plan, { ...options, seed: 8 })
    assert.throws(() => Simulation.assertSame(elsewhere.latencies, rehearsal.latencies), "its time means nothing")
    const slower = await Fanout.rehearse(plan, { ...options, latency: latency.sonnet55 })
    assert.deepStrictEqual(
      slower.latencies.map(([attempt]) => attempt),
      rehearsal.latencies.map(([attempt]) => attempt)
    )
    assert.throws(() => Simulation.assertSame(slower.latencies, rehearsal.latencies), "its time means nothing")
  })

  it("rehearse the latencies of the questions, in their order", async () => {
    const claude = mockClaude(options)
    const { askMillis, synthesisMillis } = await Fanout.rehearse(plan, options)
    await Fanout.fanfold({ questions: plan.questions.slice(3, 4) }, 1, { fetch: claude.fetch, inFlight: 1 })()
    assert.strictEqual(askMillis[3], claude.journal.entries[0]!.plannedMillis)
    assert.lengthOf(askMillis, 12)
    assert.isAbove(synthesisMillis, 0)
  })
})

const parts = (researchMillis: number, synthesisMillis: number) => ({ researchMillis, synthesisMillis })

/** Advances a manual clock until the promise settles, so that the speed of the machine does not matter. */
const passing = async <A>(time: clock.Manual, running: Promise<A>): Promise<A> => {
  const run = { hasEnded: false }
  void running.finally(() => {
    run.hasEnded = true
  })
  while (!run.hasEnded) await time.advance(1)
  return running
}

describe("the figures", () => {
  it("are medians, and the ideal", () => {
    const figures = Speedup.figuresOf({
      latency: "made up",
      askMillis: [100, 200, 300],
      synthesisMillis: 200,
      sequential: [parts(600, 200), parts(610, 200), parts(9000, 200)],
      parallel: [parts(300, 200), parts(305, 200), parts(310, 200)]
    })
    assert.strictEqual(figures.sequentialMillis, 810)
    assert.strictEqual(figures.parallelMillis, 505)
    assert.strictEqual(figures.idealMillis, 500)
    assert.strictEqual(figures.speedup, 810 / 505)
    assert.strictEqual(figures.idealSpeedup, 800 / 500, "of the simulated times, whatever sequential took beyond them")
    assert.strictEqual(figures.percentOfIdeal, (500 / 505) * 100)
    assert.strictEqual(figures.researchSpeedup, 2)
    assert.strictEqual(figures.amdahl, 4)
  })

  it("show that an implementation is secretly sequential", async () => {
    const plan = planOf(6)
    const askMillis = plan.questions.map(() => 30)
    const time = clock.manual()
    const { fetch } = mockClaude({ latency: latency.fixed(30), clock: time })
    const runs = async (concurrency: number) => {
      const run = Fanout.fanfold(plan, concurrency, { fetch, inFlight: 6, now: time.now })
      return [await passing(time, run()), await passing(time, run()), await passing(time, run())]
    }
    const sequential = await runs(1)
    const figuresOf = (parallel: ReadonlyArray<Fanout.Parts>) =>
      Speedup.figuresOf({ latency: "fixed", askMillis, synthesisMillis: 30, sequential, parallel })
    const honest = figuresOf(await runs(6))
    const secretlySequential = figuresOf(await runs(1))
    assert.closeTo(secretlySequential.speedup, 1, 0.2)
    assert.closeTo(secretlySequential.researchSpeedup, 1, 0.2)
    assert.isBelow(secretlySequential.percentOfIdeal, 35)
    assert.isAbove(honest.researchSpeedup, 3)
    assert.isAbove(honest.percentOfIdeal, 60)
  })

  it("become rows", () => {
    const one: Speedup.Case = {
      latency: "fixed, 100 ms",
      askMillis: [100, 100],
      synthesisMillis: 100,
      sequential: [parts(230, 100)],
      parallel: [parts(200, 100)]
    }
    const row = Speedup.rowOf(one)
    assert.strictEqual(row["speed-up"], "1.1 ×")
    assert.strictEqual(row["ideal speed-up"], "1.5 ×")
    assert.strictEqual(row["% of ideal"], "66.7")
    assert.strictEqual(Speedup.partsRowOf(one)["Amdahl's limit"], "3.0 ×")
    const { series } = Speedup.plotOf([one])
    assert.deepStrictEqual(
      series.map(({ name, points }) => [name, points]),
      [
        ["fixed, fanfold", [["2", 1.1]]],
        ["fixed, ideal", [["2", 1.5]]]
      ]
    )
  })
})
