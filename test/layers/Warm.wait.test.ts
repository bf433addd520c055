/** A wait of Warm ends, whenever the leader ends, and after `maxWait` whatever other groups do. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, Random, Scheduler } from "effect"
import { TestClock } from "effect/testing"
import { AskError, Call, Retry, Warm } from "fanfold"
import { failure, make, questionOf, reply, request, send } from "../FakeClaude.ts"
import { document } from "./Warmed.ts"

const ask = (question: string, context = document) =>
  Effect.updateService(send(request(question, { context })), Call.Current, (call) => ({
    ...call,
    run: "run",
    ask: question,
    asks: 4
  }))

describe("a call whose leader ends while it is about to be queued", () => {
  for (const ending of ["replies", "fails"] as const) {
    it.effect(`leaves at once where the leader ${ending}`, () =>
      Effect.gen(function* () {
        const hanging: Array<readonly [operations: number, before: number]> = []
        // The scheduler gives other fibers their turn after so many operations: `before` moves the place where it does.
        for (const operations of [3, 4, 5, 6, 7]) {
          for (let before = 0; before < 60; before++) {
            const claude = make(({ request }) =>
              questionOf(request) === "follower"
                ? Effect.succeed(reply("yes"))
                : Effect.andThen(
                    Effect.repeat(Effect.yieldNow, { times: 10 }),
                    ending === "replies"
                      ? Effect.succeed(reply("yes"))
                      : Effect.fail(failure(new AskError.CutOff({ detail: "gone" })))
                  )
            )
            const program = Effect.gen(function* () {
              const leader = yield* Effect.forkChild(Effect.exit(ask("leader")), { startImmediately: true })
              const steps = Effect.forEach(Array.from({ length: before }), () => Effect.void)
              const follower = yield* Effect.andThen(steps, ask("follower")).pipe(
                Effect.provideService(Scheduler.MaxOpsBeforeYield, operations),
                Effect.forkChild({ startImmediately: true })
              )
              yield* Fiber.join(leader)
              yield* Effect.repeat(Effect.yieldNow, { times: 300 })
              if (follower.pollUnsafe() === undefined) hanging.push([operations, before])
              yield* Fiber.interrupt(follower)
            })
            yield* Effect.provide(program, Warm.layer().pipe(Layer.provide(claude.layer)))
          }
        }
        assert.deepStrictEqual(hanging, [])
      })
    )
  }
})

/** Asks after so many ms, and gives up a minute later. */
const at = (millis: number, question: string, context: string) =>
  Effect.delay(Effect.timeoutOption(ask(question, context), "1 minute"), millis)

describe("Warm around Retry", () => {
  it.effect("lets a group go after its maxWait, though another group's leader is tried again", () =>
    Effect.gen(function* () {
      const claude = make(({ request }, nth) => {
        switch (questionOf(request)) {
          case "a1":
            return nth === 1
              ? Effect.delay(Effect.fail(failure(new AskError.CutOff({ detail: "gone" }))), "4 seconds")
              : Effect.never
          case "b1":
            return Effect.never
          default:
            return Effect.succeed(reply("yes"))
        }
      })
      const startedAt = yield* Clock.currentTimeMillis
      const all = [
        at(0, "a1", document),
        at(10, "a2", document),
        at(1000, "b1", `${document} b`),
        at(1010, "b2", `${document} b`)
      ]
      const stack = Warm.layer({ maxWait: "5 seconds" }).pipe(Layer.provide(Retry.layer()), Layer.provide(claude.layer))
      const fiber = yield* Effect.all(all, { concurrency: "unbounded" }).pipe(
        Effect.provide(stack),
        Random.withSeed("warm"),
        Effect.forkChild
      )
      yield* TestClock.adjust("1 hour")
      yield* Fiber.join(fiber)
      const times = claude.sent.map(({ at, request }) => [questionOf(request), at - startedAt] as const)
      const again = times[2]![1]
      assert.isAbove(again, 4000)
      assert.isBelow(again, 6000)
      assert.deepStrictEqual(times, [
        ["a1", 0],
        ["b1", 1000],
        ["a1", again],
        ["b2", 6000],
        ["a2", again + 5000]
      ])
    })
  )
})

describe("Warm without a maxWait", () => {
  it.effect("waits 5 seconds for the leader of a short context, and longer for that of a long one", () =>
    Effect.gen(function* () {
      const claude = make(({ request }) =>
        questionOf(request).endsWith("1") ? Effect.never : Effect.succeed(reply("yes"))
      )
      const startedAt = yield* Clock.currentTimeMillis
      // 250,000 tokens.
      const long = document.padEnd(1_000_000, "x")
      const all = [at(0, "long1", long), at(10, "long2", long), at(20, "short1", document), at(30, "short2", document)]
      const fiber = yield* Effect.all(all, { concurrency: "unbounded" }).pipe(
        Effect.provide(Warm.layer().pipe(Layer.provide(claude.layer))),
        Effect.forkChild
      )
      yield* TestClock.adjust("1 hour")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        claude.sent.map(({ at, request }) => [questionOf(request), at - startedAt]),
        [
          ["long1", 0],
          ["short1", 20],
          ["short2", 5020],
          ["long2", 25_000]
        ]
      )
    })
  )
})
