/** Research and synthesis as one: what is folded where a deadline ended asking, and what is told of it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Policy, Synthesis } from "fanfold"
import * as Pipeline from "../../src/pipeline/Pipeline.ts"
import { asksOf, invalid, make, pass, questionOf, reply, timed } from "../FakeClaude.ts"

/** Runs asks that take 100 ms and two seconds, with a deadline of a second; the synthesis takes another two. */
const ended = (
  policy: Policy.Policy,
  times: Readonly<Record<string, number>> = { early: 100, late: 2000 },
  deadline: Pipeline.Pipeline["deadline"] = "1 second"
) => {
  const claude = make((sent) =>
    sent.call.part === "ask"
      ? timed(times)(sent)
      : Effect.delay(
          Effect.suspend(() =>
            questionOf(sent.request).includes("fail") ? invalid() : Effect.succeed(reply("Folded."))
          ),
          "2 seconds"
        )
  )
  const run = (synthesis: Synthesis.Synthesis<unknown> | undefined) =>
    Pipeline.run({
      asks: asksOf("early", "late"),
      synthesis,
      policy,
      concurrency: "unbounded",
      context: undefined,
      deadline
    }).pipe(Effect.provide(claude.layer), pass)
  return { claude, run }
}

describe("a pipeline whose asking was ended by its deadline", () => {
  it.effect("folds what is there whatever the policy, names the gap to Claude, and says what the policy misses", () =>
    Effect.gen(function* () {
      for (const policy of ["all", { atLeast: 2 }, { first: 2 }] as const) {
        const { claude, run } = ended(policy)
        const { document, error, findings, shortfall } = yield* run(Synthesis.text("Fold"))
        assert.deepStrictEqual([document?.value, error], ["Folded.", undefined])
        assert.strictEqual(shortfall?.endedBy, "deadline")
        assert.strictEqual(shortfall?.shortfall, "1 of 2 asks answered, 2 needed")
        assert.deepStrictEqual(findings.answers, { early: "re early", late: undefined })
        assert.include(questionOf(claude.sent.at(-1)!.request), "These asks have no answer: late.")
      }
    })
  )

  it.effect("misses nothing where the policy is met all the same", () =>
    Effect.gen(function* () {
      const { document, error, findings, shortfall } = yield* ended("best-effort").run(Synthesis.text("Fold"))
      assert.deepStrictEqual([document?.value, error, shortfall], ["Folded.", undefined, undefined])
      assert.strictEqual(findings.gaps.length, 1)
    })
  )

  it.effect("has no document without a synthesis, and none where it fails, which is then the error", () =>
    Effect.gen(function* () {
      const unfolded = yield* ended("all").run(undefined)
      assert.deepStrictEqual(
        [unfolded.document, unfolded.error, unfolded.shortfall?.endedBy],
        [undefined, undefined, "deadline"]
      )
      const failed = yield* ended("all").run(Synthesis.text("fail"))
      assert.strictEqual(failed.error?._tag, "AskError")
      assert.strictEqual(failed.shortfall?.endedBy, "deadline")
    })
  )

  it.effect("fails where nothing was answered: there is nothing to fold", () =>
    Effect.gen(function* () {
      const { claude, run } = ended("all", { early: 2000, late: 2000 })
      const { document, error, shortfall } = yield* run(Synthesis.text("Fold"))
      assert.strictEqual(error?._tag, "ResearchError")
      assert.deepStrictEqual([document, shortfall], [undefined, undefined])
      assert.strictEqual(claude.sent.length, 2)
    })
  )
})

describe("a deadline of the whole run", () => {
  const fold = Synthesis.text("Fold")

  it.effect("ends the synthesis, and keeps the answers", () =>
    Effect.gen(function* () {
      const { claude, run } = ended("best-effort", undefined, { asking: "1 second", all: "2.5 seconds" })
      const { document, error, findings } = yield* run(fold)
      assert.isUndefined(document)
      assert(error?._tag === "AskError")
      assert.deepInclude(error.reason, { _tag: "TimedOut", scope: "run", limitMillis: 2500 })
      assert.deepStrictEqual(findings.answers, { early: "re early", late: undefined })
      assert.strictEqual(claude.interrupted, 2)
    })
  )

  it.effect("is not met by a synthesis that ends in time, however long the asks may take", () =>
    Effect.gen(function* () {
      for (const deadline of [
        { asking: "1 second", all: "3.5 seconds" },
        { all: "4.5 seconds" },
        { asking: 1000 }
      ] as const) {
        const { document } = yield* ended("best-effort", undefined, deadline).run(fold)
        assert.strictEqual(document?.value, "Folded.")
      }
    })
  )

  it.effect("ends the asks too where it is the only one, and then sends no synthesis", () =>
    Effect.gen(function* () {
      const { claude, run } = ended("best-effort", undefined, { all: "1 second" })
      const { document, error, findings } = yield* run(fold)
      assert.deepStrictEqual([document, error?._tag], [undefined, "AskError"])
      assert.deepStrictEqual(findings.answers, { early: "re early", late: undefined })
      assert.strictEqual(claude.sent.length, 2)
      const unfolded = yield* ended("best-effort", undefined, { all: "1 second" }).run(undefined)
      assert.isUndefined(unfolded.error)
    })
  )
})
