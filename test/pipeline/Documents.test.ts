/** Documents in programs: what asks share and what is theirs, read once and before anything is sent. */
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit } from "effect"
import { Ask, Message, Research } from "fanfold"
import { mockClaude } from "fanfold/mocks"
import { run } from "fanfold/promise"
import { folderWith, pdfOf, pngOf } from "../documents/Files.ts"
import * as FakeClaude from "../FakeClaude.ts"

const folder = folderWith({
  "contract.pdf": pdfOf(["Fees are due in May.", "The law of Ireland governs it."]),
  "logo.png": pngOf(30, 20),
  "locked.pdf": pdfOf(["One."], "unknown")
})
const [pdf, logo, locked] = ["contract.pdf", "logo.png", "locked.pdf"].map((name) => join(folder, name)) as [
  string,
  string,
  string
]

const titlesOf = ({ context, files = [] }: Message.Request) => [
  typeof context === "object" ? context.map(({ title }) => title) : context,
  files.map(({ title }) => title)
]

describe("Research with documents", () => {
  it.effect("sends each ask what all share, the same bytes, and its own files", () =>
    Effect.gen(function* () {
      const claude = FakeClaude.make(() => Effect.succeed(FakeClaude.reply("yes")))
      const asks = { a: Ask.text("a?"), b: Ask.text("b?", { files: [logo, { file: pdf, title: "Copy" }] }) }
      yield* Research.run(asks, { context: { file: pdf } }).pipe(Effect.provide(claude.layer))
      const [a, b] = claude.sent.map(({ request }) => request)
      assert.deepStrictEqual(titlesOf(a!), [["contract.pdf"], []])
      assert.deepStrictEqual(titlesOf(b!), [["contract.pdf"], ["logo.png", "Copy"]])
      assert.strictEqual(a!.context, b!.context)
      assert.deepStrictEqual(a!.messages, [{ role: "user", content: "a?" }])
    })
  )

  it.effect("reads the files of an ask that runs alone", () =>
    Effect.gen(function* () {
      const claude = FakeClaude.make(() => Effect.succeed(FakeClaude.reply("yes")))
      yield* Effect.provide(Ask.text("a?", { files: logo }).asEffect(), claude.layer)
      assert.deepStrictEqual(titlesOf(claude.sent[0]!.request), [undefined, ["logo.png"]])
    })
  )

  it.effect("sends nothing where a file cannot be read, and names each", () =>
    Effect.gen(function* () {
      const claude = FakeClaude.make(() => Effect.succeed(FakeClaude.reply("yes")))
      const asks = { a: Ask.text("a?"), b: Ask.text("b?", { files: [locked, "none.pdf"] }) }
      const exit = yield* Effect.exit(Effect.provide(Research.run(asks), claude.layer))
      assert(Exit.isFailure(exit))
      const error = Cause.squash(exit.cause) as Error
      assert.instanceOf(error, RangeError)
      assert.strictEqual(
        error.message,
        `asks.b.files.0.file: ${locked}: is a PDF with a password or encryption, which the API rejects: save it without\n` +
          "asks.b.files.1.file: none.pdf: no such file"
      )
      assert.lengthOf(claude.sent, 0)
    })
  )
})

describe("fanfold/promise with documents", () => {
  it("keeps the pages that answers rest on as sources of their replies", async () => {
    const claude = mockClaude()
    claude.when({ user: "law" }).reply("The law of Ireland governs it.")
    claude.when({ user: "fees" }).reply("Fees are due in May.")
    const { findings } = await run({
      apiKey: "offline",
      fetch: claude.fetch,
      context: { file: pdf, title: "Agreement", citations: true },
      asks: { law: "Which law?", fees: "When are fees due?" }
    })
    const sources = findings.findings.map(({ outcome }) =>
      outcome._tag === "Answered" ? Message.sourcesOf(outcome.reply) : []
    )
    assert.deepStrictEqual(sources, [
      [{ title: "Agreement", location: "page 2" }],
      [{ title: "Agreement", location: "page 1" }]
    ])
    assert.deepStrictEqual(claude.journal.verdict().problems, [])
  })

  it("rejects what the API would, with the name of the file", async () => {
    const claude = mockClaude()
    const error = await run({
      apiKey: "offline",
      fetch: claude.fetch,
      context: { file: pdf, citations: true },
      asks: { a: Ask.object("a?", { type: "object", properties: {}, additionalProperties: false }) }
    }).catch((error: unknown) => error)
    assert.instanceOf(error, RangeError)
    assert.include((error as Error).message, "context: contract.pdf: citations and an answer schema exclude each other")
    assert.strictEqual(claude.journal.attempts, 0)
  })
})
