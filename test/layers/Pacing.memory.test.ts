/** What a run does with what an earlier one learned of the account, and what it hands on. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { AskError, type Message, Pacing } from "fanfold"
import type * as Limits from "../../mocks/endpoints/Limits.ts"
import { type Learned, LearnedLimits, type Remembered } from "../../src/layers/pacing/LearnedLimits.ts"
import { failure, make, pass, reply, request, send } from "../FakeClaude.ts"
import * as Simulation from "./Simulation.ts"

/** A memory in memory, and the book of what it was asked. */
const remembering = (learned: Readonly<Record<string, Learned>> = {}) => {
  const kept = new Map<string, Remembered>(
    Object.entries(learned).map(([modelClass, one]) => [modelClass, { version: 1, learnedAt: 0, ...one }])
  )
  const book = { kept, recalled: [] as Array<string>, written: [] as Array<Remembered> }
  const memory: LearnedLimits = {
    recall: (modelClass) => Effect.sync(() => (book.recalled.push(modelClass), kept.get(modelClass))),
    keep: (modelClass, remembered) =>
      Effect.sync(() => {
        book.written.push(remembered)
        kept.set(modelClass, remembered)
      })
  }
  return Object.assign(book, { memory, with: Effect.provideService(LearnedLimits, memory) })
}
type Remembering = ReturnType<typeof remembering>

const allowing = (limit: number, remaining: number) => ({
  "anthropic-ratelimit-requests-limit": String(limit),
  "anthropic-ratelimit-requests-remaining": String(remaining)
})

const answering = (headers: Record<string, string> = {}) =>
  make(() => Effect.delay(Effect.succeed(reply("yes", { headers })), 500))

const many = (n: number, model = "claude-haiku-5-5") =>
  Array.from({ length: n }, (_, index) => request(`question ${index}`, { model }))

/** Sends all at once, and gives when they left, from then on. */
const times = Effect.fnUntraced(function* (
  claude: ReturnType<typeof make>,
  memory: Remembering,
  options: Pacing.Options = {},
  requests: ReadonlyArray<Message.Request> = many(12)
) {
  const startedAt = yield* Clock.currentTimeMillis
  const before = claude.sent.length
  yield* Effect.forEach(requests, (each) => Effect.result(send(each)), { concurrency: "unbounded" }).pipe(
    Effect.provide(Pacing.layer(options).pipe(Layer.provide(claude.layer))),
    memory.with,
    pass
  )
  return claude.sent.slice(before).map(({ at }) => at - startedAt)
})

const atOnce = (n: number) => Array.from({ length: n }, () => 0)

/** One a second, eight at once. */
const sixty = { requests: { limit: 60 } }

describe("a run that remembers an earlier one", () => {
  /** 20 requests a second, in bursts of 10. */
  const twenty: Limits.Limits = { rpm: 1200, burstSeconds: 0.5 }
  const ideal200 = ((200 + 1 - 10) / 20) * 1000 + Simulation.latencyMillis
  const questions = Simulation.many(200)

  for (const headers of ["true", "of the minute", "none"] as const) {
    it.effect(`is never refused, and takes hardly longer than it must, with headers: ${headers}`, () =>
      Effect.gen(function* () {
        const memory = remembering()
        const server: Simulation.Server = { limits: () => twenty, headers }
        yield* memory.with(Simulation.run(server, questions))
        const { refused, wallMillis } = yield* memory.with(Simulation.run(server, questions))
        assert.strictEqual(refused, 0)
        assert.isAtMost(wallMillis, (headers === "none" ? 1.1 : 1.05) * ideal200)
      })
    )
  }

  it.effect("sends one a second from the beginning where 60 a minute are enforced so", () =>
    Effect.gen(function* () {
      const memory = remembering()
      for (const expected of [7, 0]) {
        const server: Simulation.Server = { limits: () => ({ rpm: 60, burstSeconds: 1 }) }
        const { refused } = yield* memory.with(Simulation.run(server, Simulation.many(20)))
        assert.strictEqual(refused, expected)
      }
    })
  )

  it.effect("finds out that a limit without headers has become twice as high", () =>
    Effect.gen(function* () {
      const memory = remembering({ "haiku-5": { trial: { limit: 600, burst: 5 } } })
      const server: Simulation.Server = { limits: () => twenty, headers: "none" }
      const { leftIn } = yield* memory.with(Simulation.run(server, Simulation.many(400)))
      assert.isAtLeast(leftIn(25_000, 30_000), 65)
    })
  )
})

