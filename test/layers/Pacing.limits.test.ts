/** The limits an account has, under virtual time: what leaves never exceeds them, and nobody waits longer than they ask. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { AskError, Call, type Message, Pacing } from "fanfold"
import { failure, make, pass, reply, request, send } from "../FakeClaude.ts"

const sendAll = (requests: ReadonlyArray<Message.Request>) =>
  Effect.forEach(requests, (each) => Effect.result(send(each)), { concurrency: "unbounded" })

const many = (n: number, fields: Partial<Message.Request> = {}) =>
  Array.from({ length: n }, (_, index) => request(`question ${index}`, fields))

type Claude = ReturnType<typeof make>
const paced = (claude: Claude, options: Pacing.Options) => Pacing.layer(options).pipe(Layer.provide(claude.layer))

/** Sends what was sent before. */
const again = (question: string) =>
  Effect.updateService(send(request(question)), Call.Current, (call) => ({ ...call, attempt: 2 }))

const timesOf = (claude: Claude) => claude.sent.map(({ at }) => at)

const usage = (inputTokens: number, outputTokens: number, cacheReadInputTokens = 0) => ({
  ...reply("").usage,
  inputTokens,
  cacheReadInputTokens,
  outputTokens
})

const tellingOf = (family: string, limit: number, remaining: number) => ({
  [`anthropic-ratelimit-${family}-limit`]: String(limit),
  [`anthropic-ratelimit-${family}-remaining`]: String(remaining)
})

