/** How often live progress draws, and how fast, with long texts and many asks. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Progress from "../../../src/cli/progress/Progress.ts"
import { FakeTerminal } from "./FakeTerminal.ts"
import { drawn, options, redrawMillis } from "./Frames.ts"
import { begin, start, stream } from "./EmitEvents.ts"

describe("live progress", () => {
  it.effect("draws a long text without line ends fast", () =>
    Effect.gen(function* () {
      const terminal = new FakeTerminal(100, 40)
      const progress = yield* Progress.make({ ...options, output: terminal })
      yield* start(progress, "synthesis")
      yield* stream(progress, "synthesis", "里斯本是一座山城 ".repeat(3500))
      yield* drawn(terminal)
      // The processor's time, as the machine may be busy with other things.
      const from = process.cpuUsage()
      yield* TestClock.adjust(redrawMillis * 5)
      const { system, user } = process.cpuUsage(from)
      assert.isBelow((system + user) / 1000 / 5, 2 * redrawMillis)
      assert.strictEqual(terminal.screen.length, 39)
    }).pipe(Effect.scoped)
  )

  it.effect("draws about twelve times a second, however many pieces of text come", () =>
    Effect.gen(function* () {
      const terminal = new FakeTerminal(80, 24)
      const progress = yield* Progress.make({ ...options, output: terminal })
      yield* begin(progress, ["a"])
      yield* start(progress, "a")
      yield* drawn(terminal)
      const before = terminal.writes.length
      for (let piece = 0; piece < 1000; piece++) {
        yield* stream(progress, "a", "word ")
        yield* TestClock.adjust(1)
      }
      const frames = terminal.writes.length - before
      assert.isAtLeast(frames, 10)
      assert.isAtMost(frames, 12)
    }).pipe(Effect.scoped)
  )

  it.effect("draws 10,000 asks fast", () =>
    Effect.gen(function* () {
      const terminal = new FakeTerminal(80, 24)
      const progress = yield* Progress.make({ ...options, output: terminal })
      const names = Array.from({ length: 10_000 }, (_, index) => `ask${index + 1}`)
      yield* begin(progress, names)
      for (const name of names) yield* start(progress, name)
      yield* drawn(terminal)
      const from = process.cpuUsage()
      yield* TestClock.adjust(redrawMillis * 10)
      const { system, user } = process.cpuUsage(from)
      assert.isBelow((system + user) / 1000 / 10, redrawMillis / 2)
      assert.strictEqual(terminal.screen[0], "10,000 asking")
      assert.strictEqual(terminal.screen.length, 13)
    }).pipe(Effect.scoped)
  )
})
