/** Workers that are stopped or die, and runs that go on with one that was killed, in virtual time. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { AskError } from "fanfold"
import { asksOf, make, recorder } from "../FakeClaude.ts"
import * as MemoryJournal from "../journal/MemoryJournal.ts"
import { client, elapse, questions, slow, until, worker } from "./Queued.ts"

/** A worker that takes one ask at a time, and is told to end while it sends the first of a run. */
const stopped = Effect.fnUntraced(function* (claude: ReturnType<typeof make>, ...asks: ReadonlyArray<string>) {
  const data = yield* MemoryJournal.database
  const working = yield* Effect.forkChild(worker(data, claude, 1))
  const running = yield* Effect.forkChild(client(data, make(), asksOf(...asks)))
  yield* until(() => claude.sent.length === 1)
  return { data, running, stopping: yield* Effect.forkChild(Fiber.interrupt(working)) }
})

describe("a worker", () => {
  it.effect("that is stopped takes nothing new, and keeps what ends within ten seconds", () =>
    Effect.gen(function* () {
      const other = slow(8000)
      const { data, running, stopping } = yield* stopped(other, "a", "b")
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
      const other = make(() => Effect.never)
      const { data, running, stopping } = yield* stopped(other, "a")
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
