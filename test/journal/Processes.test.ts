/** One journal and several processes: nothing is lost, and no unfinished run is gone on with twice. */
import { assert, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { open } from "../../src/journal/OpenJournal.ts"
import { begun, contender, isResuming, killed } from "./Contending.ts"
import { eachHome } from "./Homes.ts"
import { begin, found } from "./Rows.ts"

eachHome("two processes", ({ newPlace }) => {
  it.live(
    "keep 500 asks each in a new journal, and lose none",
    () =>
      Effect.gen(function* () {
        const place = yield* newPlace
        const both = yield* Effect.all([contender(place, "a", "write"), contender(place, "b", "write")], {
          concurrency: 2
        })
        yield* begun(both)
        const ends = yield* Effect.promise(() => Promise.all(both.map(({ line }) => line())))
        assert.deepStrictEqual(ends, ["written", "written"])
        yield* Effect.promise(() => Promise.all(both.map(({ closed }) => closed)))
        for (const { stderr } of both) assert.strictEqual(yield* Effect.promise(() => stderr), "")
        const journal = yield* open(place)
        const runs = yield* journal.runs
        assert.sameDeepMembers(
          runs.map(({ answered, end, id }) => [id, answered, end]),
          [
            ["a", 500, "ended"],
            ["b", 500, "ended"]
          ]
        )
        for (let i = 0; i < 500; i++) {
          for (const id of ["a", "b"]) assert.strictEqual(yield* found(journal, `${id} ${i}`), `re ${id} ${i}`)
        }
      }),
    60_000
  )

  it.live(
    "never go on with the same unfinished run",
    () =>
      Effect.gen(function* () {
        for (const isAlone of [false, true]) {
          const place = yield* newPlace
          yield* Effect.scoped(Effect.flatMap(open(place), (journal) => begin(journal, "dead")))
          const both = yield* Effect.all(
            ["a", "b"].map((id) => contender(place, id, "hold", isAlone)),
            { concurrency: 2 }
          )
          const said = yield* begun(both)
          assert.lengthOf(said.filter(isResuming), 1, JSON.stringify(said))
          const other = said.find((line) => !isResuming(line))
          assert.match(JSON.stringify(other), isAlone ? /^\{"waitsFor":"[ab]"\}$/ : /^\{"resumed":\[\]\}$/)
        }
      }),
    60_000
  )

  it.live(
    "never go on with a run that is alive, and with all that are dead once it is killed",
    () =>
      Effect.gen(function* () {
        const place = yield* newPlace
        yield* killed(place)
        const live = yield* contender(place, "live", "hold")
        assert.deepStrictEqual(yield* begun([live]), [{ resumed: ["dead"] }])
        const journal = yield* open(place)
        assert.deepStrictEqual((yield* Effect.scoped(begin(journal, "while alive"))).resumed, [])
        yield* Effect.promise(live.kill)
        // A server releases the lock of a killed process as soon as it has seen the end of its connection.
        const unfinished = yield* journal
          .unfinished("plan.yaml", "")
          .pipe(Effect.repeat({ until: (ids) => ids.length > 1, schedule: Schedule.spaced("20 millis") }))
        assert.deepStrictEqual(unfinished, ["while alive", "live", "dead"])
        assert.deepStrictEqual((yield* begin(journal, "after")).resumed, ["while alive", "live", "dead"])
      }),
    60_000
  )

  it.live(
    "wait for each other only where they are to be alone",
    () =>
      Effect.gen(function* () {
        const place = yield* newPlace
        const live = yield* contender(place, "live", "hold")
        yield* begun([live])
        const second = yield* contender(place, "second", "hold", true)
        assert.deepStrictEqual(yield* begun([second]), [{ waitsFor: "live" }])
        const third = yield* contender(place, "third", "hold", false)
        assert.deepStrictEqual(yield* begun([third]), [{ resumed: [] }])
      }),
    60_000
  )
})
