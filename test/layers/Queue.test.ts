/** Asks of a run that workers answer, over a journal in memory and fake Claudes, in virtual time. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Ask, AskError, Call, Claude, type Event, Journal, Queue, Research, Stack, Synthesis } from "fanfold"
import { asksOf, failure, make, questionOf, recorder, reply, timed } from "../FakeClaude.ts"
import { dear, usage } from "./Budgeted.ts"
import * as MemoryJournal from "../journal/MemoryJournal.ts"
import type { BegunRun } from "../../src/journal/Journal.ts"
import { RunRecorder } from "../../src/journal/RunRecorder.ts"
import { reusable } from "../../src/journal/Reuse.ts"

type Fake = ReturnType<typeof make>

let runs = 0

/** Runs a research over a journal that is opened for it. `places`: of its own process. */
const client = Effect.fnUntraced(function* (
  data: MemoryJournal.Database,
  claude: Fake,
  asks: Readonly<Record<string, Ask.Ask<string>>>,
  { places = 0, ...options }: Stack.Options & { readonly places?: number } = {},
  instruction?: string,
  policy: "best-effort" | { readonly first: number } = "best-effort"
) {
  const journal = MemoryJournal.open(data)
  const begun = (yield* Effect.scoped(
    journal.begin({ id: `run${runs++}`, plan: "p", source: "fake", at: 0 }, { resume: true, isAlone: false })
  )) as BegunRun
  const run = new RunRecorder(journal, begun, reusable("unfinished", begun, 0))
  const layer = Stack.layerOver({ journal: {}, queue: { places }, ...options }).pipe(Layer.provide(claude.layer))
  return yield* Research.run(asks, { policy }).pipe(
    Effect.tap((findings) =>
      instruction === undefined
        ? Effect.void
        : Effect.asVoid(Effect.flatMap(Effect.succeed(findings), Synthesis.text(instruction)))
    ),
    Effect.provide(layer),
    Effect.provideService(Journal.Begun, run),
    Effect.updateService(Call.Current, (call) => ({ ...call, run: begun.id })),
    Effect.tap(() => journal.end(begun, 0))
  )
})

/** A worker of another process. */
const worker = (data: MemoryJournal.Database, claude: Fake, places = 8) => {
  const journal = MemoryJournal.open(data)
  return Queue.work({
    journal,
    shared: journal.shared,
    source: "fake",
    places,
    senderOf: (id, delivery) =>
      Effect.map(
        Layer.build(
          Effect.runSync(Stack.layerDeliveryOver(delivery, { register: journal.shared.register, id })).pipe(
            Layer.provide(claude.layer)
          )
        ),
        (context) => Context.get(context, Claude.Claude).send
      )
  })
}

/** Lets virtual time pass in small steps, also for what is loaded in real time. */
const elapse = <A, E, R>(effect: Effect.Effect<A, E, R>, step = "50 millis" as const) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    for (let n = 0; n < 4000 && fiber.pollUnsafe() === undefined; n++) {
      yield* TestClock.adjust(step)
      if (n < 50) yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 2)))
    }
    return yield* Fiber.join(fiber)
  })

/** Waits until something has come true, while virtual time passes. */
const until = (isSo: () => boolean) =>
  elapse(Effect.whileLoop({ while: () => !isSo(), body: () => Effect.sleep(50), step: () => {} }))

const slow = (millis: number) =>
  make(({ request }) => Effect.delay(Effect.succeed(reply(`slow ${questionOf(request)}`)), millis))

const questions = ({ sent }: Fake) => sent.map(({ request }) => questionOf(request)).toSorted()

const eventsOf = (all: ReadonlyArray<Event.Event>, ask: string) => all.filter((event) => event.ask === ask)