describe("what is remembered", () => {
  it.effect("lets calls leave at the rate of the account before any response has told of it", () =>
    Effect.gen(function* () {
      const memory = remembering({ "haiku-5": { requests: { limit: 12_000 } } })
      assert.deepStrictEqual(
        (yield* times(answering(), memory, {}, many(60))).filter((at) => at === 0),
        atOnce(50)
      )
      const smaller = remembering({ "haiku-5": { requests: { limit: 60, burst: 2 } } })
      assert.deepStrictEqual(yield* times(answering(), smaller, {}, many(4)), [0, 0, 1000, 2000])
    })
  )

  it.effect("yields to the headers of the first response", () =>
    Effect.gen(function* () {
      const memory = remembering({ "haiku-5": sixty })
      const left = yield* times(answering(allowing(60_000, 59_000)), memory)
      assert.deepStrictEqual(left, [...atOnce(8), 500, 500, 500, 500])
      assert.strictEqual(memory.kept.get("haiku-5")?.requests?.limit, 60_000)
    })
  )

  it.effect("yields to what the user tells", () =>
    Effect.gen(function* () {
      const known = { requests: { limit: 60, burst: 1 }, trial: { limit: 60 } }
      const told = { limits: { rpm: 120_000 } }
      assert.deepStrictEqual(yield* times(answering(), remembering({ "haiku-5": known }), told), atOnce(12))
    })
  )

  it.effect("is of one class of models", () =>
    Effect.gen(function* () {
      const memory = remembering({ "haiku-5": { requests: { limit: 60, burst: 1 } } })
      const both = [...many(2), ...many(8, "claude-sonnet-5-5")]
      assert.deepStrictEqual(yield* times(answering(), memory, {}, both), [...atOnce(9), 1000])
      assert.deepStrictEqual(memory.recalled, ["haiku-5", "sonnet-5"])
    })
  )

  it.effect("lets half of it leave at once when it is older than a day, and is nothing after a month", () =>
    Effect.gen(function* () {
      const fresh = remembering({ "haiku-5": sixty })
      const tried = remembering({ "haiku-5": { trial: { limit: 1200 } } })
      yield* TestClock.adjust("23 hours")
      assert.deepStrictEqual(yield* times(answering(), fresh), [...atOnce(8), 1000, 2000, 3000, 4000])
      yield* TestClock.adjust("2 hours")
      assert.deepStrictEqual((yield* times(answering(), fresh, {}, many(6))).slice(0, 5), [...atOnce(4), 1000])
      assert.approximately((yield* times(answering(), tried, {}, many(2)))[1]!, 100, 5)
      yield* TestClock.adjust("30 days")
      const forgotten = yield* times(answering(), fresh)
      assert.deepStrictEqual(forgotten.slice(0, 8), atOnce(8))
      assert.isBelow(forgotten[8]!, 1000)
    })
  )

  it.effect("is left alone by `remember: false`", () =>
    Effect.gen(function* () {
      const memory = remembering({ "haiku-5": { requests: { limit: 60, burst: 1 } } })
      const left = yield* times(answering(allowing(6000, 5000)), memory, { remember: false })
      assert.deepStrictEqual(left.slice(0, 8), atOnce(8))
      assert.deepStrictEqual([memory.recalled, memory.written], [[], []])
    })
  )
})

describe("remembering", () => {
  it.effect("asks once for a class, however many calls wait for it and whoever is interrupted", () =>
    Effect.gen(function* () {
      const claude = answering()
      const book = remembering({ "haiku-5": { requests: { limit: 60, burst: 1 } } })
      const recall: LearnedLimits["recall"] = (modelClass) => Effect.delay(book.memory.recall(modelClass), 100)
      yield* Effect.gen(function* () {
        const first = yield* Effect.forkChild(send(request("first")))
        const others = yield* Effect.forkChild(
          Effect.forEach(["a", "b"], (question) => send(request(question)), { concurrency: "unbounded" })
        )
        yield* TestClock.adjust(50)
        yield* Fiber.interrupt(first)
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(others)
      }).pipe(
        Effect.provide(Pacing.layer().pipe(Layer.provide(claude.layer))),
        Effect.provideService(LearnedLimits, { ...book.memory, recall })
      )
      assert.deepStrictEqual(
        claude.sent.map(({ at }) => at),
        [100, 1100]
      )
      assert.deepStrictEqual(book.recalled, ["haiku-5"])
    })
  )

  it.effect("holds up no reply, however long it takes to write", () =>
    Effect.gen(function* () {
      const memory = { ...remembering().memory, keep: () => Effect.never }
      const claude = answering(allowing(6000, 5999))
      const fiber = yield* send().pipe(
        Effect.provide(Pacing.layer().pipe(Layer.provide(claude.layer))),
        Effect.provideService(LearnedLimits, memory),
        Effect.forkChild
      )
      yield* TestClock.adjust(500)
      assert.strictEqual((yield* Fiber.join(fiber)).stopReason, "end_turn")
    })
  )

  it.effect("writes what is first learned at once, and again only what is news", () =>
    Effect.gen(function* () {
      let limit = 6000
      const claude = make(() => Effect.succeed(reply("yes", { headers: allowing(limit, limit - 1) })))
      const memory = remembering()
      yield* Effect.gen(function* () {
        for (const each of [6000, 6000, 6000, 1200]) {
          limit = each
          yield* send()
          yield* TestClock.adjust(100)
        }
      }).pipe(Effect.provide(Pacing.layer().pipe(Layer.provide(claude.layer))), memory.with)
      const found = memory.written.map(({ learnedAt, requests, version }) => [version, learnedAt, requests?.limit])
      assert.deepStrictEqual(found, [
        [1, 0, 6000],
        [1, 300, 1200]
      ])
      yield* times(answering(allowing(1200, 1199)), memory)
      assert.strictEqual(memory.written.length, 2)
    })
  )

  it.effect("writes at most every ten seconds while calls are under way, and what is last known at their end", () =>
    Effect.gen(function* () {
      const claude = make((_sent, nth) =>
        Effect.delay(Effect.succeed(reply("yes", { headers: allowing(60_000 + nth, 50_000) })), nth * 1000)
      )
      const memory = remembering()
      yield* times(claude, memory, { inFlight: 25 }, many(25))
      assert.deepStrictEqual(
        memory.written.map(({ learnedAt }) => learnedAt),
        [1000, 11_000, 21_000, 25_000]
      )
    })
  )

  it.effect("has nothing to write where nothing was learned", () =>
    Effect.gen(function* () {
      const memory = remembering()
      yield* times(answering(), memory)
      yield* times(
        make(() => Effect.fail(failure(new AskError.Overloaded({ detail: "busy" })))),
        memory
      )
      assert.deepStrictEqual(memory.written, [])
    })
  )
})
