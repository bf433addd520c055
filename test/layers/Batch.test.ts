/** What goes into a batch, what leaves it, and what is paid, under virtual time. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Ask, Call, Event, Research, Stack, Synthesis } from "fanfold"
import { asksOf, invalid, make, overloaded, questionOf, recorder, reply } from "../FakeClaude.ts"
import * as FakeBatches from "../FakeBatches.ts"

type Claude = ReturnType<typeof make>
type Batches = ReturnType<typeof FakeBatches.make>

const over = (claude: Claude, batches: Batches, options: Stack.Options = {}) =>
  Stack.layerOver({ batch: {}, ...options }).pipe(Layer.provide([claude.layer, batches.layer]))

/** Runs an effect while a week goes by. */
const pass = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("7 days")
    return yield* Fiber.join(fiber)
  })

const asks = asksOf("a", "b", "c")

describe("asks in a batch", () => {
  it.effect("are sent together, whatever the concurrency, and their synthesis live", () =>
    Effect.gen(function* () {
      const [claude, batches] = [make(), FakeBatches.make()]
      const document = yield* pass(
        Research.run(asks, { concurrency: 1 }).pipe(
          Effect.flatMap(({ answers, ...found }) => {
            assert.deepStrictEqual(answers, {
              a: "batched answer to a",
              b: "batched answer to b",
              c: "batched answer to c"
            })
            return Synthesis.text("Weigh.")({ answers, ...found })
          }),
          Effect.provide(over(claude, batches))
        )
      )
      assert.include(document, "answer to")
      assert.deepStrictEqual(batches.questions(), [["a", "b", "c"]])
      assert.strictEqual(claude.sent.length, 1)
      assert.strictEqual(claude.sent[0]!.call.part, "synthesis")
    })
  )

  it.effect("cost half, and their replies say why", () =>
    Effect.gen(function* () {
      const [claude, batches] = [make(), FakeBatches.make()]
      const { events, listen } = recorder()
      yield* pass(listen(Research.run({ a: Ask.text("a") }).pipe(Effect.provide(over(claude, batches)))))
      const replied = events.find((event) => event._tag === "Replied")
      assert.isDefined(replied)
      assert.strictEqual(replied.costUsd, (10 * 0.1 + 5 * 0.5) / 1_000_000 / 2)
      assert.deepStrictEqual(replied.usage.batch, FakeBatches.batchOf(replied.usage))
    })
  )

  it.effect("that are twice in a run are twice in the batch", () =>
    Effect.gen(function* () {
      const [claude, batches] = [make(), FakeBatches.make()]
      yield* pass(
        Research.run({ a: Ask.text("same"), b: Ask.text("same") }).pipe(Effect.provide(over(claude, batches)))
      )
      const ids = batches.all[0]!.requests.map(({ id }) => id)
      assert.deepStrictEqual(
        ids.map((id) => id.slice(43)),
        ["-0", "-1"]
      )
      assert.isTrue(ids.every((id) => /^[a-zA-Z0-9_-]{1,64}$/.test(id)))
    })
  )

  it.effect("may wait for a day without exhausting the time of an ask, being hedged, or looked at too often", () =>
    Effect.gen(function* () {
      const claude = make()
      const batches = FakeBatches.make({ takes: () => 20 * 60 * 60_000 })
      const { answers } = yield* pass(
        Research.run(asks).pipe(
          Effect.provide(over(claude, batches, { hedge: { after: "1 second" }, retry: { within: "20 minutes" } }))
        )
      )
      assert.strictEqual(answers.a, "batched answer to a")
      assert.lengthOf(claude.sent, 0)
      const pauses = batches.retrieved.slice(1).map((at, n) => at - batches.retrieved[n]!)
      assert.strictEqual(Math.min(...pauses), 5000)
      assert.strictEqual(Math.max(...pauses), 5 * 60_000)
      assert.isBelow(batches.retrieved.length, 300)
    })
  )

  it.effect("go without `fallbacks`; one that is refused there is asked live, where another model may answer", () =>
    Effect.gen(function* () {
      const claude = make(({ request }) => Effect.succeed(reply(`live ${questionOf(request)}`)))
      const batches = FakeBatches.make({
        outcome: () => ({ _tag: "Succeeded", reply: reply("", { stopReason: "refusal" }) })
      })
      const { answers } = yield* pass(
        Research.run({ a: Ask.text("a", { model: "claude-opus-5-5" }) }).pipe(Effect.provide(over(claude, batches)))
      )
      assert.deepStrictEqual(answers, { a: "live a" })
      assert.isFalse("fallbacks" in batches.all[0]!.requests[0]!.request)
      assert.strictEqual(claude.sent[0]!.request.fallbacks, "default")
    })
  )

  it.effect("that expire are asked live, with a reservation at full price", () =>
    Effect.gen(function* () {
      const claude = make()
      const batches = FakeBatches.make({
        takes: (request) => (questionOf(request) === "b" ? Number.POSITIVE_INFINITY : 1000)
      })
      const { answers } = yield* pass(Research.run(asks).pipe(Effect.provide(over(claude, batches))))
      assert.deepStrictEqual(answers, { a: "batched answer to a", b: "answer to b", c: "batched answer to c" })
      assert.deepStrictEqual(
        claude.sent.map(({ call, request }) => [questionOf(request), call.attempt, call.batched]),
        [["b", 1, undefined]]
      )
    })
  )

  it.effect("that end with a passing error are tried again live, others fail", () =>
    Effect.gen(function* () {
      const claude = make()
      const batches = FakeBatches.make({
        outcome: (request) => ({ _tag: "Errored", error: questionOf(request) === "a" ? overloaded() : invalid() })
      })
      const { findings } = yield* pass(
        Research.run(asksOf("a", "b"), { policy: "best-effort" }).pipe(Effect.provide(over(claude, batches)))
      )
      assert.deepStrictEqual(
        findings.map(({ outcome }) =>
          outcome._tag === "Answered" ? outcome.value : outcome._tag === "Failed" ? outcome.error.reason._tag : ""
        ),
        ["answer to a", "InvalidRequest"]
      )
      assert.deepStrictEqual(
        claude.sent.map(({ call, request }) => [questionOf(request), call.attempt]),
        [["a", 2]]
      )
      assert.lengthOf(batches.all, 1)
    })
  )

  it.effect("that are reused from elsewhere are not waited for longer than a second", () =>
    Effect.gen(function* () {
      const [claude, batches] = [make(), FakeBatches.make()]
      const { events, listen } = recorder()
      const call = { run: "r", ask: "", part: "ask", level: 0, asks: 5, attempt: 1 } as const
      yield* pass(
        listen(
          Effect.all(
            [Ask.text("a"), Ask.text("b")].map((ask) => Effect.provideService(ask, Call.Current, call)),
            { concurrency: "unbounded" }
          ).pipe(Effect.provide(over(claude, batches)))
        )
      )
      assert.deepStrictEqual(batches.questions(), [["a", "b"]])
      const submitting = events.find(({ _tag }) => _tag === "BatchSubmitting")
      assert.strictEqual(submitting?.at, 1000)
    })
  )
})

