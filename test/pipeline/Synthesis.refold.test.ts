/** A tree of folds that is made again: what a journal pays of it, and what a budget that ended between levels leaves. */
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Ask, Message, Research, Stack, Synthesis } from "fanfold"
import { make, questionOf, reply } from "../FakeClaude.ts"

const textsIn = (prompt: string) => [...prompt.matchAll(/<answer>\n([\s\S]*?)\n<\/answer>/g)].map((match) => match[1]!)

/** Answers each ask with its question, and folds by joining all that it reads. */
const joining = () =>
  make(({ call, request }) => {
    const question = questionOf(request)
    const usage = { ...Message.noUsage, inputTokens: 1000, outputTokens: 1000 }
    return Effect.succeed(reply(call.part === "ask" ? question : textsIn(question).join(" "), { usage }))
  })

const questions = Array.from({ length: 10 }, (_, n) => `What is ${n}?`)
const asksOf = (questions: ReadonlyArray<string>) =>
  Object.fromEntries(questions.map((question, n) => [`q${n}`, Ask.text(question)]))

/** Folds into 4 → 2 → 1. */
const program = (questions: ReadonlyArray<string>, options: Synthesis.Options = {}) =>
  Effect.flatMap(
    Research.run(asksOf(questions)),
    Synthesis.text("Write.", {
      fanIn: 3,
      model: "claude-haiku-5-5",
      maxTokens: 1000,
      contradictions: "off",
      ...options
    })
  )

const over = (claude: ReturnType<typeof make>, options: Stack.Options) =>
  Effect.provide(Layer.provide(Stack.layerOver({ refusals: "gap", ...options }), claude.layer))

const newFile = () => join(mkdtempSync(join(tmpdir(), "fanfold-refold-")), "journal.sqlite")
const sentBy = ({ sent }: ReturnType<typeof make>) => sent.map(({ call }) => call.ask)

describe("a tree over a journal that has all of it", () => {
  it.live("asks again, where one answer changes, the folds from its group to the document alone", () =>
    Effect.gen(function* () {
      const journal = { file: newFile() }
      const first = joining()
      yield* program(questions).pipe(over(first, { journal }))
      assert.lengthOf(first.sent, 17)
      const second = joining()
      const changed = questions.with(3, "What is three?")
      const document = yield* program(changed).pipe(over(second, { journal, reuse: "always" }))
      assert.deepStrictEqual(sentBy(second), ["q3", "synthesis.1.2", "synthesis.2.1", "synthesis"])
      assert.strictEqual(document, changed.join(" "))
    })
  )
})

describe("a journal of folds by another model", () => {
  it.live("has the answers, and the document where it reads the same texts", () =>
    Effect.gen(function* () {
      const journal = { file: newFile() }
      yield* program(questions).pipe(over(joining(), { journal }))
      const second = joining()
      yield* program(questions, { foldModel: "claude-sonnet-5-5" }).pipe(over(second, { journal, reuse: "always" }))
      assert.lengthOf(second.sent, 6)
      assert.isTrue(second.sent.every(({ request }) => request.model === "claude-sonnet-5-5"))
    })
  )
})

describe("a budget that ends between two levels", () => {
  it.live("ends the synthesis, and the next run pays the levels above alone", () =>
    Effect.gen(function* () {
      const journal = { file: newFile() }
      const first = joining()
      // An ask or a fold is 2,000 tokens: fourteen of them, and less than what one more may take.
      const error = yield* program(questions).pipe(over(first, { journal, budget: { tokens: 29_000 } }), Effect.flip)
      assert.strictEqual(error._tag === "AskError" ? error.reason._tag : error._tag, "OverBudget")
      assert.deepStrictEqual(
        sentBy(first).filter((name) => name.startsWith("synthesis")),
        ["synthesis.1.1", "synthesis.1.2", "synthesis.1.3", "synthesis.1.4"]
      )
      const second = joining()
      yield* program(questions).pipe(over(second, { journal, reuse: "always" }))
      assert.deepStrictEqual(sentBy(second), ["synthesis.2.1", "synthesis.2.2", "synthesis"])
    })
  )
})