describe("limits that are told", () => {
  it.effect("let eight requests leave at once, and the others as the minute's bucket refills", () =>
    Effect.gen(function* () {
      const claude = make()
      yield* pass(sendAll(many(12)).pipe(Effect.provide(paced(claude, { limits: { rpm: 60 } }))))
      assert.deepStrictEqual(timesOf(claude), [0, 0, 0, 0, 0, 0, 0, 0, 1000, 2000, 3000, 4000])
    })
  )

  it.effect("open the gate wide where they are wide", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.delay(Effect.succeed(reply("yes")), 1000))
      yield* pass(sendAll(many(600)).pipe(Effect.provide(paced(claude, { limits: { rpm: 120_000 } }))))
      assert.strictEqual(timesOf(claude).filter((at) => at === 0).length, 500)
      assert.strictEqual(timesOf(claude).at(-1), 50)
    })
  )

  it.effect("hold for each class of models on its own, and for the names of one class together", () =>
    Effect.gen(function* () {
      const claude = make()
      const models = ["claude-sonnet-5", "claude-sonnet-5-5", "claude-haiku-5-5"]
      const requests = models.flatMap((model) => many(8, { model }))
      yield* pass(sendAll(requests).pipe(Effect.provide(paced(claude, { limits: { rpm: 60 } }))))
      const late = claude.sent.filter(({ at }) => at > 0).map(({ request }) => request.model)
      assert.deepStrictEqual(
        late,
        Array.from({ length: 8 }, () => "claude-sonnet-5-5")
      )
    })
  )

  it.effect("count input by its length before, and by its usage after, the cache's share being free", () =>
    Effect.gen(function* () {
      // Each is about 1,000 tokens long; six of them, at most, within a minute's 6,000.
      const long = many(7, { system: "word".repeat(985) })
      const bare = make(() => Effect.succeed(reply("yes", { usage: usage(1000, 1) })))
      yield* pass(sendAll(long).pipe(Effect.provide(paced(bare, { limits: { itpm: 6100 } }))))
      assert.strictEqual(timesOf(bare).filter((at) => at === 0).length, 6)
      assert.approximately(timesOf(bare)[6]!, 8860, 60)

      const cached = make(() => Effect.succeed(reply("yes", { usage: usage(10, 1, 990) })))
      yield* pass(sendAll(long).pipe(Effect.provide(paced(cached, { limits: { itpm: 6000 } }))))
      assert.strictEqual(timesOf(cached)[6], timesOf(cached)[0])

      const uncounted = make(() => Effect.succeed(reply("yes", { usage: { ...usage(0, 0), isIncomplete: true } })))
      yield* pass(sendAll(long).pipe(Effect.provide(paced(uncounted, { limits: { itpm: 6100 } }))))
      assert.isAbove(timesOf(uncounted)[6]! - timesOf(uncounted)[0]!, 8000)
    })
  )

  it.effect("count output by what replies were long so far, and let a bucket in debt recover", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.delay(Effect.succeed(reply("yes", { usage: usage(10, 3000) })), 100))
      const one = request("why?", { maxTokens: 4096 })
      const program = Effect.gen(function* () {
        yield* send(one)
        yield* send(one)
        yield* send(one)
      })
      yield* pass(program.pipe(Effect.provide(paced(claude, { limits: { otpm: 6000 } }))))
      // 3,000 are left, and then none: the third leaves as soon as 6,000 have been spent and 3,000 have flowed in.
      assert.deepStrictEqual(timesOf(claude), [0, 100, 30_000])
    })
  )

  it.effect("reserve no more output than a reply may have", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.delay(Effect.succeed(reply("yes", { usage: usage(10, 50) })), 1000))
      yield* pass(sendAll(many(11, { maxTokens: 50 })).pipe(Effect.provide(paced(claude, { limits: { otpm: 500 } }))))
      assert.strictEqual(timesOf(claude).filter((at) => at === 0).length, 10)
    })
  )

  it.effect("let a request pass a full bucket that is estimated to be a little larger than a minute's worth", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.succeed(reply("yes", { usage: usage(2000, 1) })))
      const large = many(2, { system: "word".repeat(2000) })
      yield* pass(sendAll(large).pipe(Effect.provide(paced(claude, { limits: { itpm: 1700 } }))))
      assert.strictEqual(timesOf(claude)[0], 0)
      assert.approximately(timesOf(claude)[1]!, 70_600, 100)
    })
  )

  it.effect("fail a request at once that can never pass, with both numbers", () =>
    Effect.gen(function* () {
      const claude = make()
      const large = request("why?", { system: "word".repeat(60_000) })
      const failures = yield* pass(
        Effect.all([Effect.flip(send(large)), send()], { concurrency: "unbounded" }).pipe(
          Effect.provide(paced(claude, { limits: { itpm: 15_000 } }))
        )
      )
      const [error] = failures
      assert.strictEqual(error.reason._tag, "TooLarge")
      assert.isFalse(error.isRetryable)
      assert.match(
        error.message,
        /^request too large: about 60,0\d\d input tokens, and the account's limit of 15,000 a minute holds no more/
      )
      assert.strictEqual(claude.sent.length, 1)
    })
  )

  it.effect("do not count a context that the cache may hold", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.succeed(reply("yes", { usage: usage(10, 1, 60_000) })))
      const large = request("why?", { context: "word".repeat(60_000) })
      yield* pass(send(large).pipe(Effect.provide(paced(claude, { limits: { itpm: 15_000 } }))))
      assert.strictEqual(claude.sent.length, 1)
    })
  )

  it.effect("get back what a refused request did not use", () =>
    Effect.gen(function* () {
      const refused = failure(new AskError.RateLimited({ detail: "slow down", retryAfterMillis: 1000 }))
      const claude = make((_sent, nth) => (nth === 1 ? Effect.fail(refused) : Effect.succeed(reply("yes"))))
      const long = request("why?", { system: "word".repeat(5000) })
      const layer = paced(claude, { limits: { itpm: 6000, otpm: 600 } })
      yield* pass(Effect.andThen(Effect.flip(send(long)), send(long)).pipe(Effect.provide(layer)))
      assert.deepStrictEqual(timesOf(claude), [0, 1000])
    })
  )

  it.effect("get back what an interrupted waiter would have taken", () =>
    Effect.gen(function* () {
      const claude = make()
      yield* Effect.gen(function* () {
        yield* sendAll(many(8))
        const waiting = yield* Effect.forkChild(sendAll(many(20)))
        yield* TestClock.adjust(500)
        yield* Fiber.interrupt(waiting)
        const last = yield* Effect.forkChild(send(request("last")))
        yield* TestClock.adjust(500)
        yield* Fiber.join(last)
      }).pipe(Effect.provide(paced(claude, { limits: { rpm: 60 } })))
      assert.deepStrictEqual(timesOf(claude).slice(8), [1000])
    })
  )

  it.effect("get it back too from a waiter that is interrupted in the moment it is let in", () =>
    Effect.gen(function* () {
      const claude = make((_sent, nth) => Effect.delay(Effect.succeed(reply("yes")), nth === 8 ? 1000 : 0))
      yield* Effect.gen(function* () {
        const before = yield* Effect.forkChild(sendAll(many(7)))
        yield* TestClock.adjust(0)
        yield* Fiber.join(before)
        const waiting: { fiber?: Fiber.Fiber<unknown, unknown> } = {}
        // Goes on without a break once its place is free, and the waiter has been let in.
        const first = yield* send().pipe(
          Effect.tap(() => Effect.sync(() => waiting.fiber!.interruptUnsafe())),
          Effect.forkChild
        )
        yield* TestClock.adjust(500)
        waiting.fiber = yield* Effect.forkChild(send(request("waiting")))
        const last = yield* Effect.forkChild(send(request("last")))
        yield* TestClock.adjust("1 minute")
        yield* Effect.all([Fiber.join(first), Fiber.join(last)])
      }).pipe(Effect.provide(paced(claude, { inFlight: 1, limits: { rpm: 60 } })))
      assert.deepStrictEqual(
        claude.sent.slice(8).map(({ at, request }) => [at, request.messages[0]!.content]),
        [[1000, "last"]]
      )
    })
  )

  it.effect("forget what a failed call had reserved of the output, once headers tell what is left", () =>
    Effect.gen(function* () {
      const cut = failure(new AskError.CutOff({ detail: "gone" }))
      const headers = {
        "anthropic-ratelimit-output-tokens-limit": "6000",
        "anthropic-ratelimit-output-tokens-remaining": "5000"
      }
      const claude = make((_sent, nth) => (nth <= 8 ? Effect.fail(cut) : Effect.succeed(reply("yes", { headers }))))
      const one = request("why?", { maxTokens: 4096 })
      const program = Effect.andThen(
        Effect.forEach(Array.from({ length: 9 }), () => Effect.result(send(one))),
        Effect.result(send(one))
      )
      yield* pass(program.pipe(Effect.provide(paced(claude, { inFlight: 8 }))))
      assert.deepStrictEqual(new Set(timesOf(claude)).size, 1)
    })
  )

  it.effect("serve first asked first, and every other turn those that come again", () =>
    Effect.gen(function* () {
      const claude = make()
      yield* Effect.gen(function* () {
        yield* sendAll(many(8))
        const all = ["a", "b", "c", "d"].map((name) => send(request(name)))
        yield* pass(Effect.all([...all, again("x"), again("y")], { concurrency: "unbounded" }))
      }).pipe(Effect.provide(paced(claude, { limits: { rpm: 60 } })))
      const order = claude.sent.slice(8).map(({ request }) => request.messages[0]!.content)
      assert.deepStrictEqual(order, ["x", "a", "y", "b", "c", "d"])
    })
  )
})