/** Each may take 0.005 USD for its output, and little for its input; half of that in a batch. */
const dear = (question: string) => Ask.text(question, { maxTokens: 10_000, system: "" })

describe("a budget", () => {
  it.effect("reserves half for what goes into a batch, and the whole for what goes live", () =>
    Effect.gen(function* () {
      const four = { a: dear("a"), b: dear("b"), c: dear("c"), d: dear("d") }
      const [claude, batches] = [make(), FakeBatches.make()]
      const budget = { usd: 0.0104 }
      yield* pass(Research.run(four).pipe(Effect.provide(over(claude, batches, { budget }))))
      assert.deepStrictEqual(batches.questions(), [["a", "b", "c", "d"]])

      const expiring = FakeBatches.make({ takes: () => Number.POSITIVE_INFINITY })
      const slow = make(() => Effect.delay(Effect.succeed(reply("live")), "1 minute"))
      yield* pass(Research.run(four).pipe(Effect.provide(over(slow, expiring, { budget }))))
      assert.lengthOf(slow.sent, 4)
      assert.strictEqual(slow.peak, 2)
    })
  )
})

describe("a batch with a deadline", () => {
  it.effect("is cancelled then: what is back is taken, and the rest is asked live", () =>
    Effect.gen(function* () {
      const claude = make()
      const hour = 60 * 60_000
      const batches = FakeBatches.make({ takes: (request) => (questionOf(request) === "c" ? 20 * hour : hour) })
      const { events, listen } = recorder()
      const { answers } = yield* pass(
        listen(Research.run(asks).pipe(Effect.provide(over(claude, batches, { batch: { deadline: "2 hours" } }))))
      )
      assert.deepStrictEqual(answers, { a: "batched answer to a", b: "batched answer to b", c: "answer to c" })
      assert.strictEqual(batches.cancellations, 1)
      assert.strictEqual(batches.all[0]!.canceledAt, 2 * hour)
      const live = events.find((event) => event._tag === "Dispatched" && event.ask === "c")
      assert.isBelow(live!.at, 2 * hour + 10_000)
      const polled = events.filter((event) => event._tag === "BatchPolled")
      assert.deepStrictEqual(
        polled.map(({ isCanceling }) => isCanceling),
        [false, true]
      )
    })
  )
})

