/** Requests that wait for a connection: how many are sent at once, in which order, and when their attempts begin. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Attempt } from "fanfold"
import { ConnectionQueue } from "../../../src/claude/sdk/ConnectionQueue.ts"
import { questionOf, reply, request } from "../../FakeClaude.ts"

/** A `send` that takes a second, and what it was sent. */
const slow = () => {
  const sent: Array<string> = []
  const send: Attempt.Send = (one) =>
    Effect.suspend(() => {
      sent.push(questionOf(one))
      return Effect.delay(Effect.succeed(reply("yes")), "1 second")
    })
  return { send, sent }
}

const questions = ["a", "b", "c", "d", "e"]

describe("requests", () => {
  it.effect("are sent as connections allow, in the order of their arrival; their attempts begin then", () =>
    Effect.gen(function* () {
      const { send, sent } = slow()
      const queued = new ConnectionQueue().around(send, () => 2)
      const dispatched: Array<number> = []
      const observer: Attempt.Observer = { onDispatch: ({ dispatchedAt }) => dispatched.push(dispatchedAt!) }
      const asked = Effect.forEach(
        questions,
        (question) => Effect.withFiber((fiber) => Attempt.observed(queued(request(question)), observer, fiber)),
        { concurrency: "unbounded" }
      )
      const fiber = yield* Effect.forkChild(asked)
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual(sent, ["a", "b"])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(sent, ["a", "b", "c", "d"])
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).length, 5)
      assert.deepStrictEqual(dispatched, [0, 0, 1000, 1000, 2000])
    })
  )

  it.effect("that are interrupted while they wait or are sent leave their places to others", () =>
    Effect.gen(function* () {
      const { send, sent } = slow()
      const queued = new ConnectionQueue().around(send, () => 1)
      const fibers = yield* Effect.forEach(questions, (question) => Effect.forkChild(queued(request(question))))
      yield* TestClock.adjust("500 millis")
      yield* Fiber.interrupt(fibers[1]!)
      yield* Fiber.interrupt(fibers[0]!)
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.joinAll(fibers.slice(2))
      assert.deepStrictEqual(sent, ["a", "c", "d", "e"])
    })
  )

  it.effect("are not counted where nothing limits them", () =>
    Effect.gen(function* () {
      const { send, sent } = slow()
      const queued = new ConnectionQueue().around(send, () => Number.POSITIVE_INFINITY)
      const fiber = yield* Effect.forkChild(
        Effect.forEach(questions, (question) => queued(request(question)), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(sent, questions)
    })
  )
})
