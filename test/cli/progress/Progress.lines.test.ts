/** Progress in plain lines, as where no terminal is. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Progress from "../../../src/cli/progress/Progress.ts"
import type { Event } from "fanfold"
import { FakeTerminal } from "./FakeTerminal.ts"
import { answer, begin, end, fail, model, retry, start, stop, emit, usage } from "./EmitEvents.ts"

/** The lines that are written while `body` tells its events. */
const shown = (body: (listener: Event.Listener) => Effect.Effect<void>, summary = false) =>
  Effect.gen(function* () {
    const terminal = new FakeTerminal(20, 5)
    const options = { mode: "lines", color: true, summary, foreseenUsd: () => 0.05, output: terminal } as const
    yield* Effect.scoped(Effect.flatMap(Progress.make(options), body))
    assert.notInclude(terminal.writes.join(""), "\u001B")
    return terminal.writes.join("").split("\n").slice(0, -1)
  })

describe("progress in lines", () => {
  it.effect("tells each event that matters on one plain line", () =>
    Effect.gen(function* () {
      const lines = yield* shown(
        Effect.fnUntraced(function* (listener) {
          yield* begin(listener, ["attractions", "transportation", "culture"])
          yield* start(listener, "attractions")
          yield* start(listener, "transportation")
          yield* start(listener, "culture")
          yield* TestClock.adjust(1200)
          yield* answer(listener, "attractions")
          yield* retry(listener, "transportation", 3000)
          yield* fail(listener, "culture")
          yield* TestClock.adjust(3000)
          yield* emit(listener, "transportation", { _tag: "Dispatched", attempt: 2, model })
          yield* emit(listener, "transportation", { _tag: "Reasked", issue: "expected a number\n  at euro" })
          yield* emit(listener, "transportation", { _tag: "Dispatched", attempt: 1, model })
          yield* answer(listener, "transportation")
          yield* end(listener, 4200)
          yield* start(listener, "synthesis")
          yield* TestClock.adjust(2100)
          yield* answer(listener, "synthesis")
        }),
        true
      )
      assert.deepStrictEqual(lines, [
        "🔄 Asking attractions",
        "🔄 Asking transportation",
        "🔄 Asking culture",
        "✅ Answered attractions in 1.2 s",
        "⏳ Retrying transportation in 3.0 s: rate limited: slow down",
        "❌ Failed culture: overloaded: busy",
        "🔁 Asking transportation again: expected a number   at euro",
        "✅ Answered transportation in 4.2 s",
        "🧵 Folding 2 answers",
        "✅ Folded in 2.1 s",
        "",
        "ask             model             attempts  tokens in    out     cost   time",
        "attractions     claude-haiku-5-5                1,000  2,000  $0.0011  1.2 s",
        "transportation  claude-haiku-5-5         3      1,000  2,000  $0.0011  4.2 s",
        "culture         claude-haiku-5-5                                       1.2 s",
        "synthesis       claude-haiku-5-5                1,000  2,000  $0.0011  2.1 s",
        "2 of 3 asks answered in 4.2 s; one after another 6.6 s: 1.6×",
        "3,000 tokens in, 6,000 out, about $0.0033 (estimated), of at most $0.0500 foreseen"
      ])
    })
  )

  it.effect("tells of each other model that is asked, and at the end which one answered", () =>
    Effect.gen(function* () {
      const [a, b, c] = ["claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"]
      const overload = { reason: "Overloaded", message: "overloaded: busy" }
      const lines = yield* shown(
        Effect.fnUntraced(function* (listener) {
          const fallBack = (ask: string, from: string, to: string, why = overload) =>
            emit(listener, ask, { _tag: "FellBack", from, to, ...why })
          yield* begin(listener, ["one", "two", "three", "four", "five"])
          yield* fallBack("one", a, b)
          yield* answer(listener, "one")
          yield* fallBack("two", b, c)
          yield* fallBack("three", b, c)
          yield* answer(listener, "two")
          yield* answer(listener, "three")
          yield* fallBack("four", a, c)
          yield* fail(listener, "four")
          yield* fallBack("five", a, c)
          yield* emit(listener, "five", { _tag: "Reasked", issue: "expected a number" })
          yield* answer(listener, "five")
          yield* end(listener, 0)
          yield* fallBack("synthesis", a, b, { reason: "NotFound", message: "not found: it" })
          yield* fallBack("synthesis", b, c)
          yield* answer(listener, "synthesis")
        }),
        true
      )
      assert.include(lines, `↪️ Asking one with ${b} instead: overloaded: busy`)
      assert.include(lines, `↪️ Asking the synthesis with ${b} instead: not found: it`)
      assert.deepStrictEqual(lines.slice(-3), [
        `one was answered by ${b}, as ${a} was overloaded`,
        `2 asks were answered by ${c}, as ${b} was overloaded`,
        `the synthesis was answered by ${c}, as ${a} was not found and ${b} was overloaded`
      ])
    })
  )

  it.effect("leaves what failed before it was sent to the end of the run, which tells each reason once", () =>
    Effect.gen(function* () {
      const lines = yield* shown(
        Effect.fnUntraced(function* (listener) {
          yield* begin(listener, ["sent", "unsent"])
          yield* start(listener, "sent")
          for (const name of ["sent", "unsent"]) yield* fail(listener, name, "over budget")
          yield* end(listener, 0)
        })
      )
      assert.deepStrictEqual(lines.slice(0, 2), ["🔄 Asking sent", "❌ Failed sent: over budget"])
      assert.isFalse(lines.some((line) => line.includes("unsent")))
    })
  )

  it.effect("writes a reason that many asks fail for once, and counts the others", () =>
    Effect.gen(function* () {
      const names = ["other", ...Array.from({ length: 200 }, (_, index) => `q${index}`)]
      const lines = yield* shown(
        Effect.fnUntraced(function* (listener) {
          yield* begin(listener, names)
          yield* Effect.forEach(names, (name) => start(listener, name))
          yield* Effect.forEach(names, (name) =>
            fail(listener, name, name === "other" ? "not found: it (req_1)" : `not found: a model (req_${name})`)
          )
          yield* end(listener, 0)
        })
      )
      assert.deepStrictEqual(lines.slice(names.length), [
        "❌ Failed other: not found: it (req_1)",
        "❌ Failed q0: not found: a model (req_q0)",
        "❌ Failed 199 more asks for the same reason as q0"
      ])
    })
  )

  it.effect("writes a retry that many asks have in common every five seconds", () =>
    Effect.gen(function* () {
      const names = Array.from({ length: 13 }, (_, index) => `q${index}`)
      const lines = yield* shown(
        Effect.fnUntraced(function* (listener) {
          yield* begin(listener, names)
          yield* Effect.forEach(names, (name) => start(listener, name))
          yield* Effect.forEach(names, (name) => retry(listener, name, 3000))
          yield* TestClock.adjust(5000)
          yield* Effect.forEach(names, (name) => retry(listener, name, 3000))
        })
      )
      const line = "⏳ Retrying q0 in 3.0 s: rate limited: slow down"
      assert.deepStrictEqual(lines.slice(names.length), [line, line])
    })
  )

  it.effect("tells what was stopped, in one line for all that were never sent", () =>
    Effect.gen(function* () {
      const names = Array.from({ length: 2000 }, (_, index) => `ask${index + 1}`)
      const lines = yield* shown(
        Effect.fnUntraced(function* (listener) {
          yield* begin(listener, names)
          yield* start(listener, "ask1")
          yield* emit(listener, "ask2000", { _tag: "Answered", model, usage, durationMillis: 0 })
          yield* Effect.forEach(names.slice(0, -1), (name) => stop(listener, name))
          yield* end(listener, 0)
        })
      )
      assert.deepStrictEqual(lines, [
        "🔄 Asking ask1",
        "✅ Answered ask2000 in 0.0 s",
        "🛑 Stopped ask1",
        "🛑 Stopped 1,998 asks before they were sent"
      ])
    })
  )

  it.effect("keeps escape codes of a message out", () =>
    Effect.gen(function* () {
      const lines = yield* shown(
        Effect.fnUntraced(function* (listener) {
          yield* begin(listener, ["a"])
          yield* start(listener, "a")
          yield* fail(listener, "a", "\u001B[31mred\u001B[0m\r\nand more\u009B2J\u0007")
        })
      )
      assert.deepStrictEqual(lines, ["🔄 Asking a", "❌ Failed a: red and more"])
    })
  )

  it.effect("never fails an ask when the stream is broken", () =>
    Effect.gen(function* () {
      const output = {
        write: () => {
          throw new Error("EPIPE")
        }
      }
      const progress = yield* Progress.make({ mode: "lines", color: false, summary: true, output })
      yield* begin(progress, ["a"])
      yield* start(progress, "a")
      yield* answer(progress, "a")
      assert.strictEqual(progress.state.answered, 1)
    }).pipe(Effect.scoped)
  )
})
