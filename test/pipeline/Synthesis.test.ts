/** The fold: what Claude is told of answers and gaps, and that nothing in an answer can pass for more than that. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as fc from "fast-check"
import { Ask, AskError, type Message, type Price, Research, Synthesis } from "fanfold"
import { invalid, make, questionOf, recorder, reply } from "../FakeClaude.ts"

const isFold = ({ messages }: Message.Request) => questionOf({ messages } as never).startsWith("<findings>")

/** Answers every ask with `answers` by its question, fails those without one, and folds into `folded`. */
const claudeWith = (answers: Readonly<Record<string, Message.Reply>>, folded = "the whole") =>
  make(({ request }) => {
    const answer = isFold(request) ? reply(folded) : answers[questionOf(request)]
    return answer === undefined ? Effect.fail(invalid()) : Effect.succeed(answer)
  })

const bestEffort = <Name extends string>(...names: ReadonlyArray<Name>) =>
  Research.run(Object.fromEntries(names.map((name) => [name, Ask.text(name)])) as Record<Name, Ask.Ask<string>>, {
    policy: "best-effort"
  })

const promptOf = (answers: Readonly<Record<string, Message.Reply>>, ...names: ReadonlyArray<string>) =>
  bestEffort(...names).pipe(
    Effect.map((findings) => Synthesis.promptOf("Write a guide.", findings)),
    Effect.provide(claudeWith(answers).layer)
  )

describe("Synthesis", () => {
  it("tells a budget of the dearest of its models, by the prices that are stated", () => {
    const asks = { a: Ask.text("a") }
    const coming = (model: NonNullable<Ask.Options["model"]>, stated?: Price.Prices) =>
      Synthesis.planned(Synthesis.text("Fold.", { model }), asks, stated).model
    const dear = { inputUsd: 50, outputUsd: 50, cacheReadUsd: 50 }
    assert.strictEqual(coming("claude-haiku-5-5"), "claude-haiku-5-5")
    assert.strictEqual(coming(["claude-haiku-5-5", "claude-opus-5-5", "claude-sonnet-5-5"]), "claude-opus-5-5")
    assert.strictEqual(
      coming(["claude-haiku-5-5", "claude-opus-5-5"], { "claude-haiku-5-5": dear }),
      "claude-haiku-5-5"
    )
    assert.strictEqual(coming(["claude-opus-5-5", "claude-next"]), "claude-next", "who knows what it costs")
  })

  it.effect("sends every finding with its question, then the instruction", () =>
    Effect.gen(function* () {
      const prompt = yield* promptOf({ a: reply("re a"), b: reply("re b") }, "a", "b")
      assert.strictEqual(
        prompt,
        [
          "<findings>",
          `<finding name="a">\n<question>a</question>\n<answer>\nre a\n</answer>\n</finding>`,
          `<finding name="b">\n<question>b</question>\n<answer>\nre b\n</answer>\n</finding>`,
          "</findings>\n\nWrite a guide."
        ].join("\n")
      )
    })
  )

  it.effect("names the gaps, and tells Claude to say so and not to invent", () =>
    Effect.gen(function* () {
      const prompt = yield* promptOf({ a: reply("re a") }, "a", "rivals", "rules")
      assert.include(prompt, "These asks have no answer: rivals, rules.")
      assert.match(prompt, /do not invent/)
      assert.include(prompt, `<gap name="rivals">\n<question>rivals</question>\n</gap>`)
      assert.notInclude(yield* promptOf({ a: reply("re a") }, "a"), "no answer")
    })
  )

  it.effect("shows the sources of an answer", () =>
    Effect.gen(function* () {
      const citations = [{ url: "https://a.org", title: "A" }]
      const cited = reply("", { content: [{ type: "text", text: "re a", citations }] })
      assert.include(yield* promptOf({ a: cited }, "a"), "<sources>\n- A: https://a.org\n</sources>")
    })
  )

  it.effect("folds into prose with its own defaults, not those of the asks", () =>
    Effect.gen(function* () {
      const claude = claudeWith({ a: reply("re a") })
      const { events, listen } = recorder()
      const document = yield* bestEffort("a").pipe(
        Effect.flatMap(Synthesis.text("Write a guide.")),
        Effect.provideService(Ask.Defaults, { model: "claude-opus-5-5", maxTokens: 7, context: "a document" }),
        Effect.provide(claude.layer),
        listen
      )
      assert.strictEqual(document, "the whole")
      const { call, request } = claude.sent[1]!
      assert.strictEqual(request.model, "claude-sonnet-5-5")
      assert.strictEqual(request.maxTokens, 16_384)
      assert.strictEqual(request.system, Synthesis.system)
      assert.isUndefined(request.context)
      const [{ run }] = claude.sent.map(({ call }) => call) as [typeof call]
      assert.deepStrictEqual(call, { run, ask: "synthesis", part: "synthesis", level: 0, asks: 1, attempt: 1 })
      assert.isAbove(run.length, 0)
      const folded = events.filter(({ part }) => part === "synthesis")
      assert.deepStrictEqual(
        folded.map(({ _tag, ask }) => `${ask} ${_tag}`),
        ["synthesis Started", "synthesis Answered"]
      )
    })
  )

  it.effect("takes settings of its own", () =>
    Effect.gen(function* () {
      const claude = claudeWith({ a: reply("re a") })
      const options = { model: "claude-opus-5-5", system: "be brief", maxTokens: 50, effort: "high" } as const
      yield* Effect.provide(Effect.flatMap(bestEffort("a"), Synthesis.text("Write.", options)), claude.layer)
      const { effort, maxTokens, model, system } = claude.sent[1]!.request
      assert.deepStrictEqual({ effort, maxTokens, model, system }, options)
    })
  )

  it.effect("folds into a value of a schema, with reply and usage where they are wanted", () =>
    Effect.gen(function* () {
      const claude = claudeWith({ a: reply("re a") }, `{"verdict":"wait"}`)
      const Memo = Schema.Struct({ verdict: Schema.Literals(["enter", "wait"]) })
      const fold = Synthesis.object("Enter?", Memo)
      const findings = yield* Effect.provide(bestEffort("a"), claude.layer)
      assert.deepStrictEqual(yield* Effect.provide(fold(findings), claude.layer), { verdict: "wait" })
      const { reply: answered, usage, value } = yield* Effect.provide(fold.answer(findings), claude.layer)
      assert.deepStrictEqual(value, { verdict: "wait" })
      assert.deepStrictEqual(usage, answered.usage)
    })
  )

  it.effect("sends nothing when there is no answer to fold", () =>
    Effect.gen(function* () {
      const claude = claudeWith({})
      for (const research of [bestEffort("a", "b"), bestEffort()]) {
        const folded = Effect.flatMap(research as ReturnType<typeof bestEffort>, Synthesis.text("Write a guide."))
        const error = yield* Effect.flip(Effect.provide(folded, claude.layer))
        assert(error instanceof AskError.AskError)
        assert.strictEqual(error.reason._tag, "NothingToFold")
        assert.isFalse(error.isRetryable)
      }
      assert.isFalse(claude.sent.some(({ request }) => isFold(request)))
    })
  )

  it("refuses a wrong argument at once, before anything was asked and paid", () => {
    interface Tree {
      readonly branches: ReadonlyArray<Tree>
    }
    const Tree: Schema.Codec<Tree> = Schema.Struct({ branches: Schema.Array(Schema.suspend(() => Tree)) })
    assert.throws(() => Synthesis.text(" "), /expected a question that is not empty/)
    assert.throws(() => Synthesis.text("Write.", { maxTokens: 0 }), /options.maxTokens: expected a whole number ≥ 1/)
    assert.throws(() => Synthesis.object("Write.", Tree), /Recursive/i)
  })
})

