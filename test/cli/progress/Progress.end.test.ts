/** What live progress leaves behind, however it ends: the lines of the asks, the summary and the cursor. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as Progress from "../../../src/cli/progress/Progress.ts"
import { FakeTerminal } from "./FakeTerminal.ts"
import { drawn, options, redrawMillis, run } from "./Frames.ts"
import { answer, begin, emit, fail, start, stop } from "./EmitEvents.ts"

describe("live progress", () => {
  it.effect("leaves the end of each ask and the summary, and gives the cursor back", () =>
    Effect.gen(function* () {
      const terminal = new FakeTerminal(80, 24)
      const listeners = process.listenerCount("exit")
      yield* run(terminal, ({ isCursorVisible }) => assert.isFalse(isCursorVisible))
      assert.deepStrictEqual(terminal.screen, [
        "✔ attractions     answered in 5.0 s             What of attractions?",
        "✔ transportation  answered in 7.0 s             What of transportation?",
        "✖ culture         failed: overloaded: the API has too much to do. the API has",
        "                  too much to do. the API has too much to do. the API has too",
        "                  much to do. the API has too much to do. the API has too much",
        "                  to do.",
        "✔ synthesis       folded in 2.0 s",
        "",
        "ask             model             attempts  tokens in    out     cost   time",
        "attractions     claude-haiku-5-5                1,000  2,000  $0.0011  5.0 s",
        "transportation  claude-haiku-5-5         2      1,000  2,000  $0.0011  7.0 s",
        "culture         claude-haiku-5-5                                       4.0 s",
        "synthesis       claude-haiku-5-5                1,000  2,000  $0.0011  2.0 s",
        "2 of 3 asks answered in 10 s; one after another 16 s: 1.6×",
        "3,000 tokens in, 6,000 out, about $0.0033 (estimated)"
      ])
      assert.isTrue(terminal.isCursorVisible)
      assert.strictEqual(process.listenerCount("exit"), listeners)
    })
  )

  it.effect("tells once of each stop reason that is not known, on a terminal and as lines", () =>
    Effect.gen(function* () {
      for (const mode of ["live", "lines"] as const) {
        const terminal = new FakeTerminal(200, 24)
        yield* Effect.gen(function* () {
          const progress = yield* Progress.make({ ...options, mode, output: terminal })
          yield* begin(progress, ["a", "b", "c"])
          for (const name of ["a", "b", "c", "synthesis"]) {
            const stopReason = name === "c" ? "of_the_\u001B[31mfuture" : "new"
            yield* start(progress, name)
            yield* emit(progress, name, { _tag: "UnknownStopReason", stopReason, model: "claude-next" })
            yield* answer(progress, name)
          }
        }).pipe(Effect.scoped)
        const end = "What came is taken for the whole answer"
        const told = terminal.screen.filter((line) => line.includes("does not know"))
        assert.deepStrictEqual(told, [
          `a and 2 others stopped for a reason that fanfold does not know: new. ${end}`,
          `c stopped for a reason that fanfold does not know: of_the_future. ${end}`
        ])
      }
    })
  )

  it.effect("folds the ends of many asks to counts and the failed ones", () =>
    Effect.gen(function* () {
      const terminal = new FakeTerminal(60, 16)
      const names = Array.from({ length: 100 }, (_, index) => `ask${index + 1}`)
      yield* Effect.gen(function* () {
        const progress = yield* Progress.make({ ...options, summary: false, output: terminal })
        yield* begin(progress, names)
        for (const name of names.slice(0, 60)) yield* answer(progress, name)
        for (const name of names.slice(60, 75)) yield* fail(progress, name)
      }).pipe(Effect.scoped)
      const { screen } = terminal
      assert.strictEqual(screen[0], "60 answered, 15 failed, 25 stopped")
      assert.strictEqual(screen[1], "✖ ask61   failed: overloaded: busy")
      assert.strictEqual(screen[2], "✖ ask62   failed: as ask61")
      assert.deepStrictEqual([screen.length, screen.at(-1)], [12, "… and 5 more failed"])
    })
  )

  for (const [how, body] of [
    ["a failure", Effect.fail("no")],
    ["a defect", Effect.die("no")],
    ["an interruption", Effect.never]
  ] as const) {
    it.effect(`gives the cursor back after ${how}`, () =>
      Effect.gen(function* () {
        const terminal = new FakeTerminal(80, 24)
        const isOpen = yield* Deferred.make<void>()
        const fiber = yield* Effect.gen(function* () {
          const progress = yield* Progress.make({ ...options, output: terminal })
          yield* begin(progress, ["a"])
          yield* start(progress, "a")
          yield* Deferred.succeed(isOpen, undefined)
          return yield* Effect.onInterrupt(body, () => stop(progress, "a"))
        }).pipe(Effect.scoped, Effect.forkChild)
        yield* Deferred.await(isOpen)
        if (how === "an interruption") {
          assert.isFalse(terminal.isCursorVisible)
          yield* drawn(terminal)
          yield* Fiber.interrupt(fiber)
        }
        assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)))
        assert.isTrue(terminal.isCursorVisible)
        assert.include(terminal.screen[0], "■ a  stopped")
      })
    )
  }

  it.effect("leaves its lines even where it ends while the terminal's library is loading", () =>
    Effect.gen(function* () {
      const terminal = new FakeTerminal(80, 24)
      yield* Effect.gen(function* () {
        const progress = yield* Progress.make({ ...options, output: terminal })
        yield* begin(progress, ["a"])
        yield* answer(progress, "a")
        yield* TestClock.adjust(redrawMillis)
      }).pipe(Effect.scoped)
      assert.include(terminal.screen[0], "✔ a  answered")
      assert.isTrue(terminal.isCursorVisible)
    })
  )
})
