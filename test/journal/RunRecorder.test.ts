/** What is asked again after a run was edited, and what is not: the unit is the ask, its key what it asks. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Ask, Call, Message, Price, Research, Stack, Synthesis } from "fanfold"
import { make, reply } from "../FakeClaude.ts"
import { journalFiles, pass, run } from "./Journaled.ts"

const newFile = journalFiles()

type Asks = Readonly<Record<string, Ask.Ask<string>>>

const names = Array.from({ length: 20 }, (_, i) => `n${i}`)
const asks: Asks = Object.fromEntries(names.map((name, i) => [name, Ask.text(`question ${i}`)]))
const entries = Object.entries(asks)

/** Runs `before` and then `after`, with all that has an answer reused: the names that were asked again. */
const askedAgain = (before: Asks, after: Asks, options: Stack.Options = {}) =>
  Effect.gen(function* () {
    const file = newFile()
    yield* pass(run(file, make(), before))
    const second = make()
    yield* pass(run(file, second, after, { reuse: "always", ...options }))
    return second.sent.map(({ call }) => call.ask)
  })

const edits: Readonly<Record<string, readonly [after: Asks, asked: ReadonlyArray<string>]>> = {
  nothing: [asks, []],
  "one question": [{ ...asks, n7: Ask.text("another question") }, ["n7", "synthesis"]],
  "one less": [Object.fromEntries(entries.filter(([name]) => name !== "n7")), ["synthesis"]],
  "one in front": [{ new: Ask.text("new"), ...asks }, ["new", "synthesis"]],
  "two that are swapped": [
    Object.fromEntries([entries[0]!, entries[5]!, ...entries.slice(2, 5), entries[1]!, ...entries.slice(6)]),
    ["synthesis"]
  ],
  "ten names": [
    Object.fromEntries(entries.map(([name, ask], i) => [i < 10 ? `renamed_${name}` : name, ask])),
    ["synthesis"]
  ],
  // The new answer is the old one, so that the synthesis is, too.
  "the model of one": [{ ...asks, n7: Ask.text("question 7", { model: "claude-opus-5-5" }) }, ["n7"]]
}

/** Every option of a stack, each with another value than its default. */
const options: { readonly [Name in Exclude<keyof Stack.Options, "journal" | "reuse">]-?: Stack.Options[Name] } = {
  refusals: "gap",
  continue: { turns: 3 },
  queue: { places: 0 },
  retry: { attempts: 2 },
  hedge: {},
  budget: { usd: 1000 },
  batch: undefined,
  warm: { maxWait: "1 second" },
  pacing: { inFlight: 2 },
  timeout: { attempt: "7 minutes" },
  transport: "http1",
  auth: "x-api-key",
  provider: "bedrock",
  prices: { "claude-haiku-5-5": { inputUsd: 1, outputUsd: 2, cacheReadUsd: 1 } }
}

describe("an edited run", () => {
  for (const [what, [after, asked]] of Object.entries(edits)) {
    it.effect(`asks what its edit has changed: ${what}`, () =>
      Effect.map(askedAgain(asks, after), (again) => assert.deepStrictEqual(again, asked))
    )
  }

  it("has each option of a stack here", () => {
    assert.sameMembers([...Object.keys(options), "journal", "reuse"], Object.keys(Stack.Options.fields))
  })

  for (const [name, value] of Object.entries(options)) {
    it.effect(`asks nothing again with another ${name}`, () =>
      Effect.map(askedAgain(asks, asks, { [name]: value }), (again) => assert.deepStrictEqual(again, []))
    )
  }

  it.effect("asks nothing again with another concurrency", () =>
    Effect.gen(function* () {
      const file = newFile()
      yield* pass(run(file, make(), asks))
      const second = make()
      yield* Research.run(asks, { concurrency: 3 }).pipe(
        Effect.flatMap(Synthesis.text("Weigh.")),
        Effect.provide(Stack.layerOver({ journal: { file }, reuse: "always" }).pipe(Layer.provide(second.layer))),
        pass
      )
      assert.lengthOf(second.sent, 0)
    })
  )
})

const dice = () => make((_, nth) => Effect.succeed(reply(`a ${nth}`)))

describe("equal asks", () => {
  const five = Object.fromEntries(["a", "b", "c", "d", "e"].map((name) => [name, Ask.text("Throw a dice")]))
  const thrown = (file: string, claude: ReturnType<typeof make>, asks = five) =>
    Research.run(asks).pipe(
      Effect.map(({ answers }) => Object.values(answers)),
      Effect.provide(Stack.layerOver({ journal: { file }, reuse: "always" }).pipe(Layer.provide(claude.layer))),
      pass
    )

  it.effect("have each their own answer, and have it again", () =>
    Effect.gen(function* () {
      const file = newFile()
      const first = yield* thrown(file, dice())
      assert.deepStrictEqual(first, ["a 1", "a 2", "a 3", "a 4", "a 5"])
      const second = dice()
      assert.deepStrictEqual(yield* thrown(file, second), first)
      assert.lengthOf(second.sent, 0)
      const third = dice()
      const six = { ...five, f: Ask.text("Throw a dice") }
      assert.deepStrictEqual(yield* thrown(file, third, six), [...first, "a 1"])
      assert.lengthOf(third.sent, 1)
    })
  )
})

