/** Going on to another model, under virtual time: for which reasons, with what, and what is told of it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Ask, AskError, Call, Fallback, Message, Pacing, type Refusals, Retry, Stack } from "fanfold"
import {
  failure,
  invalid,
  isNotOfAttempt,
  make,
  overloaded,
  pass,
  recorder,
  reply,
  request,
  send
} from "../FakeClaude.ts"
import { failureOf } from "./Attempts.ts"

const missing = () => failure(new AskError.NotFound({ detail: "model: a" }))
const server = (status: number) => failure(new AskError.ServerError({ detail: "oops", status }))
const paid = { ...Message.noUsage, inputTokens: 12, outputTokens: 3 }

const refused = (model: string) =>
  reply("I can", { model, stopReason: "refusal", refusal: { category: "bio", explanation: null }, usage: paid })

type Answers = Readonly<Record<string, Message.Reply | AskError.AskError>>

/** Sends once with these models, each of which has its answer, through the layer alone. */
const sentWith = Effect.fnUntraced(function* (answers: Answers, refusals?: Refusals.Options) {
  const [model = "", ...fallback] = Object.keys(answers)
  const claude = make(({ request }) => {
    const answer = answers[request.model]!
    return answer instanceof AskError.AskError ? Effect.fail(answer) : Effect.succeed(answer)
  })
  const { events, listen } = recorder()
  const result = yield* send(request("why?", { model, system: "Be brief." })).pipe(
    Effect.provide(Fallback.layer(refusals).pipe(Layer.provide(claude.layer))),
    Effect.updateService(Call.Current, (call) => ({ ...call, fallback })),
    listen,
    Effect.result
  )
  return {
    events: events.filter(isNotOfAttempt),
    models: claude.sent.map(({ request }) => request.model),
    result,
    sent: claude.sent
  }
})

describe("Fallback", () => {
  it.effect("sends the same request with the next model, and tells which one is given up and why", () =>
    Effect.gen(function* () {
      const yes = reply("yes", { model: "b" })
      const { events, result, sent } = yield* sentWith({ a: overloaded(), b: yes })
      assert(result._tag === "Success")
      assert.strictEqual(result.success, yes)
      assert.deepStrictEqual(
        sent.map(({ request }) => request),
        ["a", "b"].map((model) => request("why?", { model, system: "Be brief." }))
      )
      assert.deepStrictEqual(
        sent.map(({ call }) => call.fallback),
        [["b"], []]
      )
      assert.lengthOf(events, 1)
      assert.deepInclude(events[0], { _tag: "FellBack", from: "a", to: "b", reason: "Overloaded", ask: "ask" })
      assert.deepInclude(events[0], { message: "overloaded: busy" })
    })
  )

  it.effect("does so for an overload and a missing model, and for nothing else", () =>
    Effect.gen(function* () {
      for (const error of [overloaded(), missing(), server(503)]) {
        const { models } = yield* sentWith({ a: error, b: reply("yes") })
        assert.deepStrictEqual(models, ["a", "b"], error.message)
      }
      const others = [
        invalid(),
        server(500),
        failure(new AskError.RateLimited({ detail: "slow down", retryAfterMillis: 90_000 })),
        failure(new AskError.SpendLimitReached({ detail: "spent" })),
        failure(new AskError.Unreachable({ detail: "refused", isPassing: true })),
        failure(new AskError.TimedOut({ limitMillis: 5, scope: "ask" }))
      ]
      for (const error of others) {
        const { events, models, result } = yield* sentWith({ a: error, b: reply("yes") })
        assert.strictEqual(failureOf({ result }), error)
        assert.deepStrictEqual([models, events], [["a"], []])
      }
    })
  )

  it.effect("goes through the list once, and fails as the last one does, with what all have paid", () =>
    Effect.gen(function* () {
      const { events, models, result } = yield* sentWith({
        a: failure(new AskError.Overloaded({ detail: "busy" }), { usage: paid, model: "a" }),
        b: missing(),
        c: failure(new AskError.Overloaded({ detail: "busy too" }), { usage: paid })
      })
      assert.deepStrictEqual(models, ["a", "b", "c"])
      assert.deepStrictEqual(
        events.map((event) => (event._tag === "FellBack" ? [event.from, event.to, event.reason] : event._tag)),
        [
          ["a", "b", "Overloaded"],
          ["b", "c", "NotFound"]
        ]
      )
      const error = failureOf({ result })
      assert.include(error.message, "busy too")
      assert.deepStrictEqual(error.usage, { ...Message.noUsage, inputTokens: 24, outputTokens: 6 })
      assert.strictEqual(error.model, "a")
    })
  )

  it.effect("goes on after a refusal, which is paid, and gives what all models used", () =>
    Effect.gen(function* () {
      const yes = reply("yes", { model: "c", usage: paid })
      const { events, models, result } = yield* sentWith({ a: refused("a"), b: refused("b"), c: yes })
      assert.deepStrictEqual(models, ["a", "b", "c"])
      assert.deepStrictEqual(
        events.map((event) => (event._tag === "FellBack" ? [event.from, event.to, event.reason] : event._tag)),
        [
          ["a", "b", "Refused"],
          ["b", "c", "Refused"]
        ]
      )
      assert.deepInclude(events[0], { message: "Claude refused (bio)" })
      assert(result._tag === "Success")
      const { declined, ...own } = result.success
      assert.deepStrictEqual(own, { ...yes, usage: { ...Message.noUsage, inputTokens: 36, outputTokens: 9 } })
      assert.deepStrictEqual(declined, [
        { model: "a", usage: paid },
        { model: "b", usage: paid }
      ])
    })
  )

  it.effect("gives the refusal of the last model, or the error that followed one, with what all have paid", () =>
    Effect.gen(function* () {
      const { result } = yield* sentWith({ a: refused("a"), b: refused("b") })
      assert(result._tag === "Success")
      assert.deepInclude(result.success, { stopReason: "refusal", model: "b" })
      assert.deepInclude(result.success.usage, { inputTokens: 24, outputTokens: 6 })
      const failed = failureOf(yield* sentWith({ a: refused("a"), b: invalid() }))
      assert.deepStrictEqual([failed.reason._tag, failed.usage, failed.model], ["InvalidRequest", paid, "a"])
    })
  )

  it.effect("leaves a refusal alone where it is to be a gap", () =>
    Effect.gen(function* () {
      const { events, models } = yield* sentWith({ a: refused("a"), b: reply("yes") }, "gap")
      assert.deepStrictEqual([models, events], [["a"], []])
    })
  )

  it.effect("leaves a call alone that has no other model", () =>
    Effect.gen(function* () {
      const { events, models, result } = yield* sentWith({ a: overloaded() })
      assert.strictEqual(failureOf({ result }).reason._tag, "Overloaded")
      assert.deepStrictEqual([models, events], [["a"], []])
    })
  )
})

