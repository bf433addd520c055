/** Programs whose requests are no asks, and whose Claude is within another layer, as under a `LanguageModel`. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { LanguageModel } from "effect/ai"
import { Stack } from "fanfold"
import { layer } from "fanfold/LanguageModel"
import { open } from "../../src/journal/OpenJournal.ts"
import { runOf } from "../../src/report/RunHistory.ts"
import { make } from "../FakeClaude.ts"
import { journalFiles, pass } from "./Journaled.ts"

const newFile = journalFiles()

const program = Effect.all([
  LanguageModel.generateText({ prompt: "What grows?" }),
  LanguageModel.generateText({ prompt: "What is ripe?" })
])

const generate = (file: string, claude: ReturnType<typeof make>) => {
  const stack = Stack.layerOver({ journal: { file }, reuse: "always" }).pipe(Layer.provide(claude.layer))
  return pass(Effect.provide(program, layer().pipe(Layer.provide(stack))))
}

/** The runs that the journal lists, the latest first. */
const listed = (file: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const journal = yield* open(file)
      return yield* Effect.forEach(yield* journal.runs, (run) =>
        Effect.map(journal.events(run.id), (events) => ({
          ...runOf(run, events),
          tags: events.map(({ _tag }) => _tag)
        }))
      )
    })
  )

describe("a program with a LanguageModel", () => {
  it.effect("keeps the events of its requests, their cost, and what it has taken from earlier runs", () =>
    Effect.gen(function* () {
      const file = newFile()
      yield* generate(file, make())
      yield* generate(file, make())
      const [second, first] = yield* listed(file)
      assert.deepStrictEqual(first?.tags, ["Dispatched", "Replied", "Dispatched", "Replied"])
      assert.isAbove(first?.estimatedCostUsd ?? 0, 0)
      assert.deepInclude(first, { asks: 2, answered: 2, reused: 0 })
      assert.deepStrictEqual(second?.tags, ["Reused", "Reused"])
      assert.deepInclude(second, { asks: 2, answered: 2, reused: 2, estimatedCostUsd: 0 })
    })
  )

  it.effect("finds answers that a run has taken over once the run that paid them is forgotten", () =>
    Effect.gen(function* () {
      const file = newFile()
      yield* generate(file, make())
      yield* generate(file, make())
      yield* Effect.scoped(
        Effect.gen(function* () {
          const journal = yield* open(file)
          const [, first] = yield* journal.runs
          assert.deepStrictEqual(yield* journal.forget([first!.id]), [first!.id])
        })
      )
      const claude = make()
      yield* generate(file, claude)
      assert.lengthOf(claude.sent, 0)
    })
  )
})