describe("a shared document", () => {
  it.effect("is written to the cache by a batch of one, for an hour, before the others follow", () =>
    Effect.gen(function* () {
      const [claude, batches] = [make(), FakeBatches.make()]
      const document = "A sentence of the document that all of them share.  ".repeat(1540)
      yield* pass(
        Research.run(asksOf("a", "b", "c", "d"), { context: document }).pipe(Effect.provide(over(claude, batches)))
      )
      assert.deepStrictEqual(batches.questions(), [["a"], ["b", "c", "d"]])
      assert.isTrue(batches.all.every(({ requests }) => requests.every(({ isCachedFor1h }) => isCachedFor1h === true)))
      assert.isAtLeast(batches.all[0]!.createdAt, batches.all[1]!.createdAt + 60_000)
    })
  )
})

const creating = (first: NonNullable<ReturnType<NonNullable<FakeBatches.Settings["creation"]>>>) =>
  Effect.gen(function* () {
    const claude = make()
    const batches = FakeBatches.make({ creation: (nth) => (nth === 1 ? first : undefined) })
    const { events, listen } = recorder()
    const { answers } = yield* pass(listen(Research.run(asks).pipe(Effect.provide(over(claude, batches)))))
    assert.deepStrictEqual(
      Object.values(answers),
      ["a", "b", "c"].map((name) => `batched answer to ${name}`)
    )
    return { batches, tags: events.filter(Event.isBatchEvent).map(({ _tag }) => _tag) }
  })

describe("creating a batch", () => {
  it.effect("that fails after all was received is not repeated: the batch is found by its ids", () =>
    Effect.gen(function* () {
      const { batches, tags } = yield* creating({ error: overloaded(), isCreated: true })
      assert.strictEqual(batches.creations, 1)
      assert.deepStrictEqual(tags, ["BatchSubmitting", "BatchUncertain", "BatchSubmitted", "BatchEnded"])
    })
  )

  it.effect("that fails before anything was received is repeated once no batch can appear any more", () =>
    Effect.gen(function* () {
      const { batches, tags } = yield* creating({ error: overloaded(), isCreated: false })
      assert.strictEqual(batches.creations, 2)
      assert.lengthOf(batches.all, 1)
      assert.strictEqual(batches.all[0]!.createdAt, 300_000)
      assert.deepStrictEqual(tags.slice(0, 4), [
        "BatchSubmitting",
        "BatchUncertain",
        "BatchNotCreated",
        "BatchSubmitting"
      ])
    })
  )

  it.effect("that the API rejects ends the asks with its error", () =>
    Effect.gen(function* () {
      const claude = make()
      const batches = FakeBatches.make({ creation: () => ({ error: invalid(), isCreated: false }) })
      const { gaps } = yield* pass(
        Research.run(asks, { policy: "best-effort" }).pipe(Effect.provide(over(claude, batches)))
      )
      assert.lengthOf(gaps, 3)
      assert.strictEqual(batches.creations, 1)
      assert.lengthOf(claude.sent, 0)
    })
  )
})
