/** What the command line shows, under virtual time, on a terminal that fails on what it does not know. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as Progress from "../../src/cli/Progress.ts"
import { type Event, Message } from "fanfold"
import { FakeTerminal } from "./FakeTerminal.ts"

const model = "claude-haiku-5-5"
const usage = { ...Message.noUsage, inputTokens: 1000, outputTokens: 2000 }

type Fields<E> = E extends Event.Event ? Omit<E, "version" | "at" | "run" | "ask" | "part"> : never

const partOf = (ask: string) => (ask === "synthesis" ? "synthesis" : "ask")

const tell = (listener: Event.Listener, ask: string, fields: Fields<Event.Event>) =>
  Effect.flatMap(Clock.currentTimeMillis, (at) =>
    listener.emit({ ...fields, version: 1, at, run: "run", ask, part: partOf(ask) })
  )
const begin = (listener: Event.Listener, names: ReadonlyArray<string>) =>
  tell(listener, "", {
    _tag: "ResearchStarted",
    asks: names.map((name) => ({ name, question: `What of ${name}?` })),
    policy: "best-effort",
    concurrency: "unbounded"
  })
const end = (listener: Event.Listener, durationMillis: number) =>
  tell(listener, "", { _tag: "ResearchEnded", answered: 0, failed: 0, interrupted: 0, durationMillis })
const start = Effect.fnUntraced(function* (listener: Event.Listener, ask: string) {
  yield* tell(listener, ask, { _tag: "Started", question: `What of ${ask}?` })
  yield* tell(listener, ask, { _tag: "Dispatched", attempt: 1, model })
})
const answer = Effect.fnUntraced(function* (listener: Event.Listener, ask: string) {
  yield* tell(listener, ask, { _tag: "Replied", attempt: 1, model, stopReason: null, usage, durationMillis: 1 })
  yield* tell(listener, ask, { _tag: "Answered", model, usage, durationMillis: 1 })
})
const why = { reason: "RateLimited", message: "rate limited: slow down" }
const retry = Effect.fnUntraced(function* (listener: Event.Listener, ask: string, delayMillis: number) {
  yield* tell(listener, ask, { _tag: "AttemptFailed", attempt: 1, ...why, durationMillis: 1 })
  yield* tell(listener, ask, { _tag: "Retrying", attempt: 1, ...why, delayMillis })
})
const fail = (listener: Event.Listener, ask: string, message = "overloaded: busy") =>
  tell(listener, ask, { _tag: "Failed", reason: "Overloaded", message, durationMillis: 1 })
const stop = (listener: Event.Listener, ask: string) => tell(listener, ask, { _tag: "Interrupted", durationMillis: 1 })
const stream = Effect.fnUntraced(function* (listener: Event.Listener, ask: string, text: string) {
  yield* tell(listener, ask, { _tag: "FirstToken", attempt: 1 })
  listener.delta?.({ run: "run", ask, part: partOf(ask), text })
})

const redrawMillis = 85

const options = { mode: "live", color: false, summary: true } as const

/** Goes on to the first frame; the terminal's library loads in a time of its own. */
const drawn = (terminal: FakeTerminal) =>
  Effect.gen(function* () {
    const writes = terminal.writes.length
    yield* TestClock.adjust(redrawMillis)
    while (terminal.writes.length === writes) {
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    }
  })

