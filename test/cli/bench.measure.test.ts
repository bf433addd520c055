/** What the benchmark of a plan makes of runs that are not what they should be, seen from within. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Ask, type AskError, Message, Research, Synthesis } from "fanfold"
import { latency, mockClaude } from "fanfold/mocks"
import { measure, type Settings, type Step } from "../../bench/plan/PlanBench.ts"
import { type PlanReport } from "../../bench/plan/PlanReport.ts"
import { stackOf, type Subject } from "../../bench/plan/Rehearsal.ts"

const settings: Settings = {
  concurrency: [1, "unbounded"],
  latency: { name: "fixed:300", latency: latency.fixed(300), basis: "chosen by hand" },
  iterations: 1,
  seed: 1,
  speed: 1,
  version: "1.2.3"
}
const instant: Settings = { ...settings, latency: { name: "none", latency: latency.none, basis: "no time" } }

const questions = ["How far is the sun?", "How far is the moon?", "How far is Mars?"]
const spent = { researchMillis: 0, synthesisMillis: 0, usage: Message.noUsage, costUsd: undefined }

/** A subject that asks these questions at the concurrency that `chosen` makes of the one it is told. */
const asking = (
  questionsOf: () => ReadonlyArray<string>,
  chosen = (told: Research.Concurrency): Research.Concurrency => told
): Subject<Research.ResearchError> => ({
  plan: "plan.yaml",
  layers: {},
  run: (concurrency) =>
    Effect.suspend(() =>
      Effect.as(
        Research.run(
          questionsOf().map((question) => Ask.text(question)),
          { concurrency: chosen(concurrency) }
        ),
        spent
      )
    )
})

const figuresOf = (json: string) => {
  const { arms } = JSON.parse(json) as PlanReport
  const totals = arms.map(({ totalMillis }) => totalMillis[0]!)
  return { ideals: arms.map(({ idealMillis }) => idealMillis), sequential: totals[0]!, parallel: totals[1]! }
}

/** The arms of six rounds, in the order they were played in. */
const ordersOf = (seed: number) =>
  Effect.gen(function* () {
    const steps: Array<Step> = []
    yield* measure(
      asking(() => questions),
      { ...instant, seed, iterations: 6 },
      (step) => steps.push(step)
    )
    return Array.from({ length: 6 }, (_, index) =>
      steps.flatMap(({ arm, round }) => (round === index + 1 ? [arm] : [])).join(", ")
    )
  })

describe("measure", () => {
  it.live("shows a fan-out that is secretly sequential as such", () =>
    Effect.gen(function* () {
      const [honest, sequential] = yield* Effect.forEach(
        [
          asking(() => questions),
          asking(
            () => questions,
            () => 1
          )
        ],
        (subject) => measure(subject, settings, () => {})
      )
      const [good, bad] = [figuresOf(honest!.json), figuresOf(sequential!.json)]
      assert.deepStrictEqual(
        [good.ideals, bad.ideals],
        [
          [900, 300],
          [900, 300]
        ]
      )
      assert.isBelow(good.parallel, good.sequential / 1.5)
      assert.isAbove(bad.parallel, bad.sequential / 1.5)
      assert.isAtLeast(bad.parallel, 898, "three answers of 300 ms each, one after another")
      const [, percent] = /^unbounded .* ([\d.]+) %/m.exec(sequential!.table) ?? []
      assert.isBelow(Number(percent), 50)
    })
  )

  it.live("says that there is no synthesis, and what the least answer costs", () =>
    Effect.gen(function* () {
      const { run, ...one } = asking(() => questions.slice(0, 1))
      const cheap = {
        ...one,
        run: (told: Research.Concurrency) => Effect.as(run(told), { ...spent, costUsd: 0.0000234 })
      }
      const { table } = yield* measure(cheap, instant, () => {})
      assert.match(table, /^plan\.yaml: 1 ask, simulated\n/)
      assert.match(table, /^sequential +[\d.]+ ms +– .* \$0\.000023$/m)
      assert.match(table.replace(/\s+/g, " "), / 1 call took /)
      assert.notInclude(table, "Amdahl")
    })
  )

  it.live("tells of a synthesis that takes no time", () =>
    Effect.gen(function* () {
      const asks = questions.map((question) => Ask.text(question))
      const subject: Subject<Research.ResearchError | AskError.AskError> = {
        plan: "plan.yaml",
        layers: {},
        run: (concurrency) =>
          Effect.as(Effect.flatMap(Research.run(asks, { concurrency }), Synthesis.text("Compare.")), spent)
      }
      const { table } = yield* measure(subject, instant, () => {})
      assert.match(table, /^plan\.yaml: 3 asks and a synthesis, simulated\n/)
      assert.notInclude(table, "Amdahl")
    })
  )

  it.live("dies where an arm is not asked to wait for the same as the others", () =>
    Effect.gen(function* () {
      let runs = 0
      const fickle = asking(() => (runs++ === 0 ? questions : questions.slice(1)))
      const cause = yield* Effect.sandbox(measure(fickle, settings, () => {})).pipe(Effect.flip)
      assert.include(String(cause), "met other latencies than the rehearsal")
    })
  )

  it.live("shuffles the order of every round, and the same way for the same seed", () =>
    Effect.gen(function* () {
      const [one, again, other] = yield* Effect.forEach([1, 1, 2], ordersOf)
      assert.deepStrictEqual(one, again)
      assert.notDeepEqual(one, other)
      assert.isAbove(new Set(one).size, 1)
      for (const order of one!) {
        assert.sameMembers(order.split(", "), ["sequential", "unbounded", "without latency", "the mock alone"])
      }
    })
  )
})

describe("the stack that a plan is measured under", () => {
  it.live("lets all asks out at once, and tries none of them twice", () =>
    Effect.gen(function* () {
      const claude = mockClaude({ latency: latency.fixed(20) })
      const many = Array.from({ length: 40 }, (_, index) => Ask.text(`Question ${index}?`))
      yield* Effect.provide(Research.run(many), stackOf({ pacing: { inFlight: 2 } }, claude.fetch, many.length))
      assert.strictEqual(claude.journal.peakInFlight, 40)

      const overloaded = mockClaude()
      overloaded.fault({ kind: "status", status: 529, type: "overloaded_error", message: "Overloaded" })
      yield* Effect.flip(Effect.provide(Ask.text("Why?"), stackOf({}, overloaded.fetch, 1)))
      assert.strictEqual(overloaded.journal.attempts, 1)
    })
  )
})
