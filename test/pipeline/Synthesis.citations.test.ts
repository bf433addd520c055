/** Marks: asked for, checked by code, asked for once more where they are wrong, and delivered with what is still wrong. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Ask, type Event, Research, Synthesis } from "fanfold"
import { invalid, make, questionOf, recorder, reply } from "../FakeClaude.ts"

const asks = {
  market: Ask.text("market"),
  rivals: Ask.text("rivals"),
  rules: Ask.text("rules"),
  costs: Ask.text("costs")
}

/** Runs the asks, of which `costs` fails, and a cited synthesis whose tries bring these documents. */
const citing = (options: Synthesis.Options, ...documents: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    let nth = 0
    const claude = make(({ call, request }) => {
      if (call.part === "ask")
        return questionOf(request) === "costs" ? Effect.fail(invalid()) : Effect.succeed(reply("fact"))
      return Effect.succeed(
        reply(call.ask === "synthesis" ? documents[Math.min(nth++, documents.length - 1)]! : "It is so [market].")
      )
    })
    const { events, listen } = recorder()
    const document = yield* Research.run(asks, { policy: "best-effort" }).pipe(
      Effect.flatMap(Synthesis.text("Write.", { citations: true, ...options })),
      Effect.provide(claude.layer),
      listen
    )
    const cited = events.find((event) => event._tag === "Cited") as typeof Event.Cited.Type
    return {
      document,
      cited,
      kinds: cited.faults.map(({ kind }) => kind),
      sent: claude.sent.filter(({ call }) => call.ask === "synthesis")
    }
  })

const good =
  "The market grows by eight [market]. Rivals lead by far [rivals]. The rules end all that [rules]. The costs are missing here."

describe("a synthesis with citations", () => {
  it.effect("is asked for marks, and delivered where they are right", () =>
    Effect.gen(function* () {
      const { cited, document, sent } = yield* citing({}, good)
      assert.strictEqual(document, good)
      assert.strictEqual(sent.length, 1)
      assert.match(
        questionOf(sent[0]!.request),
        /Write after each statement, .* the names of the findings that it rests on/
      )
      assert.deepInclude(cited, { statements: 4, faultCount: 0 })
    })
  )

  it.effect("is asked for once more with its faults named", () =>
    Effect.gen(function* () {
      const { cited, document, sent } = yield* citing({}, good.replace("[market]", "[markets]"), good)
      assert.strictEqual(document, good)
      assert.strictEqual(cited.faultCount, 0)
      const question = questionOf(sent[1]!.request)
      assert.include(question, "- [markets] is the name of no finding\n- nothing rests on market")
      assert.strictEqual(sent[1]!.request.messages.length, 3)
    })
  )

  it.effect.each([
    ["an unknown mark", good.replace("[rules]", "[rules, law]"), ["unknown mark"]],
    ["the mark of a gap", good.replace("[rules]", "[rules, costs]"), ["mark of a gap"]],
    ["a statement without a mark", good.replace(" [rules]", " [rules]. Nobody knows how all this ends"), ["no mark"]],
    ["an answer that nothing rests on", good.replace("[rivals]", "[rules]"), ["unused answer"]],
    ["marks that name everything", good.replaceAll(/\[\w+\]/g, "[market, rivals, rules]"), ["useless marks"]]
  ] as const)("is delivered with a warning where it keeps %s", ([, document, kinds]) =>
    Effect.gen(function* () {
      const told = yield* citing({}, document)
      assert.strictEqual(told.document, document)
      assert.strictEqual(told.sent.length, 2)
      assert.deepStrictEqual(told.kinds, [...kinds])
    })
  )

  it.effect("keeps the first document where the second has more faults", () =>
    Effect.gen(function* () {
      const first = good.replace("[rivals]", "[rules]")
      const { cited, document } = yield* citing({}, first, "Nothing of it is so.")
      assert.strictEqual(document, first)
      assert.strictEqual(cited.faultCount, 1)
    })
  )

  it.effect("checks marks against all asks of a tree", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* citing({ fanIn: 2 }, good)).kinds, [])
      assert.deepStrictEqual((yield* citing({ fanIn: 2 }, good.replace("[market]", "[synthesis]"))).kinds, [
        "unknown mark",
        "unused answer"
      ])
    })
  )
})
