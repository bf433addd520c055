/** Progress of a measurement without a terminal: lines while it runs, also within a single long run. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as BenchProgress from "../../src/cli/BenchProgress.ts"
import { FakeTerminal } from "./progress/FakeTerminal.ts"

const step = { arm: "sequential", round: 1, doneMillis: 0, totalMillis: 60_000, speed: 1 }

const shown = (during: (onStep: (one: typeof step) => void) => Effect.Effect<void>) =>
  Effect.gen(function* () {
    const output = new FakeTerminal(80, 20)
    const options = { mode: "lines", color: false, output } as const
    yield* Effect.scoped(Effect.flatMap(BenchProgress.make(options, 2), during))
    return output.writes.join("").split("\n").slice(0, -1)
  })

describe("progress of a measurement", () => {
  it.effect("writes a line every five seconds, whether a run begins or goes on", () =>
    Effect.gen(function* () {
      const lines = yield* shown(
        Effect.fnUntraced(function* (onStep) {
          onStep(step)
          yield* TestClock.adjust("12 seconds")
          onStep({ ...step, round: 2, doneMillis: 12_000 })
          yield* TestClock.adjust("3 seconds")
        })
      )
      assert.deepStrictEqual(lines, [
        "Measuring against the offline mock, in real time: about 1 min 0 s",
        "Round 1 of 2, 0.0 s of about 1 min 0 s",
        "Round 1 of 2, 5.0 s of about 1 min 0 s",
        "Round 1 of 2, 10 s of about 1 min 0 s",
        "Round 2 of 2, 15 s of about 1 min 0 s"
      ])
    })
  )

  it.effect("writes some twenty lines of a long measurement", () =>
    Effect.gen(function* () {
      const lines = yield* shown((onStep) =>
        Effect.andThen(
          Effect.sync(() => onStep({ ...step, totalMillis: 3_600_000 })),
          TestClock.adjust("1 hour")
        )
      )
      assert.strictEqual(lines.length, 2 + 20)
    })
  )
})
