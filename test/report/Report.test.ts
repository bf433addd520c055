/** What a run leaves behind: the report as data, and as a document. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Ask, Message, type Policy, Synthesis } from "fanfold"
import * as Pipeline from "../../src/pipeline/Pipeline.ts"
import { toMarkdown } from "../../src/report/Markdown.ts"
import * as Report from "../../src/report/Report.ts"
import * as RunBreakdown from "../../src/report/RunBreakdown.ts"
import * as FakeClaude from "../FakeClaude.ts"
import { begin, dispatched, fold, haiku, interrupted, replied, usage, completed } from "../RunEvents.ts"

const spent = RunBreakdown.of(
  fold(
    begin(0, "sky", "sea", "wind"),
    ...completed(10, "sky", 30),
    dispatched(0, "sea"),
    replied(5, "sea", "claude-next"),
    interrupted(9, "wind")
  )
)
const totals = {
  usage: { ...Message.noUsage, inputTokens: 5 },
  costUsd: 0.25,
  foreseenUsd: 0.5,
  durationMillis: 40,
  spent
}

const cite = (title: string, url: string) => [{ type: "web_search_result_location", title, url, cited_text: "x" }]
const Memo = Schema.Struct({ verdict: Schema.String })

/** Answers by question; what has no answer here fails. */
const replies: Readonly<Record<string, Message.Reply>> = {
  "Sky?": FakeClaude.reply("Blue.\n"),
  "Sea?": FakeClaude.reply("", {
    content: [
      { type: "text", text: "Green, ", citations: cite("The sea", "https://example.org/sea") },
      {
        type: "text",
        text: "or blue.",
        citations: [...cite("Sky", "https://example.org/sky"), ...cite("The sea", "https://example.org/sea")]
      }
    ]
  }),
  "How many?": FakeClaude.reply('{"verdict":"two"}')
}

const report = Effect.fnUntraced(function* (
  asks: Readonly<Record<string, Ask.Ask<unknown>>>,
  synthesis?: Synthesis.Synthesis<unknown>,
  policy: Policy.Policy = "best-effort"
) {
  const claude = FakeClaude.make(({ call, request }) => {
    if (call.part === "synthesis") {
      return Effect.succeed(
        FakeClaude.reply(request.answerSchema === undefined ? "# All\n\nFolded." : '{"verdict":"go"}')
      )
    }
    const reply = replies[FakeClaude.questionOf(request)]
    return reply === undefined ? Effect.fail(FakeClaude.invalid()) : Effect.succeed(reply)
  })
  const pipeline = { asks, synthesis, policy, concurrency: 1, context: undefined, deadline: undefined }
  const outcome = yield* Effect.provide(Pipeline.run(pipeline), claude.layer)
  return Report.make(outcome, totals, false)
})

const asks = {
  sky: Ask.text("Sky?"),
  sea: Ask.text("Sea?"),
  wind: Ask.text("Wind?"),
  count: Ask.object("How many?", Memo)
}
const sources = [
  { title: "The sea", url: "https://example.org/sea" },
  { title: "Sky", url: "https://example.org/sky" }
]