/** Three asks, of which one answers, one retries and one fails; then the fold. A frame is looked at after each step. */
const run = (terminal: FakeTerminal, look: (terminal: FakeTerminal) => void) =>
  Effect.gen(function* () {
    const progress = yield* Progress.make({ ...options, output: terminal })
    const step = (effect: Effect.Effect<void>) =>
      Effect.andThen(
        effect,
        Effect.andThen(
          TestClock.adjust(1000),
          Effect.sync(() => look(terminal))
        )
      )
    yield* begin(progress, ["attractions", "transportation", "culture"])
    yield* drawn(terminal)
    yield* step(start(progress, "attractions"))
    yield* step(start(progress, "transportation"))
    yield* step(start(progress, "culture"))
    yield* step(stream(progress, "attractions", "A long answer about what there is to see. ".repeat(10)))
    yield* step(retry(progress, "transportation", 3000))
    yield* step(answer(progress, "attractions"))
    yield* step(fail(progress, "culture", `overloaded: ${"the API has too much to do. ".repeat(6)}`))
    yield* step(tell(progress, "transportation", { _tag: "Dispatched", attempt: 2, model }))
    yield* step(answer(progress, "transportation"))
    yield* end(progress, 10_000)
    yield* step(start(progress, "synthesis"))
    yield* step(stream(progress, "synthesis", `${"Lisbon 東京 is a city of hills. ".repeat(12)}\n\n# Day one\n`))
    yield* step(answer(progress, "synthesis"))
  }).pipe(Effect.scoped)

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
      yield* tell(progress, "synthesis", { _tag: "Dispatched", attempt: 2, model })
      yield* stream(progress, "synthesis", "The second.")
      yield* TestClock.adjust(redrawMillis)
      const shown = terminal.screen.join("\n")
      assert.include(shown, "│ The second.")
      assert.notInclude(shown, "first try")
      assert.include(shown, "~3 tokens")
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
        yield* tell(progress, evil, { _tag: "Retrying", attempt: 1, reason: evil, message: evil, delayMillis: 1000 })
        yield* TestClock.adjust(redrawMillis)
        yield* fail(progress, evil, evil)
        yield* start(progress, "synthesis")
        for (const character of `${evil}\n${evil}`) yield* stream(progress, "synthesis", character)
        yield* TestClock.adjust(redrawMillis)
        assert.include(terminal.screen.join("\n"), "│  evil")
        yield* tell(progress, "plain", {
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
        "2 of 3 asks answered in 10 s; one after another 16 s: 1.6×",
        "3,000 tokens in, 6,000 out, about $0.0033 (estimated)"
      ])
      assert.isTrue(terminal.isCursorVisible)
      assert.strictEqual(process.listenerCount("exit"), listeners)
    })
  )

  it.effect("folds the ends of many asks to counts and the failed ones", () =>
    Effect.gen(function* () {
      const terminal = new FakeTerminal(60, 16)
      const names = Array.from({ length: 100 }, (_, index) => `ask${index + 1}`)
      const told = yield* Effect.gen(function* () {
        const progress = yield* Progress.make({ ...options, summary: false, output: terminal })
        yield* begin(progress, names)
        for (const name of names.slice(0, 60)) yield* answer(progress, name)
        for (const name of names.slice(60, 75)) yield* fail(progress, name)
        return progress.told
      }).pipe(Effect.scoped)
      assert.deepStrictEqual(
        Array.from(told, ({ name }) => name),
        names.slice(60, 70),
        "why the others failed is not told yet"
      )
      const { screen } = terminal
      assert.strictEqual(screen[0], "60 answered, 15 failed, 25 stopped")
      assert.strictEqual(screen[1], "✖ ask61   failed: overloaded: busy")
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

  it.effect("draws 10,000 asks fast", () =>
    Effect.gen(function* () {
      const terminal = new FakeTerminal(80, 24)
      const progress = yield* Progress.make({ ...options, output: terminal })
      const names = Array.from({ length: 10_000 }, (_, index) => `ask${index + 1}`)
      yield* begin(progress, names)
      for (const name of names) yield* start(progress, name)
      yield* drawn(terminal)
      const from = performance.now()
      yield* TestClock.adjust(redrawMillis * 10)
      assert.isBelow((performance.now() - from) / 10, redrawMillis / 2)
      assert.strictEqual(terminal.screen[0], "10,000 asking")
      assert.strictEqual(terminal.screen.length, 13)
    }).pipe(Effect.scoped)
  )
})

/** The lines that are written while `body` tells its events. */
const shown = (body: (listener: Event.Listener) => Effect.Effect<void>, summary = false) =>
  Effect.gen(function* () {
    const terminal = new FakeTerminal(20, 5)
    yield* Effect.scoped(Effect.flatMap(Progress.make({ mode: "lines", color: true, summary, output: terminal }), body))
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
          yield* tell(listener, "transportation", { _tag: "Dispatched", attempt: 2, model })
          yield* tell(listener, "transportation", { _tag: "Reasked", issue: "expected a number\n  at euro" })
          yield* tell(listener, "transportation", { _tag: "Dispatched", attempt: 1, model })
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
        "2 of 3 asks answered in 4.2 s; one after another 6.6 s: 1.6×",
        "3,000 tokens in, 6,000 out, about $0.0033 (estimated)"
      ])
    })
  )

  it.effect("tells what was stopped, in one line for all that were never sent", () =>
    Effect.gen(function* () {
      const names = Array.from({ length: 2000 }, (_, index) => `ask${index + 1}`)
      const lines = yield* shown(
        Effect.fnUntraced(function* (listener) {
          yield* begin(listener, names)
          yield* start(listener, "ask1")
          yield* tell(listener, "ask2000", { _tag: "Answered", model, usage, durationMillis: 0 })
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
          yield* fail(listener, "a", "\u001B[31mred\u001B[0m\r\nand more\u009B2J\u0007")
        })
      )
      assert.deepStrictEqual(lines, ["❌ Failed a: red and more"])
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
      assert.strictEqual(progress.tally.answered, 1)
    }).pipe(Effect.scoped)
  )
})

describe("quiet progress", () => {
  it.effect("writes nothing at all, and counts all the same", () =>
    Effect.gen(function* () {
      const terminal = new FakeTerminal(80, 24)
      const tally = yield* Effect.gen(function* () {
        const progress = yield* Progress.make({ mode: "quiet", color: true, summary: true, output: terminal })
        yield* begin(progress, ["a"])
        yield* start(progress, "a")
        yield* fail(progress, "a")
        return progress.tally
      }).pipe(Effect.scoped)
      assert.deepStrictEqual(terminal.writes, [])
      assert.strictEqual(tally.failed, 1)
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
