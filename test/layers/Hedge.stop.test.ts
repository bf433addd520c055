/** Second copies that cannot leave, that are stopped, that are streamed, and calls that never have one. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Ask, type Attempt, Call, Event, Hedge, Message, Pacing, Research, Retry } from "fanfold"
import { attempt, make, questionOf, recorder, reply, request, send, type Sent } from "../FakeClaude.ts"
import { answering, assertEnded, latency, run } from "./Hedged.ts"

const paid = { ...Message.noUsage, inputTokens: 7, outputTokens: 3 }
const soFar = (): Attempt.PartialReply => ({ model: "claude-haiku-5-5", usage: paid, partialText: "Par" })

const slow = ({ call, request }: Sent) => (call.hedge === true ? 1000 : questionOf(request) === "q0" ? 2500 : 10_000)

describe("a copy that is turned away", () => {
  it.effect("is tried again a second later, and costs its call nothing", () =>
    Effect.gen(function* () {
      const { answers, copies, events, startedAt, turnedAway } = yield* run(1, answering(latency("q0")), {
        after: "2 seconds",
        max: 1,
        isFull: (at) => at < 5500
      })
      assert.deepStrictEqual(turnedAway, [2000, 3000, 4000, 5000])
      assert.deepStrictEqual(
        copies.map(({ at }) => at - startedAt),
        [6000]
      )
      assert.deepStrictEqual(answers, { q0: "copy" })
      assertEnded(events)
    })
  )

  it.effect("leaves its place under the cap to another", () =>
    Effect.gen(function* () {
      const { copies, events, startedAt } = yield* run(2, answering(slow), {
        after: "2 seconds",
        max: 1,
        isFull: (at) => at < 2500
      })
      assert.deepStrictEqual(
        copies.map(({ at, request }) => [questionOf(request), at - startedAt]),
        [["q1", 3000]]
      )
      assertEnded(events)
    })
  )
})

/** Sends through Retry, Hedge and Pacing, and interrupts after seven seconds. */
const interrupted = (call: Partial<Call.Call>, answer: Parameters<typeof make>[0]) =>
  Effect.gen(function* () {
    const claude = make(answer)
    const { events, listen } = recorder()
    const stack = Retry.layer().pipe(
      Layer.provide(Hedge.layer({ after: "2 seconds" })),
      Layer.provide(Pacing.layer({ inFlight: 8 })),
      Layer.provide(claude.layer)
    )
    const fiber = yield* send().pipe(
      Effect.provide(stack),
      Effect.updateService(Call.Current, (current) => ({ ...current, ...call })),
      listen,
      Effect.forkChild
    )
    yield* TestClock.adjust("7 seconds")
    yield* Fiber.interrupt(fiber)
    return { claude, events }
  })

describe("a call that is stopped", () => {
  it.effect("takes its copy with it, and each tells its own end", () =>
    Effect.gen(function* () {
      for (const isStreamed of [true, false]) {
        const { claude, events } = yield* interrupted({}, () =>
          Effect.flatMap(attempt, (current) => {
            if (isStreamed) current.chunk(soFar)
            return Effect.never
          })
        )
        assert.strictEqual(claude.interrupted, 2)
        assertEnded(events)
        const ends = events.filter((event) => event._tag === "AttemptFailed")
        assert.deepStrictEqual(
          ends.map(({ durationMillis, hedge, reason, usage }) => ({ durationMillis, hedge, reason, usage })),
          [
            { durationMillis: 5000, hedge: true, reason: "Interrupted", usage: isStreamed ? paid : undefined },
            { durationMillis: 7000, hedge: undefined, reason: "Interrupted", usage: isStreamed ? paid : undefined }
          ]
        )
      }
    })
  )

  it.effect("tells both ends, too, where its time is over", () =>
    Effect.gen(function* () {
      const { claude, events } = yield* interrupted({ timeoutMillis: 5000 }, () => Effect.never)
      assert.strictEqual(claude.interrupted, 2)
      assertEnded(events)
      assert.deepStrictEqual(
        events.flatMap((event) => (event._tag === "AttemptFailed" ? [event.reason] : [])),
        ["Interrupted", "TimedOut"]
      )
    })
  )

  it.effect("has no copy where it is a synthesis, or a copy itself", () =>
    Effect.gen(function* () {
      for (const call of [{ part: "synthesis" }, { hedge: true }] as const) {
        const { claude } = yield* interrupted(call, () => Effect.never)
        assert.lengthOf(claude.sent, 1)
      }
    })
  )
})

describe("a streamed call", () => {
  it.effect("hands on nothing of what its copy writes, and is told by what came of the loser", () =>
    Effect.gen(function* () {
      const heard: Array<string> = []
      const streamed: Array<boolean> = []
      const claude = make(({ call }) =>
        Effect.gen(function* () {
          const current = yield* attempt
          streamed.push(current.isStreamed)
          const name = call.hedge === true ? "copy" : "original"
          yield* current.firstToken
          current.delta(name)
          current.chunk(soFar)
          yield* Effect.sleep(call.hedge === true ? 1000 : 9000)
          return reply(name)
        })
      )
      const { events, listen } = recorder()
      const stack = Hedge.layer({ after: "2 seconds" }).pipe(
        Layer.provide(Pacing.layer({ inFlight: 8 })),
        Layer.provide(claude.layer)
      )
      const fiber = yield* send(request("why?")).pipe(
        Effect.provide(stack),
        Effect.updateService(Event.Listener, (listener) => ({
          ...listener,
          delta: ({ text }: Event.Delta) => void heard.push(text)
        })),
        listen,
        Effect.forkChild
      )
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(Message.textOf(yield* Fiber.join(fiber)), "copy")
      assert.deepStrictEqual(heard, ["original"])
      assert.deepStrictEqual(streamed, [true, true])
      assert.lengthOf(
        events.filter(({ _tag }) => _tag === "FirstToken"),
        1
      )
      const outrun = events.find((event) => event._tag === "AttemptFailed")
      assert.deepInclude(outrun, { reason: "Outrun", usage: paid, durationMillis: 3000 })
      assert.notProperty(outrun, "estimated")
      assert.strictEqual(questionOf(claude.sent[1]!.request), "why?")
    })
  )
})

describe("runs that share the layer", () => {
  it.effect("have each their own number of copies, though many of them are between two asks", () =>
    Effect.gen(function* () {
      const claude = make(answering(({ call }) => (call.hedge === true || call.ask === "ask1" ? 100 : 1000)))
      const stack = Hedge.layer({ after: 300, max: 1 }).pipe(
        Layer.provide(Pacing.layer({ inFlight: 1000 })),
        Layer.provide(claude.layer)
      )
      const asks = Array.from({ length: 4 }, (_, index) => Ask.text(`q${index}`))
      const one = Research.run(asks, { concurrency: 1 })
      const many = Array.from({ length: 40 }, (_, index) => Effect.delay(one, 13 * index))
      const fiber = yield* Effect.all(many, { concurrency: "unbounded" }).pipe(Effect.provide(stack), Effect.forkChild)
      while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust(50)
      const copies = claude.sent.filter(({ call }) => call.hedge === true).map(({ call }) => call.run)
      assert.lengthOf(copies, 40)
      assert.strictEqual(new Set(copies).size, 40)
    })
  )
})
