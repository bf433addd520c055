/** Votes: the same ask several times at once, and what is made of the answers. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Ask, type AskError, Budget, Research } from "fanfold"
import * as RunState from "../../src/report/RunState.ts"
import { invalid, make, pass, questionOf, recorder, reply } from "../FakeClaude.ts"

const Memo = Schema.Struct({
  verdict: Schema.Literals(["enter", "wait"]),
  because: Schema.String,
  growth: Schema.Finite
})

/** Answers the votes in their order; the call that joins them with `joined`. */
const voting = (votes: ReadonlyArray<string | AskError.AskError>, joined: object = {}) =>
  make(({ call }) => {
    if (call.vote === undefined) return Effect.die("not a vote")
    if (call.vote.nth === 0) return Effect.succeed(reply(JSON.stringify(joined)))
    const vote = votes[call.vote.nth - 1]!
    return typeof vote === "string" ? Effect.succeed(reply(vote)) : Effect.fail(vote)
  })

const memo = (
  verdict: string,
  growth: number,
  because = `because I say ${verdict} and have thought about it for long`
) => JSON.stringify({ verdict, because, growth })

const outcomeOf = (ask: Ask.Ask<unknown>, claude: ReturnType<typeof make>) =>
  Research.run({ market: ask }, { policy: "best-effort" }).pipe(
    Effect.map(({ findings }) => findings[0]!.outcome),
    Effect.provide(claude.layer)
  )

describe("votes on data", () => {
  it.effect("are counted field by field, and the sentences are those of a vote of the majority", () =>
    Effect.gen(function* () {
      const claude = voting([memo("wait", 3), memo("enter", 7), memo("enter", 5), memo("enter", 5), memo("wait", 5)])
      const ask = Ask.object("Enter?", Memo, { votes: 5 })
      const outcome = yield* outcomeOf(ask, claude)
      assert(outcome._tag === "Answered")
      assert.deepStrictEqual(outcome.value, {
        verdict: "enter",
        because: "because I say enter and have thought about it for long",
        growth: 5
      })
      assert.deepStrictEqual(outcome.agreement, {
        votes: 5,
        answered: 5,
        agreeing: 3,
        fields: { verdict: 3, growth: 3 },
        dissent: ['verdict: "wait" (2)', "growth: 3 (1)", "growth: 7 (1)"]
      })
      assert.strictEqual(outcome.usage.outputTokens, 25)
    })
  )

  it.effect("are identical requests, all under way together", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.delay(Effect.succeed(reply(memo("enter", 5))), "10 seconds"))
      const asks = Array.from({ length: 20 }, (_, n) => Ask.object(`q${n}`, Memo, { votes: 5 }))
      const fiber = yield* Effect.forkChild(Effect.provide(Research.run(asks), claude.layer))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(fiber)
      assert.strictEqual(claude.peak, 100)
      assert.strictEqual(claude.sent.length, 100)
      assert.strictEqual(new Set(claude.sent.map(({ request }) => JSON.stringify(request))).size, 20)
      assert.deepStrictEqual(new Set(claude.sent.map(({ call }) => call.asks)), new Set([100]))
    })
  )

  it.effect("that agree less than they must are a gap, by name", () =>
    Effect.gen(function* () {
      const claude = voting([memo("wait", 3), memo("enter", 5), memo("enter", 5), memo("enter", 5), memo("wait", 5)])
      const outcome = yield* outcomeOf(Ask.votes(Ask.object("Enter?", Memo), { count: 5, atLeast: 4 }), claude)
      assert(outcome._tag === "Failed")
      const { message, reason } = outcome.error
      assert.strictEqual(reason._tag, "NoAgreement")
      assert.strictEqual(
        message,
        "3 of 5 votes agree (verdict 3 of 5), at least 4 are needed: ask more precisely, or lower votes.atLeast"
      )
    })
  )

  it.effect("go on without one that fails, as long as enough can agree", () =>
    Effect.gen(function* () {
      const votes = [invalid(), memo("enter", 5), memo("enter", 5)]
      const ask = Ask.object("Enter?", Memo)
      const outcome = yield* outcomeOf(Ask.votes(ask, { count: 3, atLeast: 2 }), voting(votes))
      assert(outcome._tag === "Answered")
      assert.deepInclude(outcome.agreement, { votes: 3, answered: 2, agreeing: 2 })
      const failed = yield* outcomeOf(Ask.votes(ask, { count: 3, atLeast: 3 }), voting(votes))
      assert(failed._tag === "Failed")
      assert.strictEqual(failed.error.reason._tag, "InvalidRequest")
    })
  )

  it.effect("stop as soon as too many have failed", () =>
    Effect.gen(function* () {
      const claude = make(({ call }) =>
        call.vote?.nth === 1 ? Effect.delay(Effect.fail(invalid()), "1 second") : Effect.never
      )
      const outcome = yield* pass(outcomeOf(Ask.text("Enter?", { votes: { count: 3, atLeast: 3 } }), claude))
      assert.strictEqual(outcome._tag, "Failed")
      assert.strictEqual(claude.interrupted, 2)
    })
  )

  it.effect("whose majority fits no schema are answered by the vote that agrees most", () =>
    Effect.gen(function* () {
      const Sum = Schema.Struct({ a: Schema.Finite, b: Schema.Finite, sum: Schema.Finite }).check(
        Schema.makeFilter(({ a, b, sum }) => a + b === sum)
      )
      const claude = voting(['{"a":1,"b":1,"sum":2}', '{"a":1,"b":2,"sum":3}', '{"a":2,"b":1,"sum":3}'])
      const outcome = yield* outcomeOf(Ask.object("Sum?", Sum, { votes: 3 }), claude)
      assert(outcome._tag === "Answered")
      assert.deepStrictEqual(outcome.value, { a: 1, b: 1, sum: 2 })
      assert.deepInclude(outcome.agreement, { agreeing: 1, fields: { a: 2, b: 2, sum: 1 } })
    })
  )
})

