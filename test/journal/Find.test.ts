/** Which of several entries of one request a run takes the answer of. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { open } from "../../src/journal/OpenJournal.ts"
import { eachHome } from "./Homes.ts"
import { answered, begin, found } from "./Rows.ts"

eachHome("of several entries of one request", ({ newPlace }) => {
  it.live("the latest answer is found, before a later reply that is not known to be one", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const journal = yield* open(yield* newPlace)
        const texts: Array<string | undefined> = []
        for (const [at, [id, state]] of Object.entries({
          a: "stopped",
          b: "answered",
          c: "answered",
          d: "stopped",
          e: "failed"
        } as const).entries()) {
          const run = yield* begin(journal, id)
          const [entry, turn, end] = answered(0, "sun?", id, at + 1)
          journal.add(run.id, [entry!, turn!, { ...end!, state } as never])
          yield* journal.kept
          texts.push((yield* found(journal, "sun?", ["a", "b", "c", "d", "e"])) as string | undefined)
        }
        assert.deepStrictEqual(texts, ["a", "b", "c", "c", "c"])
      })
    )
  )

  it.live("none is found of a run that does not count, or of another source", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const journal = yield* open(yield* newPlace)
        journal.add((yield* begin(journal, "a", { source: "elsewhere" })).id, answered(0, "sun?"))
        journal.add((yield* begin(journal, "b")).id, answered(0, "moon?"))
        yield* journal.kept
        assert.isUndefined(yield* found(journal, "sun?"))
        assert.isUndefined(yield* found(journal, "moon?", ["c"]))
        assert.strictEqual(yield* found(journal, "moon?"), "re moon?")
        assert.strictEqual(yield* found(journal, "moon?", ["b"]), "re moon?")
      })
    )
  )
})
