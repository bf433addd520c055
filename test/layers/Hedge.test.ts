/** Second copies of stragglers, under virtual time: who has one, when, and what becomes of the two. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { AskError, Message } from "fanfold"
import { failure, invalid, overloaded, questionOf, reply, type Sent } from "../FakeClaude.ts"
import { answering, assertEnded, latency, names, run } from "./Hedged.ts"

const cut = (usage?: Message.Usage) => failure(new AskError.CutOff({ detail: "gone" }), { usage })
const paid = { ...Message.noUsage, inputTokens: 7, outputTokens: 3 }

const slow = ({ call, request }: Sent) => (call.hedge === true ? 8000 : questionOf(request) === "q7" ? 4000 : 1000)

describe("a run with hedging", () => {
  it.effect("sends nothing twice where all calls take about the same time", () =>
    Effect.gen(function* () {
      for (const pacing of [{ inFlight: 1000 }, { inFlight: 7 }, {}]) {
        const { copies, events } = yield* run(100, answering(latency()), { pacing })
        assert.lengthOf(copies, 0)
        assertEnded(events)
      }
    })
  )

  it.effect("takes the answer of a straggler's copy, and aborts the straggler", () =>
    Effect.gen(function* () {
      const { answers, copies, durationMillis, events, interrupted, startedAt } = yield* run(
        50,
        answering(latency("q7"))
      )
      assert.lengthOf(copies, 1)
      assert.strictEqual(questionOf(copies[0]!.request), "q7")
      assert.approximately(copies[0]!.at - startedAt, 1005, 5)
      assert.strictEqual(copies[0]!.call.attempt, 1)
      assert.strictEqual(answers["q7"], "copy")
      assert.isBelow(durationMillis, 2100)
      assert.strictEqual(interrupted, 1)
      assertEnded(events)
    })
  )

  it.effect("tells who was outrun, and what that is taken to have cost", () =>
    Effect.gen(function* () {
      const { events } = yield* run(50, answering(latency("q7")))
      const told = events.filter(({ ask }) => ask === "q7")
      assert.deepStrictEqual(
        told.map((event) => `${event._tag}${"hedge" in event ? " of the copy" : ""}`),
        ["Started", "Dispatched", "Dispatched of the copy", "Replied of the copy", "AttemptFailed", "Answered"]
      )
      const outrun = told.find((event) => event._tag === "AttemptFailed")
      assert.deepInclude(outrun, { reason: "Outrun", estimated: true, usage: reply("").usage, attempt: 1 })
      assert.strictEqual(outrun?.durationMillis, outrun!.at - told[1]!.at)
      assert.isAbove(outrun?.costUsd ?? 0, 0)
    })
  )

  it.effect("aborts the copy where the original is faster", () =>
    Effect.gen(function* () {
      const { answers, copies, events, interrupted } = yield* run(50, answering(slow))
      assert.lengthOf(copies, 1)
      assert.strictEqual(answers["q7"], "original")
      assert.strictEqual(interrupted, 1)
      assert.deepInclude(
        events.find((event) => event._tag === "AttemptFailed"),
        { reason: "Outrun", hedge: true, estimated: true, usage: reply("").usage }
      )
      assertEnded(events)
    })
  )

  it.effect("sends no more copies than may be, by default three or one in twenty", () =>
    Effect.gen(function* () {
      const twelve = names(12)
      for (const [asks, max, most] of [
        [40, undefined, 3],
        [200, undefined, 10],
        [200, 5, 5]
      ] as const) {
        const { copies, events } = yield* run(asks, answering(latency(...twelve)), { after: "2 seconds", max })
        assert.lengthOf(copies, most)
        assertEnded(events)
      }
    })
  )

  it.effect("counts from the leaving, so that a call that waits for its turn is not slow", () =>
    Effect.gen(function* () {
      const { copies, events } = yield* run(30, answering(latency("q29")), {
        after: "2 seconds",
        pacing: { inFlight: 3 }
      })
      assert.deepStrictEqual(
        copies.map(({ request }) => questionOf(request)),
        ["q29"]
      )
      assertEnded(events)
    })
  )

  it.effect("waits for the time that it is told", () =>
    Effect.gen(function* () {
      const { copies, startedAt } = yield* run(2, answering(latency("q1")), { after: "3 seconds" })
      assert.deepStrictEqual(
        copies.map(({ at }) => at - startedAt),
        [3000]
      )
    })
  )

  it.effect("sends none after a refusal, until something is answered", () =>
    Effect.gen(function* () {
      for (const refusal of [overloaded(), failure(new AskError.RateLimited({ detail: "slow down" }))]) {
        const { copies, events, startedAt } = yield* run(
          3,
          ({ call, request }) => {
            const name = questionOf(request)
            if (name === "q1") return Effect.delay(Effect.succeed(reply("q1")), 6000)
            if (name === "q2" && call.attempt === 1) return Effect.delay(Effect.fail(refusal), 1500)
            return Effect.delay(Effect.succeed(reply(name)), name === "q0" && call.hedge !== true ? 9000 : 20_000)
          },
          { after: "2 seconds" }
        )
        const q0 = copies.filter(({ request }) => questionOf(request) === "q0")
        assert.deepStrictEqual(
          q0.map(({ at }) => at - startedAt),
          [6000]
        )
        assertEnded(events)
      }
    })
  )
})

describe("a copy under way", () => {
  it.effect("is waited for where the original fails", () =>
    Effect.gen(function* () {
      const { answers, events, sent } = yield* run(
        1,
        ({ call }) =>
          call.hedge === true
            ? Effect.delay(Effect.succeed(reply("copy")), 5000)
            : Effect.delay(Effect.fail(cut()), 3000),
        { after: "2 seconds" }
      )
      assert.deepStrictEqual(answers, { q0: "copy" })
      assert.lengthOf(sent, 2)
      assert.notInclude(
        events.map(({ _tag }) => _tag),
        "Retrying"
      )
      assertEnded(events)
    })
  )

  it.effect("costs the answer nothing where it fails", () =>
    Effect.gen(function* () {
      for (const error of [cut(), invalid()]) {
        const { answers, events, sent } = yield* run(
          1,
          ({ call }) =>
            call.hedge === true
              ? Effect.delay(Effect.fail(error), 500)
              : Effect.delay(Effect.succeed(reply("original")), 9000),
          { after: "2 seconds" }
        )
        assert.deepStrictEqual(answers, { q0: "original" })
        assert.lengthOf(sent, 2)
        assertEnded(events)
      }
      const died = yield* run(
        1,
        ({ call }) =>
          call.hedge === true ? Effect.die("oops") : Effect.delay(Effect.succeed(reply("original")), 9000),
        { after: "2 seconds" }
      )
      assert.deepStrictEqual(died.answers, { q0: "original" })
    })
  )

  it.effect("that fails too leaves the error of the original, with what both have paid", () =>
    Effect.gen(function* () {
      for (const [original, copy] of [
        [3000, 5000],
        [9000, 1000]
      ] as const) {
        const { events, sent } = yield* run(
          1,
          ({ call }) =>
            call.hedge === true
              ? Effect.delay(Effect.fail(failure(new AskError.ServerError({ detail: "oops" }), { usage: paid })), copy)
              : Effect.delay(Effect.fail(failure(invalid().reason, { usage: paid })), original),
          { after: "2 seconds" }
        )
        assert.lengthOf(sent, 2)
        assert.deepInclude(
          events.find((event) => event._tag === "Failed"),
          { reason: "InvalidRequest" }
        )
        assertEnded(events)
      }
    })
  )
})