describe("a run whose journal is shared", () => {
  it.effect("spends one budget with its workers", () =>
    Effect.gen(function* () {
      const data = yield* MemoryJournal.database
      const claude = make(() => Effect.delay(Effect.succeed(reply("yes", { usage: usage(10) })), 1000))
      const working = yield* Effect.forkChild(worker(data, claude))
      const names = ["a", "b", "c", "d", "e", "f"]
      const asks = Object.fromEntries(names.map((name) => [name, dear(name)]))
      // Three of the asks may leave at once.
      const running = yield* Effect.forkChild(client(data, claude, asks, { places: 2, budget: 0.0155 }))
      yield* until(() => claude.sent.length > 0)
      yield* TestClock.adjust(900)
      assert.strictEqual(claude.sent.length, 3)
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

describe("a worker", () => {
  it.effect("that is stopped takes nothing new, and keeps what ends within ten seconds", () =>
    Effect.gen(function* () {
      const data = yield* MemoryJournal.database
      const other = slow(8000)
      const working = yield* Effect.forkChild(worker(data, other, 1))
      const running = yield* Effect.forkChild(client(data, make(), asksOf("a", "b")))
      yield* until(() => other.sent.length === 1)
      const stopping = yield* Effect.forkChild(Fiber.interrupt(working))
      yield* TestClock.adjust("9 seconds")
      yield* Fiber.join(stopping)
      assert.deepStrictEqual([other.sent.length, other.interrupted], [1, 0])
      const next = yield* Effect.forkChild(worker(data, make()))
      const { answers } = yield* elapse(Fiber.join(running))
      assert.deepStrictEqual(answers, { a: "slow a", b: "answer to b" })
      yield* Fiber.interrupt(next)
    }).pipe(Effect.scoped)
  )

  it.effect("gives back after ten seconds what has not ended", () =>
    Effect.gen(function* () {
      const data = yield* MemoryJournal.database
      const other = make(() => Effect.never)
      const working = yield* Effect.forkChild(worker(data, other, 1))
      const running = yield* Effect.forkChild(client(data, make(), asksOf("a")))
      yield* until(() => other.sent.length === 1)
      const stopping = yield* Effect.forkChild(Fiber.interrupt(working))
      yield* TestClock.adjust("9900 millis")
      assert.strictEqual(other.inFlight, 1)
      yield* TestClock.adjust("200 millis")
      yield* Fiber.join(stopping)
      assert.strictEqual(other.inFlight, 0)
      const next = yield* Effect.forkChild(worker(data, make()))
      assert.deepStrictEqual((yield* elapse(Fiber.join(running))).answers, { a: "answer to a" })
      yield* Fiber.interrupt(next)
    }).pipe(Effect.scoped)
  )

  it.effect("does not send an ask again whose reply was kept by one that died before its lease ended", () =>
    Effect.gen(function* () {
      const data = yield* MemoryJournal.database
      const other = make()
      const first = yield* Effect.forkChild(worker(data, other))
      const running = yield* Effect.forkChild(client(data, make(), asksOf("a")))
      yield* elapse(Fiber.join(running))
      yield* Fiber.interrupt(first)
      const [offered] = data.offers
      yield* MemoryJournal.redeliver(data, offered!)
      const next = yield* Effect.forkChild(worker(data, other))
      yield* elapse(Effect.sleep("5 seconds"))
      assert.lengthOf(other.sent, 1)
      yield* Fiber.interrupt(next)
    }).pipe(Effect.scoped)
  )
})

describe("an ask that has ended five workers", () => {
  it.effect("fails by name, and ends no sixth one", () =>
    Effect.gen(function* () {
      const data = yield* MemoryJournal.database
      data.deaths = 5
      const other = make()
      const working = yield* Effect.forkChild(worker(data, other))
      const { gaps } = yield* elapse(client(data, make(), asksOf("a")))
      assert(gaps[0]!.outcome._tag === "Failed")
      assert.deepStrictEqual(gaps[0]!.outcome.error.reason, new AskError.WorkerLost({ times: 5 }))
      assert.lengthOf(other.sent, 0)
      yield* Fiber.interrupt(working)
    }).pipe(Effect.scoped)
  )
})

describe("a run that goes on with one that was killed", () => {
  it.effect("waits for what is queued or under way, and asks nothing twice", () =>
    Effect.gen(function* () {
      const data = yield* MemoryJournal.database
      const other = slow(5000)
      const working = yield* Effect.forkChild(worker(data, other, 2))
      const asks = asksOf("a", "b", "c", "d")
      const killed = yield* Effect.forkChild(client(data, make(), asks))
      yield* until(() => other.sent.length === 2)
      // As after SIGKILL: nothing is withdrawn.
      data.isSealed = true
      yield* Fiber.interrupt(killed)
      data.isSealed = false
      const { listen, tagsOf } = recorder()
      const { answers } = yield* elapse(listen(client(data, make(), asks)))
      assert.deepStrictEqual(answers, { a: "slow a", b: "slow b", c: "slow c", d: "slow d" })
      assert.deepStrictEqual(questions(other), ["a", "b", "c", "d"])
      assert.deepStrictEqual(tagsOf("d"), ["Started", "Reused", "Answered"])
      yield* Fiber.interrupt(working)
    }).pipe(Effect.scoped)
  )
})