/** Sends an ask through the whole stack while hours go by, to models that are overloaded but for `up`. */
const asked = (options: Ask.Options, up?: string) => {
  const claude = make(({ request: { model } }) =>
    model === up ? Effect.succeed(reply("yes", { model })) : Effect.fail(overloaded())
  )
  const { events, listen } = recorder()
  const stack = Stack.layerOver().pipe(Layer.provide(claude.layer))
  return Effect.map(
    pass(Ask.resolve(Ask.text("why?", options)).pipe(Effect.provide(stack), listen, Effect.result)),
    (result) => ({ events, result, models: claude.sent.map(({ request }) => request.model), sent: claude.sent })
  )
}

describe("an ask with several models", () => {
  it.effect("is answered by the next one after three tries, within seconds", () =>
    Effect.gen(function* () {
      const { events, models, result, sent } = yield* asked({ model: ["a", "b"] }, "b")
      assert(result._tag === "Success")
      assert.strictEqual(result.success.reply.model, "b")
      assert.deepStrictEqual(models, ["a", "a", "a", "b"])
      assert.isAtMost(sent.at(-1)!.at, 5000)
      const answered = events.at(-1)
      assert(answered?._tag === "Answered")
      assert.strictEqual(answered.model, "b")
    })
  )

  it.effect("has one time for all of them", () =>
    Effect.gen(function* () {
      const { models, result, sent } = yield* asked({ model: ["a", "b", "c"], timeout: "2 minutes" })
      assert.strictEqual(failureOf({ result }).reason._tag, "Overloaded")
      assert.deepStrictEqual(models.slice(0, 7), ["a", "a", "a", "b", "b", "b", "c"])
      assert.isAbove(models.filter((model) => model === "c").length, 3)
      assert.isAtMost(sent.at(-1)!.at - sent[0]!.at, 120_000)
    })
  )

  it.effect("begins again with the first one where its answer does not fit", () =>
    Effect.gen(function* () {
      const claude = make(({ request: { model } }, nth) =>
        nth === 1 ? Effect.fail(missing()) : Effect.succeed(reply(nth === 2 ? "no JSON" : "5", { model }))
      )
      const stack = Fallback.layer().pipe(
        Layer.provide(Retry.layer()),
        Layer.provide(Pacing.layer()),
        Layer.provide(claude.layer)
      )
      const answer = yield* Ask.object("How many?", Schema.Int, { model: ["a", "b"] }).pipe(Effect.provide(stack))
      assert.strictEqual(answer, 5)
      assert.deepStrictEqual(
        claude.sent.map(({ request }) => request.model),
        ["a", "b", "a"]
      )
    })
  )
})
