/** Asks of a run that workers answer, over a journal in memory and fake Claudes, in virtual time. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Ask, AskError } from "fanfold"
import { asksOf, failure, make, recorder, reply, timed } from "../FakeClaude.ts"
import * as MemoryJournal from "../journal/MemoryJournal.ts"
import { dear, usage } from "./Budgeted.ts"
import { client, elapse, eventsOf, questions, slow, until, worker } from "./Queued.ts"

describe("a run whose journal is shared", () => {
  it.effect("spends one budget with its workers", () =>
    Effect.gen(function* () {
      const data = yield* MemoryJournal.database
      const claude = make(() => Effect.delay(Effect.succeed(reply("yes", { usage: usage(10) })), 20_000))
      const working = yield* Effect.forkChild(worker(data, claude))
      const names = ["a", "b", "c", "d", "e", "f"]
      const asks = Object.fromEntries(names.map((name) => [name, dear(name)]))
      // Three of the asks may leave at once.
      const running = yield* Effect.forkChild(client(data, claude, asks, { places: 2, budget: 0.0155 }))
      // Long before the first reply.
      yield* until(() => claude.sent.length === 3)
      yield* TestClock.adjust(900)
      assert.deepStrictEqual([claude.sent.length, claude.inFlight], [3, 3])
      assert.lengthOf(data.register.names(), 1)
      assert.match(data.register.names()[0]!, /^budget run\d+$/)
      const { answers } = yield* elapse(Fiber.join(running))
      assert.deepStrictEqual(Object.keys(answers), names)
      yield* Fiber.interrupt(working)
    })
  )

  it.effect("has its asks answered by a worker, and tells the events of its attempts in order", () =>
    Effect.gen(function* () {
      const data = yield* MemoryJournal.database
      const [own, other] = [make(), make()]
      const working = yield* Effect.forkChild(worker(data, other))
      const { events, listen, tagsOf } = recorder()
      const { answers } = yield* elapse(listen(client(data, own, asksOf("a", "b", "c"))))
      assert.deepStrictEqual(answers, { a: "answer to a", b: "answer to b", c: "answer to c" })
      assert.deepStrictEqual([own.sent.length, other.sent.length], [0, 3])
      assert.deepStrictEqual(tagsOf("a"), ["Started", "Dispatched", "Replied", "Answered"])
      assert.lengthOf(events, 14)
      yield* Fiber.interrupt(working)
    }).pipe(Effect.scoped)
  )

  it.effect("keeps each event once, in the order that the listener hears them", () =>
    Effect.gen(function* () {
      const data = yield* MemoryJournal.database
      const other = make()
      const working = yield* Effect.forkChild(worker(data, other))
      const { events, listen } = recorder()
      yield* elapse(listen(client(data, make(), asksOf("a", "b"))))
      const kept = data.log.flatMap(({ row }) => (row._tag === "Event" ? [row.event] : []))
      for (const ask of ["a", "b"]) assert.deepStrictEqual(eventsOf(events, ask), eventsOf(kept, ask))
      yield* Fiber.interrupt(working)
    }).pipe(Effect.scoped)
  )

  it.effect("is complete without any worker, and has no more calls under way than places", () =>
    Effect.gen(function* () {
      const data = yield* MemoryJournal.database
      const own = slow(1000)
      const { answers } = yield* elapse(client(data, own, asksOf("a", "b", "c", "d", "e"), { places: 2 }))
      assert.strictEqual(answers["e"], "slow e")
      assert.deepStrictEqual([own.sent.length, own.peak], [5, 2])
    }).pipe(Effect.scoped)
  )

  it.effect("shares its asks with the workers, each of which is sent once", () =>
    Effect.gen(function* () {
      const data = yield* MemoryJournal.database
      const [own, other, third] = [slow(1000), slow(1000), slow(1000)]
      const working = [yield* Effect.forkChild(worker(data, other, 2)), yield* Effect.forkChild(worker(data, third, 2))]
      const names = Array.from({ length: 24 }, (_, n) => `q${n}`)
      const { answers } = yield* elapse(client(data, own, asksOf(...names), { places: 2 }))
      assert.lengthOf(Object.keys(answers), 24)
      const sent = [own, other, third].map((each) => each.sent.length)
      assert.deepStrictEqual([...questions(own), ...questions(other), ...questions(third)].toSorted(), names.toSorted())
      for (const each of sent) assert.isAtLeast(each, 6)
      yield* Fiber.interruptAll(working)
    }).pipe(Effect.scoped)
  )

  it.effect("asks for the document itself", () =>
    Effect.gen(function* () {
      const data = yield* MemoryJournal.database
      const [own, other] = [make(), make()]
      const working = yield* Effect.forkChild(worker(data, other))
      const folded = client(data, own, asksOf("a"), {}, "Weigh.")
      yield* elapse(folded)
      assert.deepStrictEqual([own.sent.length, other.sent.length], [1, 1])
      assert.strictEqual(own.sent[0]!.call.part, "synthesis")
      yield* Fiber.interrupt(working)
    }).pipe(Effect.scoped)
  )

  it.effect("fails an ask with the error that the worker had", () =>
    Effect.gen(function* () {
      const data = yield* MemoryJournal.database
      const other = make(() =>
        Effect.fail(failure(new AskError.InvalidRequest({ detail: "wrong" }), { requestId: "req_1" }))
      )
      const working = yield* Effect.forkChild(worker(data, other))
      const { gaps } = yield* elapse(client(data, make(), asksOf("a")))
      const outcome = gaps[0]!.outcome
      assert(outcome._tag === "Failed")
      assert.strictEqual(outcome.error.message, "invalid request: wrong (req_1)")
      assert.isTrue(outcome.error instanceof AskError.AskError && outcome.error.reason._tag === "InvalidRequest")
      yield* Fiber.interrupt(working)
    }).pipe(Effect.scoped)
  )

  it.effect("names what a worker died of in its code", () =>
    Effect.gen(function* () {
      const data = yield* MemoryJournal.database
      const working = yield* Effect.forkChild(
        worker(
          data,
          make(() => Effect.die(new Error("a bug")))
        )
      )
      const { gaps } = yield* elapse(client(data, make(), asksOf("a")))
      assert(gaps[0]!.outcome._tag === "Failed")
      assert.strictEqual(gaps[0]!.outcome.error.message, "a worker failed: Error: a bug")
      yield* Fiber.interrupt(working)
    }).pipe(Effect.scoped)
  )

  it.effect("has the options of its layers obeyed by the worker", () =>
    Effect.gen(function* () {
      const data = yield* MemoryJournal.database
      const other = make(() => Effect.fail(failure(new AskError.Overloaded({ detail: "busy" }))))
      const working = yield* Effect.forkChild(worker(data, other))
      const { listen, tagsOf } = recorder()
      yield* elapse(listen(client(data, make(), asksOf("a"), { retry: { attempts: 3, maxWait: "2 seconds" } })))
      assert.lengthOf(other.sent, 3)
      assert.strictEqual(tagsOf("a").filter((tag) => tag === "Retrying").length, 2)
      yield* Fiber.interrupt(working)
    }).pipe(Effect.scoped)
  )

  it.effect(
    "stops the calls of workers whose answers are not needed any more, and those that wait are never sent",
    () =>
      Effect.gen(function* () {
        const data = yield* MemoryJournal.database
        const other = make(timed({ a: 500, b: 600_000, c: 600_000 }))
        const working = yield* Effect.forkChild(worker(data, other, 2))
        yield* elapse(client(data, make(), asksOf("a", "b", "c"), {}, undefined, { first: 1 }))
        yield* TestClock.adjust("3 seconds")
        assert.isAtMost(other.sent.length, 3)
        assert.strictEqual(other.inFlight, 0)
        assert.isFalse(questions(other).includes("c") && other.interrupted === 0)
        yield* Fiber.interrupt(working)
      }).pipe(Effect.scoped)
  )

  it.effect("leaves a document that its asks share in the journal, where a worker reads it once", () =>
    Effect.gen(function* () {
      const data = yield* MemoryJournal.database
      const other = make()
      const working = yield* Effect.forkChild(worker(data, other))
      const document = "The harbour of Havn has nine cranes. ".repeat(100)
      const asks = Object.fromEntries(["a", "b", "c"].map((name) => [name, Ask.text(name, { system: document })]))
      yield* elapse(client(data, make(), asks))
      assert.deepStrictEqual(
        other.sent.map(({ request }) => request.system),
        [document, document, document]
      )
      assert.isBelow(JSON.stringify(data.offers).length, 3 * 3000)
      assert.isAtMost(data.queries["texts"]!, 3)
      yield* Fiber.interrupt(working)
    }).pipe(Effect.scoped)
  )

  it.effect("reads by a number of queries that does not grow with its asks", () =>
    Effect.gen(function* () {
      const data = yield* MemoryJournal.database
      const working = yield* Effect.forkChild(worker(data, slow(10_000), 100))
      yield* elapse(client(data, make(), asksOf(...Array.from({ length: 100 }, (_, n) => `q${n}`))))
      assert.isAtMost(data.queries["added"]!, 10_000 / 100 + 20)
      assert.isUndefined(data.queries["claim"])
      yield* Fiber.interrupt(working)
    }).pipe(Effect.scoped)
  )
})
