/** Live progress, frame by frame: its options, the time between two frames, and a run to look at. */
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Progress from "../../../src/cli/progress/Progress.ts"
import type { FakeTerminal } from "./FakeTerminal.ts"
import { answer, begin, end, fail, model, retry, start, stream, emit } from "./EmitEvents.ts"

export const redrawMillis = 85

export const options = { mode: "live", color: false, summary: true } as const

/** Goes on to the first frame; the terminal's library loads in a time of its own. */
export const drawn = (terminal: FakeTerminal) =>
  Effect.gen(function* () {
    const writes = terminal.writes.length
    yield* TestClock.adjust(redrawMillis)
    while (terminal.writes.length === writes) {
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    }
  })

/** Three asks, of which one answers, one retries and one fails; then the fold. A frame is looked at after each step. */
export const run = (terminal: FakeTerminal, look: (terminal: FakeTerminal) => void) =>
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
    yield* step(emit(progress, "transportation", { _tag: "Dispatched", attempt: 2, model }))
    yield* step(answer(progress, "transportation"))
    yield* end(progress, 10_000)
    yield* step(start(progress, "synthesis"))
    yield* step(stream(progress, "synthesis", `${"Lisbon 東京 is a city of hills. ".repeat(12)}\n\n# Day one\n`))
    yield* step(answer(progress, "synthesis"))
  }).pipe(Effect.scoped)