describe("a report", () => {
  it.effect("holds document, questions, answers, gaps, sources and totals, by the names of the asks", () =>
    Effect.gen(function* () {
      const { run, ...made } = yield* report(asks, Synthesis.text("Fold"))
      assert.notStrictEqual(run, "")
      assert.deepStrictEqual(made, {
        version: 1,
        simulated: false,
        policy: "best-effort",
        deadlineMillis: null,
        document: "# All\n\nFolded.",
        questions: { sky: "Sky?", sea: "Sea?", wind: "Wind?", count: "How many?" },
        answers: { sky: "Blue.\n", sea: "Green, or blue.", count: { verdict: "two" } },
        gaps: [{ name: "wind", question: "Wind?", reason: "InvalidRequest", message: "invalid request: wrong" }],
        sources: { sea: sources },
        error: null,
        usage: totals.usage,
        estimatedCostUsd: 0.25,
        foreseenCostUsd: 0.5,
        durationMillis: 40,
        spent
      })
    })
  )

  it.effect("survives JSON and fits its own schema, whatever became of the run", () =>
    Effect.gen(function* () {
      const decode = Schema.decodeUnknownEffect(Report.Report)
      const made = [
        yield* report(asks, Synthesis.object("Fold", Memo)),
        yield* report(asks, undefined, { atLeast: 4 }),
        yield* report(asks, undefined, "all"),
        yield* report({ wind: Ask.text("Wind?") }, Synthesis.text("Fold")),
        { ...(yield* report(asks)), estimatedCostUsd: null, foreseenCostUsd: null }
      ]
      for (const each of made) {
        const json = Report.toJson(each)
        assert.deepStrictEqual(yield* decode(JSON.parse(json), { onExcessProperty: "error" }), each)
        assert.match(json, /^\{\n {2}"version": 1,\n[^]*\n\}\n$/)
      }
      const [folded, tooFew, all, nothing] = made
      assert.deepStrictEqual(folded?.document, { verdict: "go" })
      assert.include(tooFew?.error, "3 of 4 asks answered, 4 needed")
      assert.deepStrictEqual(Object.keys(all!.answers), ["sky", "sea"])
      assert.deepStrictEqual(
        all?.gaps.map(({ reason }) => reason),
        ["InvalidRequest", "Interrupted"]
      )
      assert.strictEqual(nothing?.error, "none of the 1 asks has an answer, so there is nothing to fold")
    })
  )

  it.effect("has no answer that was not given, under no name", () =>
    Effect.gen(function* () {
      const odd = Object.fromEntries(["__proto__", "constructor"].map((name) => [name, Ask.text("Sky?")]))
      const { answers } = yield* report(odd)
      assert.deepStrictEqual(Object.entries(answers), [
        ["__proto__", "Blue.\n"],
        ["constructor", "Blue.\n"]
      ])
    })
  )
})

describe("what was spent", () => {
  it("is told by ask and for the synthesis, and null is what is not known", () => {
    const complete = { model: haiku, attempts: 1, usage, estimatedCostUsd: 0.0011, durationMillis: 30 }
    assert.deepStrictEqual(spent, {
      asks: {
        sky: complete,
        sea: { ...complete, model: "claude-next", estimatedCostUsd: null, durationMillis: null },
        wind: { model: null, attempts: 0, usage: Message.noUsage, estimatedCostUsd: 0, durationMillis: null }
      },
      synthesis: null
    })
  })
})

describe("the document", () => {
  const listed = "## Sources\n\n- [The sea](https://example.org/sea)\n- [Sky](https://example.org/sky)\n"

  it.effect("is the synthesis, and the sources of all answers, each once", () =>
    Effect.gen(function* () {
      assert.strictEqual(toMarkdown(yield* report(asks, Synthesis.text("Fold"))), `# All\n\nFolded.\n\n${listed}`)
    })
  )

  it.effect("is every answer under its name and question where there is no synthesis, and then the gaps", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        toMarkdown(yield* report(asks)),
        [
          "## sky\n\n*Sky?*\n\nBlue.",
          "## sea\n\n*Sea?*\n\nGreen, or blue.",
          '## count\n\n*How many?*\n\n```json\n{\n  "verdict": "two"\n}\n```',
          "## No answer\n\n- **wind**: invalid request: wrong",
          listed
        ].join("\n\n")
      )
    })
  )

  it.effect("shows a structured synthesis as JSON", () =>
    Effect.gen(function* () {
      const markdown = toMarkdown(yield* report({ sky: Ask.text("Sky?") }, Synthesis.object("Fold", Memo)))
      assert.strictEqual(markdown, '```json\n{\n  "verdict": "go"\n}\n```\n')
    })
  )

  it("holds nothing that a terminal obeys or that reorders text, and keeps headings and lists in their lines", () => {
    const markdown = toMarkdown({
      version: 1,
      simulated: false,
      run: "r",
      policy: "best-effort",
      deadlineMillis: null,
      document: null,
      questions: { a: "Why\n# not?\u001B[2J" },
      answers: {
        a: "\u001B[31mred\u001B[0m\u0007 \u009B1mbold\tتاب\r\nnext\rend\u0000\u200F \u202Ednes\u202C \u2067x\u2069 👩\u200D🚀 می\u200Cخواهم \uD800"
      },
      gaps: [{ name: "b", question: "b?", reason: "NotJson", message: "first\n\n# second" }],
      sources: {},
      error: null,
      usage: Message.noUsage,
      estimatedCostUsd: null,
      foreseenCostUsd: null,
      durationMillis: 1,
      spent: { asks: {}, synthesis: null }
    })
    assert.strictEqual(
      markdown,
      "## a\n\n*Why # not?*\n\nred bold\tتاب\r\nnext\nend\u200F dnes x 👩\u200D🚀 می\u200Cخواهم \uFFFD\n\n## No answer\n\n- **b**: first # second\n"
    )
  })
})
