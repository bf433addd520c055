/** What a deadline ends, under every policy and in every place where an ask may be by then. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { type Event, type Findings, Message, type Policy, Research, Stack } from "fanfold"
import { attempt, asksOf, make, overloaded, pass, recorder, reply, timed } from "../FakeClaude.ts"

const times = { early: 100, late: 2000, bad: 200, later: 3000 }
const names = Object.keys(times)
const why = "out of time: no answer within the run's deadline of 1 s"

const whyOf = ({ outcome }: Findings.Finding) => (outcome._tag === "Failed" ? outcome.error.reason._tag : outcome._tag)

/** Runs four asks with a deadline of a second: one answers in time, one fails in time, two take longer. */
const ended = <const P extends Policy.Policy>(options: Research.Options<P>) => {
  const claude = make(timed(times, ["bad"]))
  const { events, listen, tagsOf } = recorder()
  const run = Research.run(asksOf("early", "late", "bad", "later"), { deadline: "1 second", ...options })
  return Effect.map(pass(Effect.result(listen(Effect.provide(run, claude.layer)))), (result) => ({
    result,
    findings: result._tag === "Success" ? result.success : result.failure.findings,
    error: result._tag === "Success" ? undefined : result.failure,
    claude,
    events,
    tagsOf
  }))
}

const isEnd = ({ _tag }: Event.Event) => ["Answered", "Failed", "Interrupted"].includes(_tag)

/** Tells first text and usage of a stream, then hangs. */
const hanging = () =>
  Effect.flatMap(attempt, (current) => {
    current.chunk(() => ({
      model: "claude-haiku-5-5",
      usage: { ...Message.noUsage, outputTokens: 7 },
      partialText: "So"
    }))
    return Effect.never
  })

