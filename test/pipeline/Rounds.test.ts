/** Rounds: what the findings leave open is asked, and joins them; a round that fails leaves the document of those before. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Ask, AskError, Budget, Message, Synthesis } from "fanfold"
import * as Pipeline from "../../src/pipeline/Pipeline.ts"
import * as Forecast from "../../src/plan/Forecast.ts"
import * as RunState from "../../src/report/RunState.ts"
import { failure, invalid, make, questionOf, recorder, reply, type Sent } from "../FakeClaude.ts"

interface Said {
  readonly open?: (
    round: number
  ) => ReadonlyArray<{ readonly name: string; readonly question: string }> | AskError.AskError
  readonly answer?: (name: string) => Effect.Effect<Message.Reply, AskError.AskError>
}

const question = (name: string) => ({ name, question: `What is ${name}?` })

const saying = ({ answer = () => Effect.succeed(reply("fine")), open = () => [question("new")] }: Said) =>
  make(({ call }: Sent) => {
    if (call.round === undefined) return answer(call.ask)
    const said = open(call.round)
    return said instanceof AskError.AskError
      ? Effect.fail(said)
      : Effect.succeed(reply(JSON.stringify({ questions: said })))
  })

const pipelineOf = (
  options: Synthesis.Options = { rounds: 2 },
  more: Partial<Pipeline.Pipeline> = {}
): Pipeline.Pipeline => ({
  asks: {
    size: Ask.text("size?", { model: "claude-opus-5-5", votes: 2 }),
    rules: Ask.text("rules?", { model: "claude-opus-5-5" })
  },
  synthesis: Synthesis.text("Write.", { contradictions: "off", ...options }),
  policy: "best-effort",
  concurrency: "unbounded",
  context: undefined,
  deadline: undefined,
  ...more
})

const running = (claude: ReturnType<typeof make>, pipeline = pipelineOf(), layer = claude.layer) =>
  Effect.gen(function* () {
    const book = recorder()
    const state = RunState.make()
    const outcome = yield* book.listen(Pipeline.run(pipeline)).pipe(Effect.provide(layer), Effect.scoped)
    for (const event of book.events) state.add(event)
    return { outcome, state, ...book }
  })

/** Names two open questions, and fails the asks of these names. */
const answering = (failing: ReadonlyArray<string>) =>
  saying({
    open: () => [question("a"), question("b")],
    answer: (name) => (failing.includes(name) ? Effect.fail(invalid()) : Effect.succeed(reply("fine")))
  })

const namesOf = ({ findings }: Pipeline.Outcome) => findings.findings.map(({ index, name }) => `${index} ${name}`)

describe("a second round", () => {
  it.effect("asks what is open together, with the settings of the asks, and folds all", () =>
    Effect.gen(function* () {
      const claude = saying({
        open: () => [
          question("A b"),
          question("a_b"),
          { name: "again", question: "SIZE?" },
          question("c"),
          question("d")
        ]
      })
      const { outcome, state, tagsOf } = yield* running(claude)
      const names = ["0 size", "1 rules", "2 round2-a_b", "3 round2-a_b_2", "4 round2-c"]
      assert.deepStrictEqual(namesOf(outcome), names)
      assert.deepStrictEqual(state.rounds, [
        { round: 2, asks: ["round2-a_b", "round2-a_b_2", "round2-c"], message: null }
      ])
      const sent = claude.sent.find(({ call }) => call.ask === "round2-c")
      assert.strictEqual(sent?.request.model, "claude-opus-5-5")
      assert.strictEqual(state.total, 5)
      assert.strictEqual(state.answered, 5)
      assert.deepStrictEqual(tagsOf("round2.open"), ["Started", "Answered"])
      const document = claude.sent.find(({ call }) => call.ask === "synthesis")
      assert.include(questionOf(document!.request), '<finding name="round2-c">')
      assert.strictEqual(new Set(claude.sent.map(({ call }) => call.run)).size, 1)
    })
  )

  it.effect("takes the time of its slowest ask", () =>
    Effect.gen(function* () {
      const claude = saying({
        open: () => [question("a"), question("b"), question("c")],
        answer: (name) => Effect.delay(Effect.succeed(reply("fine")), name.startsWith("round2") ? "10 seconds" : 0)
      })
      const fiber = yield* Effect.forkChild(running(claude))
      yield* TestClock.adjust("10 seconds")
      const { state } = yield* Fiber.join(fiber)
      assert.strictEqual(state.researchMillis, 10_000)
    })
  )

  it.effect("is left out where nothing is open, and none follows it", () =>
    Effect.gen(function* () {
      const claude = saying({ open: () => [] })
      const { outcome, state } = yield* running(claude, pipelineOf({ rounds: 4 }))
      assert.deepStrictEqual(namesOf(outcome), ["0 size", "1 rules"])
      assert.deepStrictEqual(state.rounds, [{ round: 2, asks: [], message: null }])
      assert.isDefined(outcome.document)
    })
  )

  it.effect("is followed by a third, which reads its answers", () =>
    Effect.gen(function* () {
      const claude = saying({ open: (round) => [question(`n${round}`)] })
      const { outcome } = yield* running(claude, pipelineOf({ rounds: 3, maxNewAsks: 1 }))
      assert.deepStrictEqual(namesOf(outcome).slice(2), ["2 round2-n2", "3 round3-n3"])
      const looking = claude.sent.find(({ call }) => call.round === 3)
      assert.include(questionOf(looking!.request), '<finding name="round2-n2">')
    })
  )
})