describe("a run after the clock was set back", () => {
  it.effect("has all answers, and none twice", () =>
    Effect.gen(function* () {
      const file = newFile()
      yield* TestClock.setTime(Date.UTC(2030, 0))
      yield* pass(run(file, make(), asks))
      yield* TestClock.setTime(Date.UTC(2020, 0))
      for (const reuse of ["always", "7 days"] as const) {
        const again = make()
        yield* pass(run(file, again, asks, { reuse }))
        assert.lengthOf(again.sent, 0, reuse)
      }
    })
  )
})

const reusedOf = (claude: ReturnType<typeof make>) => claude.sent.map(({ call }) => [call.ask, call.reused?.bytes])
const over = (claude: ReturnType<typeof make>, file: string) =>
  Stack.layerOver({ journal: { file }, reuse: "always" }).pipe(Layer.provide(claude.layer))

describe("the budget of a run with answers of the journal", () => {
  const text = "word ".repeat(4000)
  const written = { ...Message.noUsage, inputTokens: 20, outputTokens: 5000 }
  const many: Asks = Object.fromEntries(names.map((name) => [name, Ask.text(name, { maxTokens: 6000 })]))
  const fold = Synthesis.text("Fold.", { maxTokens: 1000, contradictions: "off" })

  const writing = make(({ request }) => Effect.succeed(reply(text, { usage: written, model: request.model })))

  /** Runs many asks and one that is new, within a budget: what was paid, and the document if there is one. */
  const within = (usd: number) =>
    Effect.gen(function* () {
      const file = newFile()
      yield* Research.run(many).pipe(
        Effect.provide(Stack.layerOver({ journal: { file } }).pipe(Layer.provide(writing.layer))),
        pass
      )
      const bill = { usd: 0 }
      const claude = make(({ request }) => {
        const inputTokens = Math.ceil(JSON.stringify(request.messages).length / 4)
        const usage = { ...Message.noUsage, inputTokens, outputTokens: request.maxTokens }
        bill.usd += Price.usdOf(request.model, usage)!
        return Effect.succeed(reply(text, { usage, model: request.model }))
      })
      const asked = { ...many, new: Ask.text("new", { maxTokens: 1000 }) }
      const exit = yield* Research.run(asked, { policy: "best-effort" }).pipe(
        Effect.updateService(Call.Current, (call) => ({ ...call, synthesis: Synthesis.planned(fold, asked) })),
        Effect.flatMap(fold),
        Effect.provide(
          Stack.layerOver({ journal: { file }, reuse: "always", budget: usd }).pipe(Layer.provide(claude.layer))
        ),
        Effect.exit,
        pass
      )
      return { usd: bill.usd, sent: claude.sent.map(({ call }) => call.ask), exit }
    })

  it.effect("is never exceeded, and no ask takes what the fold of the reused answers needs", () =>
    Effect.gen(function* () {
      const free = yield* within(1000)
      assert.deepStrictEqual(free.sent, ["new", "synthesis"])
      const kinds = new Set<string>()
      for (const part of [0.2, 0.5, 0.9, 0.99, 1.01, 1.1, 1.3, 1.6, 2]) {
        const { sent, usd } = yield* within(free.usd * part)
        assert.isAtMost(usd, free.usd * part)
        // What is paid brings a document: the ask is not sent where the fold would be refused.
        assert.include(["", "synthesis", "new,synthesis"], sent.join(), `${part}`)
        kinds.add(sent.join())
      }
      assert.includeMembers([...kinds], ["", "new,synthesis"])
    })
  )

  it.effect("counts the answer that an ask has, and none that did not fit", () =>
    Effect.gen(function* () {
      const file = newFile()
      const rating = Ask.object("Rate it", Schema.Struct({ stars: Schema.Int }))
      const misfit = `{"stars":"${"*".repeat(1000)}"}`
      const first = make((_, nth) => Effect.succeed(reply(nth === 1 ? misfit : `{"stars":4}`)))
      yield* Research.run({ rating }).pipe(Effect.provide(over(first, file)), pass)
      assert.lengthOf(first.sent, 2)
      const second = make()
      yield* Research.run({ rating, new: Ask.text("new") }, { concurrency: 1 }).pipe(
        Effect.provide(over(second, file)),
        pass
      )
      assert.deepStrictEqual(reusedOf(second), [["new", `{"stars":4}`.length]])
    })
  )

  it.effect("counts nothing of another research of the program", () =>
    Effect.gen(function* () {
      const file = newFile()
      const old = { old: Ask.text("old") }
      yield* Research.run(old).pipe(Effect.provide(over(make(), file)), pass)
      const claude = make()
      yield* Effect.andThen(Research.run(old), Research.run({ new: Ask.text("new") })).pipe(
        Effect.provide(over(claude, file)),
        pass
      )
      assert.deepStrictEqual(reusedOf(claude), [["new", undefined]])
    })
  )
})
