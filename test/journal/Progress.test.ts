/** What a resumed run says it goes on with: answers that are kept, and calls that may be paid twice. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Event } from "fanfold"
import { of } from "../../src/journal/RequestKey.ts"
import type { BegunRun, Row } from "../../src/journal/Journal.ts"
import { open } from "../../src/journal/OpenJournal.ts"
import { reply, request as requestOf } from "../FakeClaude.ts"
import { eachHome } from "./Homes.ts"

const stamp = { version: 1, at: 1, part: "ask", ask: "sky", run: "r" } as const
const event = (fields: Partial<Event.Event> & Pick<Event.Event, "_tag">): Row => ({
  _tag: "Event",
  event: { ...stamp, ...fields } as Event.Event
})
const dispatched = event({ _tag: "Dispatched", attempt: 1, model: "m" })
const replied = event({ _tag: "Replied", attempt: 1, model: "m" })
const request = of(requestOf("Sky?"))
const entry = {
  _tag: "Entry",
  entry: 0,
  ask: "sky",
  part: "ask",
  request,
  ordinal: 0,
  at: 1,
  known: undefined
} as const
const turn = { _tag: "Turn", entry: 0, turn: 0, key: request.key, reply: reply("Blue."), at: 1 } as const

eachHome("the progress of unfinished runs", ({ newPlace }) => {
  /** What two runs of one plan have brought, of which neither has ended. */
  const progressOf = (first: ReadonlyArray<Row>, second: ReadonlyArray<Row> = []) =>
    Effect.gen(function* () {
      const journal = yield* open(yield* newPlace)
      const runs: Array<string> = []
      for (const [id, rows] of [
        ["one", first],
        ["two", second]
      ] as const) {
        const options = { resume: true, isAlone: false }
        const run = (yield* journal.begin({ id, plan: "plan", source: "test", at: 1 }, options)) as BegunRun
        journal.add(run.id, rows)
        yield* journal.kept
        runs.push(run.id)
      }
      const { answered, inFlight } = yield* journal.progress(runs)
      return { answered: answered.size, inFlight: inFlight.map(({ ask }) => ask) }
    })

  it.live("counts a reply that was kept last, before its ask could say that it is answered", () =>
    Effect.gen(function* () {
      const rows = [entry, dispatched, replied, turn]
      assert.deepStrictEqual(yield* progressOf(rows), { answered: 1, inFlight: [] })
    })
  )

  it.live("does not count a reply that was asked for once more", () =>
    Effect.gen(function* () {
      const rows = [entry, dispatched, replied, turn, event({ _tag: "Reasked", issue: "not JSON" }), dispatched]
      assert.deepStrictEqual(yield* progressOf(rows), { answered: 0, inFlight: ["sky"] })
    })
  )

  it.live("tells a call that was stopped on its way, as it may have been paid", () =>
    Effect.gen(function* () {
      const stopped = event({ _tag: "AttemptFailed", attempt: 1, reason: "Interrupted", message: "stopped on its way" })
      assert.deepStrictEqual(yield* progressOf([entry, dispatched, stopped]), { answered: 0, inFlight: ["sky"] })
    })
  )

  it.live("tells no call whose copy was stopped when the other one had answered", () =>
    Effect.gen(function* () {
      const stopped = event({ _tag: "AttemptFailed", attempt: 1, reason: "Interrupted", message: "stopped on its way" })
      const rows = [entry, dispatched, dispatched, replied, stopped, turn, event({ _tag: "Answered", model: "m" })]
      assert.deepStrictEqual(yield* progressOf(rows), { answered: 1, inFlight: [] })
    })
  )

  it.live("tells no call that the next run has asked again and got", () =>
    Effect.gen(function* () {
      const answered = [entry, dispatched, replied, turn]
      assert.deepStrictEqual(yield* progressOf([entry, dispatched], answered), { answered: 1, inFlight: [] })
    })
  )
})
