/** A reply that came in time is delivered though the ask's time ends while it is announced; the time of later turns still ends. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { AskError, Claude, Continue, Event, Message, Retry, Stack } from "fanfold"
import { failure, make, reply, send } from "../FakeClaude.ts"

const retry = { within: "10 seconds", maxWait: "5 seconds" } as const

/** A listener that takes 600 ms for each end of an attempt. */
const slowly = Effect.provideService(Event.Listener, {
  emit: ({ _tag }) => (_tag === "Replied" || _tag === "AttemptFailed" ? Effect.sleep(600) : Effect.void)
})

/** Sends a hedged call; gives the text of its reply. */
const hedged = (answer: Parameters<typeof make>[0]) =>
  Effect.gen(function* () {
    const layer = Stack.layerOver({ hedge: { after: "2 seconds" }, retry }).pipe(Layer.provide(make(answer).layer))
    const fiber = yield* send().pipe(Effect.provide(layer), slowly, Effect.forkChild)
    yield* TestClock.adjust("1 minute")
    return Message.textOf(yield* Fiber.join(fiber))
  })

describe("a reply of a hedged call that came just in time", () => {
  it.effect("is delivered, though the time is over while the copy that lost is stopped", () =>
    Effect.gen(function* () {
      const text = yield* hedged(({ call }) =>
        call.hedge === true ? Effect.never : Effect.delay(Effect.succeed(reply("yes")), 9300)
      )
      assert.strictEqual(text, "yes")
    })
  )

  it.effect("is delivered, though the other request fails while it is announced", () =>
    Effect.gen(function* () {
      const text = yield* hedged(({ call }) =>
        call.hedge === true
          ? Effect.delay(Effect.succeed(reply("yes")), 7900)
          : Effect.delay(Effect.fail(failure(new AskError.CutOff({ detail: "gone" }))), 9950)
      )
      assert.strictEqual(text, "yes")
    })
  )
})

describe("Retry around a layer that sends twice", () => {
  const twice = Claude.layerAround((send) => (request) => Effect.race(send(request), send(request)))

  it.effect("ends a copy that hangs after the other one paused too often", () =>
    Effect.gen(function* () {
      const paused = reply("so far", { stopReason: "pause_turn" })
      const claude = make((_sent, nth) => (nth === 2 ? Effect.never : Effect.delay(Effect.succeed(paused), 2000)))
      const layer = Retry.layer(retry).pipe(
        Layer.provide(twice),
        Layer.provide(Continue.layer({ turns: 1 })),
        Layer.provide(claude.layer)
      )
      const fiber = yield* Effect.flip(send()).pipe(Effect.provide(layer), Effect.forkChild)
      yield* TestClock.adjust("1 hour")
      assert.isDefined(fiber.pollUnsafe(), "hangs")
      assert.deepInclude((yield* Fiber.join(fiber)).reason, { _tag: "TimedOut", scope: "ask" })
    })
  )

  it.effect("delivers a reply whose announcement goes beyond the time, though the other request hangs", () =>
    Effect.gen(function* () {
      const text = yield* hedged(({ call }) =>
        call.hedge === true ? Effect.never : Effect.delay(Effect.succeed(reply("yes")), 9700)
      )
      assert.strictEqual(text, "yes")
    })
  )
})

describe("Retry around Continue", () => {
  it.effect("ends a turn that hangs, though the time was over while the turn before it was announced", () =>
    Effect.gen(function* () {
      const paused = reply("so far", { stopReason: "pause_turn" })
      const claude = make((_sent, nth) => (nth === 1 ? Effect.delay(Effect.succeed(paused), 9900) : Effect.never))
      const layer = Retry.layer(retry).pipe(Layer.provide(Continue.layer()), Layer.provide(claude.layer))
      const fiber = yield* Effect.flip(send()).pipe(Effect.provide(layer), slowly, Effect.forkChild)
      yield* TestClock.adjust("1 hour")
      assert.isDefined(fiber.pollUnsafe(), "hangs")
      assert.deepInclude((yield* Fiber.join(fiber)).reason, { _tag: "TimedOut", scope: "ask" })
    })
  )
})