describe("limits that headers tell", () => {
  it.effect("let nobody leave where nothing remains, though little was taken", () =>
    Effect.gen(function* () {
      const claude = make((_sent, nth) =>
        Effect.succeed(reply("yes", { headers: tellingOf("requests", 600, nth === 1 ? 500 : 0) }))
      )
      yield* pass(Effect.andThen(send(), Effect.andThen(send(), send())).pipe(Effect.provide(paced(claude, {}))))
      assert.deepStrictEqual(timesOf(claude), [0, 0, 100])
    })
  )

  it.effect("of few tokens are held for no less by what is rounded", () =>
    Effect.gen(function* () {
      const headers = tellingOf("output-tokens", 100, 100)
      const claude = make(() => Effect.succeed(reply("yes", { headers, usage: usage(10, 5) })))
      const three = Effect.forEach([1, 2, 3], () => send(request("why?", { maxTokens: 10 })))
      yield* pass(three.pipe(Effect.provide(paced(claude, {}))))
      assert.deepStrictEqual(timesOf(claude), [0, 0, 0])
    })
  )

  it.effect("give back what a call that was lost had taken, where it remains after all", () =>
    Effect.gen(function* () {
      const cut = failure(new AskError.CutOff({ detail: "gone" }))
      const headers = tellingOf("input-tokens", 6000, 6000)
      const claude = make((_sent, nth) =>
        nth === 2 ? Effect.fail(cut) : Effect.succeed(reply("yes", { headers, usage: usage(10, 1) }))
      )
      const large = request("why?", { system: "word".repeat(4000) })
      const all = Effect.forEach([request(), large, request(), large], (one) => Effect.result(send(one)))
      yield* pass(all.pipe(Effect.provide(paced(claude, {}))))
      assert.deepStrictEqual(timesOf(claude), [0, 0, 0, 0])
    })
  )

  it.effect("fail requests that can never pass, also those that were waiting, and let others leave", () =>
    Effect.gen(function* () {
      const headers = tellingOf("input-tokens", 15_000, 14_000)
      const claude = make(() => Effect.delay(Effect.succeed(reply("yes", { headers })), 100))
      const large = request("large", { system: "word".repeat(60_000) })
      const all = [...many(8), large, large, request("small")]
      const results = yield* pass(sendAll(all).pipe(Effect.provide(paced(claude, {}))))
      const tags = results.map((result) => (result._tag === "Failure" ? result.failure.reason._tag : result._tag))
      assert.deepStrictEqual(tags, [...many(8).map(() => "Success"), "TooLarge", "TooLarge", "Success"])
    })
  )

  it.effect("fail a request that is rejected although its bucket is full, and hold back no other", () =>
    Effect.gen(function* () {
      const headers = { ...tellingOf("input-tokens", 15_000, 15_000), ...tellingOf("requests", 50, 49) }
      const limited = failure(new AskError.RateLimited({ detail: "too many", retryAfterMillis: 30_000 }), { headers })
      const claude = make(({ request }) =>
        request.system === undefined ? Effect.succeed(reply("yes", { headers })) : Effect.fail(limited)
      )
      // By length less than the limit: the tokens of its script are shorter.
      const large = request("large", { system: "word".repeat(13_000) })
      const program = Effect.gen(function* () {
        const error = yield* Effect.flip(send(large))
        assert.strictEqual(error.reason._tag, "TooLarge")
        yield* send()
      })
      yield* pass(program.pipe(Effect.provide(paced(claude, {}))))
      assert.deepStrictEqual(timesOf(claude), [0, 0])
    })
  )
})
