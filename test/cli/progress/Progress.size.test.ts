/** Live progress within the columns and rows of its terminal, however few they are. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Progress from "../../../src/cli/progress/Progress.ts"
import { FakeTerminal } from "./FakeTerminal.ts"
import { drawn, options, redrawMillis, run } from "./Frames.ts"
import { answer, begin, fail, start } from "./EmitEvents.ts"

describe("live progress", () => {
  for (const [columns, rows] of [
    [80, 24],
    [80, 5],
    [40, 24],
    [40, 5],
    [12, 24],
    [12, 5],
    [3, 2],
    [1, 2]
  ] as const) {
    it.effect(`keeps every frame within ${columns} columns and ${rows} rows`, () =>
      Effect.gen(function* () {
        const terminal = new FakeTerminal(columns, rows)
        let frames = 0
        yield* run(terminal, ({ screen, widest }) => {
          frames++
          assert.isAtMost(widest, columns)
          assert.isAtMost(screen.length, Math.max(1, rows - 1))
        })
        assert.strictEqual(frames, 12)
        assert.isAtMost(terminal.widest, columns)
      })
    )
  }

  it.effect("cuts what does not fit 40 columns", () =>
    Effect.gen(function* () {
      const screens: Array<ReadonlyArray<string>> = []
      yield* run(new FakeTerminal(40, 10), ({ screen }) => screens.push(screen))
      assert.deepStrictEqual(screens[4], [
        "⠇ attractions     answering ~105 tokens…",
        "↻ transportation  retrying in 3 s: rate…",
        "⠇ culture         asking 2.9 s",
        "",
        "0/3 done · 5.0 s · 2 in flight"
      ])
    })
  )

  it.effect("keeps sign, name and count in 12 columns", () =>
    Effect.gen(function* () {
      const screens: Array<ReadonlyArray<string>> = []
      yield* run(new FakeTerminal(12, 10), ({ screen }) => screens.push(screen))
      assert.deepStrictEqual(screens[4], ["⠇ attractio…", "↻ transport…", "⠇ culture", "", "0/3 done"])
    })
  )

  it.effect("folds to counts and the slowest open asks in 5 rows", () =>
    Effect.gen(function* () {
      const terminal = new FakeTerminal(60, 5)
      const progress = yield* Progress.make({ ...options, output: terminal })
      const names = ["a", "b", "c", "d", "e", "f"]
      yield* begin(progress, names)
      yield* drawn(terminal)
      for (const name of ["b", "a", "c"]) {
        yield* start(progress, name)
        yield* TestClock.adjust(1000)
      }
      yield* answer(progress, "b")
      yield* fail(progress, "e")
      yield* TestClock.adjust(redrawMillis)
      assert.deepStrictEqual(terminal.screen, [
        "1 answered · 1 failed · 2 asking · 2 waiting",
        "⠦ a  asking 2.1 s                  What of a?",
        "⠦ c  asking 1.1 s                  What of c?",
        "2/6 done · 3.1 s · 2 in flight · 3,000 tokens"
      ])
    }).pipe(Effect.scoped)
  )

  it.effect("leaves nothing behind, and takes nothing away, when the terminal gets narrower", () =>
    Effect.gen(function* () {
      const terminal = new FakeTerminal(80, 24)
      terminal.write("$ fanfold\n")
      const progress = yield* Progress.make({ ...options, output: terminal })
      yield* begin(progress, ["attractions", "culture"])
      yield* start(progress, "attractions")
      yield* drawn(terminal)
      terminal.resize(20)
      assert.isAbove(terminal.screen.length, 8)
      yield* TestClock.adjust(redrawMillis)
      assert.deepStrictEqual(
        terminal.screen.map((line) => line.replace(/^[⠋-⠿]/u, "⠋").replace(/· 0.\d s$/, "· 0.1 s")),
        ["$ fanfold", "⠋ attractions", "· culture", "", "0/2 done · 0.1 s"]
      )
    }).pipe(Effect.scoped)
  )
})
