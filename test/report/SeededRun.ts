/** Runs whose times, failures and stragglers are drawn from a seed, in virtual time: what happens to asks, in all its variety. */
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Ask, Claude, type Event, Research, Stack } from "fanfold"
import * as FakeClaude from "../FakeClaude.ts"

/** Mulberry32: numbers from 0 to 1. */
export const randomOf = (seed: number) => {
  let state = seed
  return (): number => {
    state = (state + 0x6d_2b_79_f5) | 0
    let word = Math.imul(state ^ (state >>> 15), 1 | state)
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The events of one run, in order. */
export const eventsOf = (seed: number, asks = 12): Effect.Effect<ReadonlyArray<Event.Event>> =>
  Effect.gen(function* () {
    const random = randomOf(seed)
    const between = (from: number, to: number) => Math.round(from + random() * (to - from))
    const fake = FakeClaude.make(({ request }) => {
      const [first, rest] = [between(5, 900), random() < 0.1 ? between(5000, 9000) : between(1, 1500)]
      const [isStreamed, fails, isWrong] = [random() < 0.6, random() < 0.2, random() < 0.05]
      return Effect.gen(function* () {
        yield* Effect.sleep(first)
        if (isStreamed) yield* Effect.flatMap(FakeClaude.attempt, (attempt) => attempt.firstToken)
        yield* Effect.sleep(rest)
        if (isWrong) return yield* FakeClaude.invalid()
        if (fails) return yield* FakeClaude.overloaded()
        return FakeClaude.reply(`re ${FakeClaude.questionOf(request)}`)
      })
    })
    const recorder = FakeClaude.recorder()
    const names = Array.from({ length: asks }, (_, n) => `ask${n}`)
    const questions = Object.fromEntries(names.map((name) => [name, Ask.text(`${name}?`)]))
    const concurrency = random() < 0.5 ? ("unbounded" as const) : between(2, 6)
    const layer: Layer.Layer<Claude.Claude> = Stack.layerOver({
      pacing: { inFlight: between(2, 8) },
      hedge: { after: "3 seconds" }
    }).pipe(Layer.provide(fake.layer))
    const run = Research.run(questions, { concurrency, policy: "best-effort" })
    yield* recorder.listen(FakeClaude.pass(Effect.provide(run, layer)))
    return recorder.events
  }).pipe(Effect.scoped, Effect.provide(TestClock.layer()), Effect.orDie)
