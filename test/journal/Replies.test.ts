/** What the asks of a run were answered, as a report of it needs it. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { open, openToRead } from "../../src/journal/OpenJournal.ts"
import * as RequestKey from "../../src/journal/RequestKey.ts"
import { reply, request } from "../FakeClaude.ts"
import { eachHome } from "./Homes.ts"
import { answered, begin } from "./Rows.ts"

const textsOf = (replies: ReadonlyArray<{ readonly ask: string; readonly reply: ReturnType<typeof reply> }>) =>
  replies.map(({ ask, reply }) => [ask, reply.content.map(({ text }) => text).join("")])

/** A turn of the second entry. */
const turn = (n: number, text: string, stopReason = "end_turn") =>
  ({ _tag: "Turn", entry: 1, turn: n, key: `k${n}`, reply: reply(text, { stopReason }), at: n }) as const

eachHome("the replies of a run", ({ newPlace }) => {
  it.live("are the last of each ask, in order, also those of another run that it took over", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const place = yield* newPlace
        const journal = yield* open(place)
        const first = yield* begin(journal, "first")
        journal.add(first.id, answered(0, "sun?"))
        yield* journal.kept
        const second = yield* begin(journal, "second")
        const schema = { type: "object" }
        const keyed = RequestKey.of(request("moon?", { answerSchema: schema }))
        journal.add(second.id, [
          { ...answered(0, "sun?")[0]!, known: { run: "first", entry: 0 } } as never,
          { _tag: "Entry", entry: 1, ask: "moon?", part: "ask", request: keyed, ordinal: 0, at: 2, known: undefined },
          turn(0, "no JSON"),
          turn(1, "{ paused", "pause_turn"),
          turn(2, " and continued }")
        ])
        yield* journal.kept
        const replies = yield* (yield* openToRead(place))!.replies("second")
        assert.deepStrictEqual(textsOf(replies), [
          ["sun?", "re sun?"],
          ["moon?", "{ paused and continued }"]
        ])
        assert.deepStrictEqual(
          replies.map(({ isStructured }) => isStructured),
          [false, true]
        )
        assert.deepStrictEqual(
          replies.map(({ earlier = [] }) => earlier.map(({ content }) => content[0]!.text)),
          [[], ["no JSON"]]
        )
        assert.deepStrictEqual(
          replies.map(({ at, run }) => [run, at]),
          [
            ["first", 1],
            ["second", 2]
          ]
        )
        assert.deepStrictEqual(yield* journal.replies("third"), [])
        assert.deepStrictEqual(textsOf(yield* journal.replies("second", ["sun?", "mars?"])), [["sun?", "re sun?"]])
        assert.deepStrictEqual(yield* journal.replies("second", []), [])
      })
    )
  )
})