describe("the deadline", () => {
  it.effect("ends every ask that has no answer, and keeps those that have one in their order", () =>
    Effect.gen(function* () {
      const { claude, findings } = yield* ended({ policy: "best-effort" })
      assert.deepStrictEqual(findings.answers, { early: "re early", late: undefined, bad: undefined, later: undefined })
      assert.deepStrictEqual(findings.findings.map(whyOf), ["Answered", "TimedOut", "Overloaded", "TimedOut"])
      assert.strictEqual(findings.durationMillis, 1000)
      assert.deepStrictEqual([claude.interrupted, claude.inFlight], [2, 0])
    })
  )

  it.effect("gives each ask exactly one end, and counts those without an answer as failed", () =>
    Effect.gen(function* () {
      const { events, tagsOf } = yield* ended({ policy: "best-effort", concurrency: 2 })
      for (const name of names) assert.strictEqual(events.filter((one) => one.ask === name && isEnd(one)).length, 1)
      assert.deepStrictEqual(tagsOf("late"), ["Started", "Failed"])
      assert.deepInclude(
        events.find(({ _tag, ask }) => _tag === "Failed" && ask === "late"),
        { reason: "TimedOut", message: why, durationMillis: 1000 }
      )
      assert.deepInclude(events.at(-1), { _tag: "ResearchEnded", answered: 1, failed: 3, interrupted: 0 })
    })
  )

  it.effect("ends what has not begun without sending or starting it", () =>
    Effect.gen(function* () {
      const { claude, findings, tagsOf } = yield* ended({ policy: "best-effort", concurrency: 1 })
      assert.deepStrictEqual(findings.findings.map(whyOf), ["Answered", "TimedOut", "TimedOut", "TimedOut"])
      assert.strictEqual(claude.sent.length, 2)
      for (const name of ["bad", "later"]) assert.deepStrictEqual(tagsOf(name), ["Failed"])
    })
  )

  it.effect("sends nothing of what waits for a place among the calls in flight", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.never)
      const { events, listen } = recorder()
      const asks = asksOf(...Array.from({ length: 500 }, (_, n) => `ask${n}`))
      const stack = Layer.provide(Stack.layerOver({ pacing: { inFlight: 3 } }), claude.layer)
      const run = Research.run(asks, { deadline: "1 minute", policy: "best-effort" })
      const { gaps } = yield* pass(listen(Effect.provide(run, stack)))
      assert.deepStrictEqual([...new Set(gaps.map(whyOf))], ["TimedOut"])
      assert.strictEqual(gaps.length, 500)
      assert.deepStrictEqual([claude.sent.length, claude.interrupted, claude.inFlight], [3, 3, 0])
      assert.strictEqual(events.filter(isEnd).length, 500)
    })
  )

  it.effect("ends a backoff, and tells what an attempt under way had cost", () =>
    Effect.gen(function* () {
      const claude = make((_, nth) => (nth === 1 ? Effect.fail(overloaded()) : hanging()))
      const { events, listen, tagsOf } = recorder()
      const run = Research.run(asksOf("a"), { deadline: "40 seconds", policy: "best-effort" })
      const { gaps } = yield* pass(listen(Effect.provide(run, Layer.provide(Stack.layerOver(), claude.layer))))
      const second = ["Dispatched", "AttemptFailed", "Failed"]
      assert.deepStrictEqual(tagsOf("a"), ["Started", "Dispatched", "AttemptFailed", "Retrying", ...second])
      const stopped = events.findLast(({ _tag }) => _tag === "AttemptFailed")
      assert.deepInclude(stopped, { attempt: 2, reason: "Interrupted" })
      const usage = { ...Message.noUsage, outputTokens: 7 }
      assert.deepInclude(stopped, { usage })
      assert(gaps[0]?.outcome._tag === "Failed")
      assert.deepInclude(gaps[0].outcome.error, { usage, partialText: "So", model: "claude-haiku-5-5" })
    })
  )

  it.effect(
    `leaves too few answers under "all", { atLeast } and { first }, and the error says that asking was ended`,
    () =>
      Effect.gen(function* () {
        for (const policy of [{ atLeast: 2 }, { first: 2 }] as const) {
          const { error, findings } = yield* ended({ policy })
          assert.strictEqual(error?.endedBy, "deadline")
          assert.strictEqual(error?.message, `late: ${why}; 1 of 4 asks answered, 2 needed`)
          assert.strictEqual(findings.durationMillis, 1000)
        }
        const claude = make(timed(times))
        const all = Research.run(asksOf("early", "late", "later"), { deadline: 1000 })
        const error = yield* pass(Effect.flip(Effect.provide(all, claude.layer)))
        assert.strictEqual(error.endedBy, "deadline")
        assert.strictEqual(error.message, `late: ${why}; 1 of 3 asks answered, 3 needed`)
        assert.deepStrictEqual(error.findings.findings.map(whyOf), ["Answered", "TimedOut", "TimedOut"])
        assert.strictEqual(error.findings.answers.early, "re early")
      })
  )

  it.effect(`is not what ended asking where a failure under "all" came before it`, () =>
    Effect.gen(function* () {
      const { error, findings } = yield* ended({ policy: "all" })
      assert.isUndefined(error?.endedBy)
      assert.deepStrictEqual(findings.findings.map(whyOf), ["Answered", "Interrupted", "Overloaded", "Interrupted"])
      assert.strictEqual(findings.durationMillis, 200)
    })
  )

  it.effect("changes nothing where the answers suffice in time", () =>
    Effect.gen(function* () {
      const first = yield* ended({ policy: { first: 1 } })
      assert.deepStrictEqual(first.findings.findings.map(whyOf), [
        "Answered",
        "Interrupted",
        "Interrupted",
        "Interrupted"
      ])
      const all = yield* ended({ policy: "best-effort", deadline: "1 hour" })
      assert.deepStrictEqual(all.findings.findings.map(whyOf), ["Answered", "Answered", "Overloaded", "Answered"])
    })
  )

  it.effect("ends a stream of findings too", () =>
    Effect.gen(function* () {
      const claude = make(timed(times))
      const { events, listen } = recorder()
      const stream = Research.stream(asksOf("late", "early", "later"), { deadline: "1 second", concurrency: 2 })
      const found = yield* pass(listen(Effect.provide(Stream.runCollect(stream), claude.layer)))
      assert.deepStrictEqual(found.map((finding) => `${finding.name} ${whyOf(finding)}`).toSorted(), [
        "early Answered",
        "late TimedOut",
        "later TimedOut"
      ])
      assert.deepInclude(events.at(-1), { _tag: "ResearchEnded", answered: 1, failed: 2, durationMillis: 1000 })
    })
  )

  it.effect("counts from the start of the research, whatever came before", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.delay(Effect.succeed(reply("yes")), "900 millis"))
      const run = Research.run(asksOf("a"), { deadline: "1 second" })
      const both = Effect.all([run, run])
      const [one, two] = yield* pass(Effect.provide(both, claude.layer))
      assert.deepStrictEqual([one.answers.a, two.answers.a], ["yes", "yes"])
    })
  )
})
