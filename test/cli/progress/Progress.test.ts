/** What live progress shows, under virtual time, on a terminal that fails on what it does not know. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Progress from "../../../src/cli/progress/Progress.ts"
import { FakeTerminal } from "./FakeTerminal.ts"
import { drawn, options, redrawMillis } from "./Frames.ts"
import { answer, begin, end, fail, model, retry, start, stream, emit, usage } from "./EmitEvents.ts"

describe("live progress", () => {
  it.effect("draws a line for each ask and a footer", () =>
    Effect.gen(function* () {
      const terminal = new FakeTerminal(80, 24)
      const progress = yield* Progress.make({ ...options, output: terminal })
      yield* begin(progress, ["attractions", "transportation", "culture", "food", "walks"])
      yield* start(progress, "attractions")
      yield* start(progress, "transportation")
      yield* start(progress, "culture")
      yield* start(progress, "food")
      yield* stream(progress, "attractions", "x".repeat(480))
      yield* drawn(terminal)
      yield* TestClock.adjust(935)
      yield* retry(progress, "transportation", 3000)
      yield* answer(progress, "culture")
      yield* fail(progress, "food")
      yield* TestClock.adjust(85)
      assert.deepStrictEqual(terminal.screen, [
        "⠹ attractions     answering ~120 tokens 1.1 s   What of attractions?",
        "↻ transportation  retrying in 3 s: rate limited: slow down",
        "✔ culture         answered in 1.0 s             What of culture?",
        "✖ food            failed: overloaded: busy      What of food?",
        "· walks           waiting                       What of walks?",
        "",
        "━━━━──────── 2/5 done · 1.1 s · 1 in flight · ~3,120 tokens · about $0.0011"
      ])
    })
  )

  it.effect("shows the last lines of the synthesis while it is written", () =>
    Effect.gen(function* () {
      const terminal = new FakeTerminal(30, 8)
      const progress = yield* Progress.make({ ...options, output: terminal })
      yield* begin(progress, ["a"])
      yield* start(progress, "a")
      yield* answer(progress, "a")
      yield* end(progress, 0)
      yield* start(progress, "synthesis")
      yield* stream(progress, "synthesis", "An old line.\n".repeat(1000))
      yield* stream(progress, "synthesis", "# Lisbon 東京\n\nA city of seven hills and of one river, which is wide.\n")
      yield* drawn(terminal)
      assert.deepStrictEqual(terminal.screen, [
        "1 answered",
        "⠋ synthesis  folding 1 answer…",
        "│ # Lisbon 東京",
        "│",
        "│ A city of seven hills and of",
        "│ one river, which is wide.",
        "1/1 done · 0.1 s · 1 in flight"
      ])
    }).pipe(Effect.scoped)
  )

  it.effect("drops the text of an attempt that failed", () =>
    Effect.gen(function* () {
      const terminal = new FakeTerminal(60, 24)
      const progress = yield* Progress.make({ ...options, output: terminal })
      yield* begin(progress, [])
      yield* start(progress, "synthesis")
      yield* stream(progress, "synthesis", "The first try.")
      yield* drawn(terminal)
      assert.include(terminal.screen.join("\n"), "│ The first try.")
      yield* retry(progress, "synthesis", 1000)
      yield* emit(progress, "synthesis", { _tag: "Dispatched", attempt: 2, model })
      yield* stream(progress, "synthesis", "The second.")
      yield* TestClock.adjust(redrawMillis)
      const shown = terminal.screen.join("\n")
      assert.include(shown, "│ The second.")
      assert.notInclude(shown, "first try")
      assert.include(shown, "~3 tokens")
    }).pipe(Effect.scoped)
  )

  it.effect("keeps the text of an ask whose second copy failed", () =>
    Effect.gen(function* () {
      const terminal = new FakeTerminal(80, 24)
      const progress = yield* Progress.make({ ...options, output: terminal })
      yield* begin(progress, ["a"])
      yield* start(progress, "a")
      yield* stream(progress, "a", "Twelve chars")
      yield* emit(progress, "a", { _tag: "Dispatched", attempt: 1, model, hedge: true })
      const cut = { reason: "CutOff", message: "gone", durationMillis: 1 }
      yield* emit(progress, "a", { _tag: "AttemptFailed", attempt: 1, ...cut, hedge: true })
      yield* drawn(terminal)
      assert.include(terminal.screen.join("\n"), "answering ~3 tokens")
    }).pipe(Effect.scoped)
  )

  it.effect("lets no control character of a model, a name, a question or a message reach the terminal", () =>
    Effect.gen(function* () {
      const evil = "\u001B[2J\u001B]0;title\u0007\u009B31m\u0000\u0008\r\t\u202Eevil\u001B"
      const terminal = new FakeTerminal(120, 40)
      yield* Effect.gen(function* () {
        const progress = yield* Progress.make({ ...options, output: terminal })
        yield* begin(progress, ["plain", evil])
        yield* start(progress, evil)
        yield* drawn(terminal)
        yield* emit(progress, evil, { _tag: "Retrying", attempt: 1, reason: evil, message: evil, delayMillis: 1000 })
        yield* TestClock.adjust(redrawMillis)
        yield* fail(progress, evil, evil)
        yield* start(progress, "synthesis")
        for (const character of `${evil}\n${evil}`) yield* stream(progress, "synthesis", character)
        yield* TestClock.adjust(redrawMillis)
        assert.include(terminal.screen.join("\n"), "│  evil")
        yield* emit(progress, "plain", {
          _tag: "Replied",
          attempt: 1,
          model: evil,
          stopReason: null,
          usage,
          durationMillis: 1
        })
      }).pipe(Effect.scoped)
      assert.match(terminal.screen.join("\n"), /no price for +evil/)
      const written = terminal.writes.join("")
      for (const foreign of ["\u001B[2J", "\u001B]", "\u009B", "\u0000", "\u0007", "\u0008", "\r", "\t", "\u202E"]) {
        assert.notInclude(written, foreign)
      }
    })
  )

  it.effect("is coloured only where it may be", () =>
    Effect.gen(function* () {
      for (const color of [true, false]) {
        const terminal = new FakeTerminal(80, 24)
        yield* Effect.gen(function* () {
          const progress = yield* Progress.make({ ...options, color, output: terminal })
          yield* begin(progress, ["a"])
          yield* start(progress, "a")
          yield* drawn(terminal)
        }).pipe(Effect.scoped)
        assert.strictEqual(terminal.isStyled, color)
      }
    })
  )
})

describe("quiet progress", () => {
  it.effect("writes nothing at all, and counts all the same", () =>
    Effect.gen(function* () {
      const terminal = new FakeTerminal(80, 24)
      const state = yield* Effect.gen(function* () {
        const progress = yield* Progress.make({ mode: "quiet", color: true, summary: true, output: terminal })
        yield* begin(progress, ["a"])
        yield* start(progress, "a")
        yield* fail(progress, "a")
        return progress.state
      }).pipe(Effect.scoped)
      assert.deepStrictEqual(terminal.writes, [])
      assert.strictEqual(state.failed, 1)
    })
  )
})

describe("deltas", () => {
  it.effect("are asked for by live progress alone, as they make answers stream", () =>
    Effect.gen(function* () {
      for (const mode of ["live", "lines", "quiet"] as const) {
        const progress = yield* Progress.make({ ...options, mode, output: new FakeTerminal(80, 24) })
        assert.strictEqual("delta" in progress, mode === "live")
      }
    }).pipe(Effect.scoped)
  )
})