describe("a round that fails", () => {
  it.effect("leaves the document of the findings before it, and says why", () =>
    Effect.gen(function* () {
      const claude = saying({ open: () => invalid() })
      const { outcome, state } = yield* running(claude)
      assert.deepStrictEqual(namesOf(outcome), ["0 size", "1 rules"])
      assert.isDefined(outcome.document)
      assert.deepStrictEqual(outcome.findings.gaps, [])
      assert.include(state.rounds[0]?.message ?? "", "wrong")
    })
  )

  it.effect("as none of its asks is answered, adds no gaps; one of several that is answered does", () =>
    Effect.gen(function* () {
      const none = yield* running(answering(["round2-a", "round2-b"]))
      assert.deepStrictEqual(namesOf(none.outcome), ["0 size", "1 rules"])
      assert.isNotNull(none.state.rounds[0]?.message)
      const one = yield* running(answering(["round2-a"]))
      assert.deepStrictEqual(
        one.outcome.findings.gaps.map(({ name }) => name),
        ["round2-a"]
      )
      assert.isNull(one.state.rounds[0]?.message)
    })
  )

  it.effect("is not begun after a deadline or a budget has ended asking", () =>
    Effect.gen(function* () {
      const over = failure(new AskError.OverBudget({ unit: "usd", limit: 1, needed: 2, left: 0 }))
      const claude = saying({
        answer: (name) => (name === "rules" ? Effect.fail(over) : Effect.succeed(reply("fine")))
      })
      const { outcome, state } = yield* running(claude)
      assert.isUndefined(claude.sent.find(({ call }) => call.round !== undefined))
      assert.strictEqual(state.rounds[0]?.message, "the budget has ended asking")
      assert.isDefined(outcome.document)
    })
  )

  it.effect("as it is interrupted, hands on the findings of all rounds until then", () =>
    Effect.gen(function* () {
      const claude = saying({
        open: () => [question("a"), question("b")],
        answer: (name) => (name === "round2-b" ? Effect.never : Effect.succeed(reply("fine")))
      })
      let left: ReadonlyArray<string> = []
      const run = Pipeline.run(pipelineOf(), (outcome) => Effect.sync(() => void (left = namesOf(outcome))))
      const fiber = yield* Effect.forkChild(Effect.scoped(Effect.provide(run, claude.layer)))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
      assert.deepStrictEqual(left, ["0 size", "1 rules", "2 round2-a", "3 round2-b"])
    })
  )
})

describe("the cost of rounds", () => {
  it.effect("is foreseen: a budget of what the forecast says at most is enough for all, and the synthesis", () =>
    Effect.gen(function* () {
      const pipeline = pipelineOf({ rounds: 3, maxNewAsks: 2 })
      const { atMostUsd, calls } = Forecast.make(pipeline, { refusals: "gap" })
      assert.deepStrictEqual(
        calls.map(({ name }) => name),
        ["size", "rules", "round2", "round3", "synthesis"]
      )
      const usage = { ...Message.noUsage, inputTokens: 1000, outputTokens: 4000 }
      const claude = saying({
        open: (round) => [question(`a${round}`), question(`b${round}`)],
        answer: () => Effect.succeed(reply("x".repeat(8000), { usage, model: "claude-opus-5-5" }))
      })
      const layer = Layer.provide(Budget.layer(atMostUsd!), claude.layer)
      const { outcome, state } = yield* running(claude, pipeline, layer)
      assert.deepStrictEqual(outcome.findings.gaps, [])
      assert.isDefined(outcome.document)
      assert.isAtMost(state.costUsd!, atMostUsd!)
    })
  )
})