/** Every place where a tag of ours begins or ends, as the most lenient reader sees it. */
const tagsIn = (prompt: string) => {
  const seen = prompt.normalize("NFKC").replaceAll(/\p{Cf}/gu, "")
  return seen.match(/<[\s\p{Cc}/\\]*(?:findings?|gap|question|answer|sources)\b/giu) ?? []
}

const fullwidth = (text: string) =>
  text.replaceAll(/[!-~]/g, (each) => String.fromCodePoint(each.codePointAt(0)! + 0xfee0))

describe("an answer", () => {
  const tags = ["finding", "findings", "gap", "question", "answer", "sources"]
  const opening = fc
    .tuple(
      fc.constantFrom(
        "<",
        "</",
        "< /",
        "< ",
        "</ ",
        "<\n/",
        "<//",
        "<\u200b/",
        "</\u200d",
        "\u2060</",
        "＜/",
        "＜／",
        "﹤/",
        "<\\"
      ),
      fc.constantFrom(...tags).chain((tag) => fc.constantFrom(tag, fullwidth(tag), [...tag].join("\u200b"))),
      fc.constantFrom(">", " >", "", " name='x'>", "\u200b>", "＞")
    )
    .map((parts) => parts.join(""))
  const text = fc
    .array(
      fc.oneof(
        opening,
        opening.map((each) => each.toUpperCase()),
        fc.string()
      ),
      { minLength: 1, maxLength: 6 }
    )
    .map((parts) => `x${parts.join("")}`)

  it("cannot close its block or open another, nor can a question or a source", () =>
    fc.assert(
      fc.asyncProperty(text, text, text, (question, answer, source) => {
        const citations = [{ url: source, title: source }]
        const cited = reply("", { content: [{ type: "text", text: answer, citations }] })
        const research = Research.run(
          { a: Ask.text(question), b: Ask.text(`${question} b`) },
          { policy: "best-effort" }
        )
        const claude = make(({ request }) =>
          questionOf(request) === question ? Effect.succeed(cited) : Effect.fail(invalid())
        )
        return Effect.runPromise(
          Effect.map(Effect.provide(research, claude.layer), (findings) => {
            assert.deepStrictEqual(tagsIn(Synthesis.promptOf("Write.", findings)), [
              "<findings",
              "<finding",
              "<question",
              "</question",
              "<answer",
              "</answer",
              "<sources",
              "</sources",
              "</finding",
              "<gap",
              "<question",
              "</question",
              "</gap",
              "</findings"
            ])
          })
        )
      })
    ))

  it.effect("has sources of one line each, whatever their titles hold", () =>
    Effect.gen(function* () {
      const citations = [{ url: "https://a.org/\nx", title: " A\n- B:\u2028https://b.org\u0085\r\n " }]
      const cited = reply("", { content: [{ type: "text", text: "re a", citations }] })
      assert.include(
        yield* promptOf({ a: cited }, "a"),
        "<sources>\n- A - B: https://b.org: https://a.org/ x\n</sources>"
      )
    })
  )

  it.effect("keeps every other word of it, markup too", () =>
    Effect.gen(function* () {
      const words = "a < b, <b>bold</b>, <answers>, <answer_1>, <antwort>, `</div>` & 5 > 3, ＜b＞, x <- answer, <= gap"
      assert.include(yield* promptOf({ a: reply(words) }, "a"), `<answer>\n${words}\n</answer>`)
    })
  )
})
