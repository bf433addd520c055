/** Following a run: what was added since a look, and whether more may come. */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import type { Event } from "fanfold"
import { open, openToRead } from "../../src/journal/OpenJournal.ts"
import type { BegunRun } from "../../src/journal/Journal.ts"
import { eventOf, started } from "../RunEvents.ts"
import { eachHome } from "./Homes.ts"

const run = { id: "0followed", plan: "plan.yaml", source: "simulated", at: 1 }
const event = (at: number): Event.Event => eventOf(started(at, `ask${at}`))
const times = (events: ReadonlyArray<Event.Event>) => events.map(({ at }) => at)

eachHome("following a run", ({ newPlace }) => {
  it.live("gives each event once, in order, whoever has written it, and tells when its process has gone", () =>
    Effect.gen(function* () {
      const place = yield* newPlace
      const scope = yield* Scope.make()
      const journal = yield* Scope.provide(open(place), scope)
      const begun = (yield* Scope.provide(journal.begin(run, { resume: false, isAlone: false }), scope)) as BegunRun
      const add = (...at: ReadonlyArray<number>) => {
        journal.add(
          run.id,
          at.map((at) => ({ _tag: "Event", event: event(at) }))
        )
        return journal.kept
      }
      yield* add(1, 2)
      const reader = (yield* openToRead(place))!
      const first = yield* reader.follow(run.id)
      assert.deepStrictEqual([times(first.events), first.isLive, first.end], [[1, 2], true, undefined])
      const second = yield* reader.follow(run.id, first.position)
      assert.deepStrictEqual(times(second.events), [])
      yield* add(3)
      yield* add(4, 5)
      const third = yield* reader.follow(run.id, second.position)
      assert.deepStrictEqual(times(third.events), [3, 4, 5])
      yield* add(6)
      yield* journal.end(begun, 7)
      const ended = yield* reader.follow(run.id, third.position)
      assert.deepStrictEqual([times(ended.events), ended.isLive, ended.end], [[6], false, "ended"])
      yield* Scope.close(scope, Exit.void)
    }).pipe(Effect.scoped)
  )

  it.live("tells of a run that has no process any more, and of one that is not there", () =>
    Effect.gen(function* () {
      const place = yield* newPlace
      yield* Effect.scoped(
        Effect.flatMap(open(place), (journal) => journal.begin(run, { resume: false, isAlone: false }))
      )
      const reader = (yield* openToRead(place))!
      const { end, events, isLive } = yield* reader.follow(run.id)
      assert.deepStrictEqual([events, isLive, end], [[], false, undefined])
      assert.isFalse((yield* reader.follow("0other")).isLive)
    }).pipe(Effect.scoped)
  )
})
