/** What a journal keeps comes back as it was, whatever characters and however many it has. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Row } from "../../src/journal/Journal.ts"
import { open } from "../../src/journal/OpenJournal.ts"
import * as RequestKey from "../../src/journal/RequestKey.ts"
import { reply, request } from "../FakeClaude.ts"
import { eachHome } from "./Homes.ts"
import { begin } from "./Rows.ts"

/** Keeps an ask with this context and this answer, and finds it again. */
const kept = Effect.fnUntraced(function* (place: string, context: string, answer: string) {
  const asked = request("Why?", { context })
  const keyed = RequestKey.of(asked)
  const event: Row = {
    _tag: "Event",
    event: { _tag: "Started", version: 1, at: 1, run: "r", ask: "a", part: "ask", question: answer.slice(0, 1000) }
  }
  const journal = yield* open(place)
  yield* begin(journal, "r")
  journal.add("r", [
    { _tag: "Entry", entry: 0, ask: "a", part: "ask", request: keyed, ordinal: 0, at: 1, known: undefined },
    { _tag: "Turn", entry: 0, turn: 0, key: RequestKey.ofTurn(asked), reply: reply(answer), at: 1 },
    event
  ])
  yield* journal.kept
  const known = yield* journal.find(keyed.key, 0, { source: "", runs: ["r"], since: undefined })
  assert.strictEqual(known?.turns[0]?.reply.content[0]?.["text"], answer)
  assert.deepStrictEqual(yield* journal.events("r"), [event.event])
})

const stamp = (run: string) => ({ version: 1, at: 1, run, ask: "a", part: "ask" }) as const
const started = (run: string) => ({ _tag: "Started", ...stamp(run), question: '"_tag":"BatchEnded"' }) as const

eachHome("what is kept", ({ newPlace }) => {
  it.live.each([
    ["zeros", "zero \0 ".repeat(100), "zero \0 \\u0000 end"],
    ["lone surrogates", "lone \ud800 ".repeat(100), "lone \udfff end"],
    ["quotes and lines", `'";\\\r\n\t$1 -- `.repeat(100), `'";\\\r\n\t$1 -- /* ' */ {"a":"\\"}`],
    ["all planes", "é 漢 😀 \u{10ffff} \ufeff ".repeat(100), "é 漢 😀 \u{10ffff} \ufeff"],
    ["megabytes", "m".repeat(20_000_000), "n".repeat(20_000_000)]
  ] as const)("comes back with %s", ([, context, answer]) =>
    Effect.gen(function* () {
      yield* kept(yield* newPlace, context, answer)
    })
  )

  it.live(
    "gives no event of a run without batches where only those with some are asked for, whatever its texts look like",
    () =>
      Effect.gen(function* () {
        const journal = yield* open(yield* newPlace)
        const batch = { _tag: "BatchNotCreated", ...stamp("r"), nonce: "n", message: "no" } as const
        for (const run of ["r", "without"]) {
          yield* begin(journal, run)
          journal.add(run, [{ _tag: "Event", event: started(run) }])
        }
        journal.add("r", [{ _tag: "Event", event: batch }])
        yield* journal.kept
        assert.deepStrictEqual(yield* journal.events("r", "batches"), [started("r"), batch])
        assert.deepStrictEqual(yield* journal.events("without"), [started("without")])
        assert.deepStrictEqual(yield* journal.events("without", "batches"), [])
      })
  )
})
