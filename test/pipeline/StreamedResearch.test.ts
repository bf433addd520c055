/** The fan-out over a stream of asks: what it starts, how it ends, and that it keeps nothing. */
import { assert, describe, it } from "@effect/vitest"
import { Data, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Ask, AskError, type Policy } from "fanfold"
import type { Entry } from "../../src/pipeline/ResearchOptions.ts"
import * as StreamedResearch from "../../src/pipeline/StreamedResearch.ts"
import { failure, invalid, make, questionOf, recorder, reply, type Sent, timed } from "../FakeClaude.ts"

class Broken extends Data.TaggedError("Broken")<{ readonly at: number }> {}

const entries = (names: ReadonlyArray<string>) => names.map((name, index) => ({ name, index, ask: Ask.text(name) }))

const found = (names: ReadonlyArray<string>, options: Partial<StreamedResearch.Options<Entry>> = {}) => {
  const ended: Array<string> = []
  const all = entries(names)
  const tally = StreamedResearch.run(Stream.fromIterable(all), {
    count: names.length,
    samples: all.slice(0, 1),
    policy: "best-effort",
    concurrency: "unbounded",
    context: undefined,
    deadline: undefined,
    onFinding: ({ name, outcome }) => Effect.sync(() => void ended.push(`${name} ${outcome._tag}`)),
    ...options
  })
  return { ended, tally }
}

/** Lets every fiber go on to where it waits. */
const settled = Effect.forEach(Array.from({ length: 100 }), () => Effect.yieldNow, { discard: true })

/** Runs an effect while virtual time passes in steps: an ask that follows another one starts when that has ended. */
const pass = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    for (let step = 0; step < 60; step++) {
      yield* settled
      yield* TestClock.adjust(50)
    }
    return yield* Fiber.join(fiber)
  })

const denied = () => failure(new AskError.NotFound({ detail: "no such model" }))

const times = { a: 300, b: 100, c: 200, d: 400 }
const names = Object.keys(times)

describe("StreamedResearch", () => {
  it.effect("hands each finding on when its ask ends, and counts them", () =>
    Effect.gen(function* () {
      const claude = make(timed(times, ["c"]))
      const { ended, tally } = found(names)
      const { events, listen } = recorder()
      const { answered, asks, error, failed, interrupted } = yield* pass(listen(Effect.provide(tally, claude.layer)))
      assert.deepStrictEqual(ended, ["b Answered", "c Failed", "a Answered", "d Answered"])
      assert.deepStrictEqual([asks, answered, failed, interrupted, error], [4, 3, 1, 0, undefined])
      const [first, last] = [events[0], events.at(-1)]
      assert.deepInclude(first, { _tag: "ResearchStarted", asks: [], rows: 4 })
      assert.deepInclude(last, { _tag: "ResearchEnded", answered: 3, failed: 1, interrupted: 0, durationMillis: 400 })
    })
  )

  it.effect("reads no more asks than may be under way", () =>
    Effect.gen(function* () {
      let read = 0
      const all = Stream.tap(Stream.rechunk(Stream.fromIterable(entries(names)), 1), () =>
        Effect.sync(() => void read++)
      )
      const claude = make(timed(times))
      const { tally } = found(names, { concurrency: 1 })
      assert.strictEqual((yield* pass(Effect.provide(tally, claude.layer))).answered, 4)
      assert.strictEqual(claude.peak, 1)
      const few = StreamedResearch.run(all, {
        count: 4,
        samples: [],
        policy: { first: 1 },
        concurrency: 1,
        context: undefined,
        deadline: undefined,
        onFinding: () => Effect.void
      })
      yield* pass(Effect.provide(few, claude.layer))
      assert.isBelow(read, 4)
    })
  )

  const policies: ReadonlyArray<readonly [policy: Policy.Policy, ...tally: ReadonlyArray<unknown>]> = [
    [{ first: 2 }, 2, 0, 2, undefined],
    ["all", 1, 1, 2, "InvalidRequest"],
    [{ atLeast: 4 }, 3, 1, 0, undefined]
  ]
  for (const [policy, ...expected] of policies) {
    it.effect(`ends by its policy: ${JSON.stringify(policy)}`, () =>
      Effect.gen(function* () {
        const failing = typeof policy === "object" && "first" in policy ? [] : ["c"]
        const claude = make((sent: Sent) =>
          failing.includes(questionOf(sent.request)) ? Effect.delay(Effect.fail(invalid()), 200) : timed(times)(sent)
        )
        const { tally } = found(names, { policy })
        const { answered, error, failed, interrupted } = yield* pass(Effect.provide(tally, claude.layer))
        assert.deepStrictEqual([answered, failed, interrupted, error?.reason._tag], expected)
      })
    )
  }

  it.effect("ends with the error of its stream, after what is under way", () =>
    Effect.gen(function* () {
      const claude = make(timed(times))
      const broken = Stream.concat(Stream.fromIterable(entries(names)), Stream.fail(new Broken({ at: 7 })))
      const run = StreamedResearch.run(broken, {
        count: 5,
        samples: [],
        policy: "best-effort",
        concurrency: "unbounded",
        context: undefined,
        deadline: undefined,
        onFinding: () => Effect.void
      })
      const { answered, error, interrupted } = yield* pass(Effect.provide(run, claude.layer))
      assert.deepStrictEqual([error?._tag, answered, interrupted], ["Broken", 4, 1])
    })
  )

  it.effect("tells of every ask that had begun when it is interrupted", () =>
    Effect.gen(function* () {
      const claude = make(timed(times))
      const { ended, tally } = found(names)
      const fiber = yield* Effect.forkChild(Effect.provide(tally, claude.layer))
      yield* settled
      yield* TestClock.adjust(250)
      yield* settled
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(ended.toSorted(), ["a Interrupted", "b Answered", "c Answered", "d Interrupted"])
    })
  )

  it.effect("ends asks at the deadline, and says so", () =>
    Effect.gen(function* () {
      const claude = make(timed(times))
      const { ended, tally } = found(names, { deadline: 250 })
      const { answered, endedBy, failed } = yield* pass(Effect.provide(tally, claude.layer))
      assert.deepStrictEqual([answered, failed, endedBy], [2, 2, "deadline"])
      assert.deepStrictEqual(ended.slice(2).toSorted(), ["a Failed", "d Failed"])
    })
  )

  it.effect("sends nothing more once all asks would fail by the same", () =>
    Effect.gen(function* () {
      const many = Array.from({ length: 50 }, (_, index) => `q${index}`)
      const claude = make((_, nth) => Effect.delay(nth > 2 ? Effect.succeed(reply("x")) : Effect.fail(denied()), 10))
      const { tally } = found(many, { concurrency: 1 })
      const { error, interrupted } = yield* pass(Effect.provide(tally, claude.layer))
      assert.deepStrictEqual([claude.sent.length, error?.reason._tag, interrupted], [2, "NotFound", 48])
    })
  )
})