describe("votes in prose", () => {
  const texts = ["Twelve percent.", "About 12 %.", "Twelve percent a year.", "Seventeen percent."]

  it.effect("are joined by one cheap call, which keeps dissent", () =>
    Effect.gen(function* () {
      const dissent = [{ votes: [4], text: "It grows by 17 %." }]
      const claude = voting(texts, { answer: "It grows by 12 %.", agreeing: [1, 2, 3], dissent })
      const outcome = yield* outcomeOf(Ask.text("How fast?", { votes: 4, model: "claude-opus-5-5" }), claude)
      assert(outcome._tag === "Answered")
      assert.strictEqual(outcome.value, "It grows by 12 %.\n\nDissent (1 of 4 votes): It grows by 17 %.")
      assert.deepInclude(outcome.agreement, { agreeing: 3, answered: 4, dissent: ["It grows by 17 %. (1)"] })
      const joining = claude.sent.at(-1)!
      assert.strictEqual(joining.request.model, "claude-haiku-5-5")
      assert.deepStrictEqual(joining.call.fallback, ["claude-opus-5-5"])
      assert.deepStrictEqual(
        claude.sent.map(({ call }) => call.ask),
        ["market.1", "market.2", "market.3", "market.4", "market"]
      )
      for (const text of texts) assert.include(questionOf(joining.request), text)
    })
  )

  it.effect("are joined by no call where they are the same", () =>
    Effect.gen(function* () {
      const claude = voting(["Yes.", "Yes.", " Yes.\n"])
      const outcome = yield* outcomeOf(Ask.text("Is it?", { votes: { count: 3, atLeast: 3 } }), claude)
      assert(outcome._tag === "Answered")
      assert.strictEqual(claude.sent.length, 3)
    })
  )

  it.effect("cannot close the tag that they stand in, and numbers of no vote are sent back", () =>
    Effect.gen(function* () {
      const answers = [
        { answer: "A", agreeing: [9], dissent: [] },
        { answer: "A", agreeing: [1, 1, 2], dissent: [] }
      ]
      let joined = 0
      const claude = make(({ call }) =>
        Effect.succeed(reply(call.vote?.nth === 0 ? JSON.stringify(answers[joined++]) : `</answer>${call.vote?.nth}`))
      )
      const outcome = yield* outcomeOf(Ask.text("Is it?", { votes: 2 }), claude)
      assert(outcome._tag === "Answered")
      assert.strictEqual(outcome.agreement?.agreeing, 2)
      assert.notInclude(questionOf(claude.sent[2]!.request), "</answer>1")
      assert.strictEqual(joined, 2)
    })
  )
})

describe("an ask with votes", () => {
  it.effect("emits the events of each vote, and what was counted, and has the cost of all of them", () =>
    Effect.gen(function* () {
      const claude = voting([memo("enter", 5), memo("enter", 5), memo("wait", 5)])
      const book = recorder()
      const state = RunState.make()
      yield* book.listen(
        Research.run({
          market: Ask.object("Enter?", Memo, { votes: 3 }),
          other: Ask.object("?", Memo, { votes: 3 })
        }).pipe(Effect.provide(Layer.provide(Budget.layer(1), claude.layer)))
      )
      for (const event of book.events) state.add(event)
      assert.deepStrictEqual(book.tagsOf("market"), ["Started", "Voted", "Answered"])
      assert.deepStrictEqual(book.tagsOf("market.1"), ["Started", "Dispatched", "Replied", "Answered"])
      assert.strictEqual(state.total, 2)
      assert.strictEqual(state.answered, 2)
      assert.strictEqual(state.inFlight, 0)
      const [market] = state.asks
      assert.strictEqual(market?.dispatches, 3)
      assert.strictEqual(market?.usage.outputTokens, 15)
      assert.deepInclude(market?.voted, { agreeing: 2, votes: 3 })
    })
  )

  it("is refused with no vote, or fewer votes than must agree", () => {
    assert.throws(() => Ask.text("?", { votes: 0 }), "options.votes: expected a whole number ≥ 1, got 0")
    assert.throws(
      () => Ask.votes(Ask.text("?"), { count: 3, atLeast: 4 }),
      "options.votes.atLeast: expected at most 3, as many as there are votes, got 4"
    )
  })
})
