/** Trying again, under virtual time: what is sent again, how often, and what others see of it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { AskError, Event, Pacing, Retry } from "fanfold"
import { failure, invalid, make, overloaded, reply, request, script, send } from "../FakeClaude.ts"
import { attempts, failureOf } from "./Attempts.ts"

const server = (headers?: Record<string, string>) =>
  failure(new AskError.ServerError({ detail: "oops", status: 500 }), { headers })

describe("Retry", () => {
  it.effect("sends again after a passing fault and gives the reply", () =>
    Effect.gen(function* () {
      const { claude, events, result } = yield* attempts({}, script(overloaded(), overloaded(), reply("yes")))
      assert(result._tag === "Success")
      assert.deepStrictEqual(
        claude.sent.map(({ call }) => call.attempt),
        [1, 2, 3]
      )
      assert.deepStrictEqual(
        events.map((event) => ("attempt" in event ? `${event._tag} ${event.attempt}` : event._tag)),
        [
          "Dispatched 1",
          "AttemptFailed 1",
          "Retrying 1",
          "Dispatched 2",
          "AttemptFailed 2",
          "Retrying 2",
          "Dispatched 3",
          "Replied 3"
        ]
      )
    })
  )

  it.effect("never sends again what cannot be helped", () =>
    Effect.gen(function* () {
      const lasting = [
        invalid(),
        failure(new AskError.SpendLimitReached({ detail: "spent" })),
        failure(new AskError.SpendLimitReached({ detail: "spent" }), { headers: { "x-should-retry": "true" } }),
        failure(new AskError.Authentication({ detail: "no" })),
        failure(new AskError.Unreachable({ detail: "certificate", isPassing: false })),
        failure(new AskError.Refused({ category: "cyber", explanation: null }))
      ]
      for (const error of lasting) {
        const { claude, result } = yield* attempts({}, script(error))
        assert.strictEqual(failureOf({ result }), error)
        assert.strictEqual(claude.sent.length, 1)
      }
    })
  )

  it.effect("lets the API's x-should-retry win over the table", () =>
    Effect.gen(function* () {
      const no = yield* attempts({}, script(server({ "x-should-retry": "false" })))
      assert.strictEqual(no.claude.sent.length, 1)
      const yes = failure(new AskError.InvalidRequest({ detail: "odd" }), { headers: { "x-should-retry": "true" } })
      const { claude, result } = yield* attempts({}, script(yes, reply("yes")))
      assert.strictEqual(result._tag, "Success")
      assert.strictEqual(claude.sent.length, 2)
    })
  )

  it.effect("tries passing faults at least eight times, and ends at the ask's limit", () =>
    Effect.gen(function* () {
      const { claude, result } = yield* attempts({}, script(overloaded()))
      assert.isAtLeast(claude.sent.length, 8)
      assert.strictEqual(failureOf({ result }).reason._tag, "Overloaded")
      assert.isAtMost(claude.sent.at(-1)!.at - claude.sent[0]!.at, 20 * 60_000)
    })
  )

  it.effect("makes no more tries than told", () =>
    Effect.gen(function* () {
      for (const most of [1, 2, 5]) {
        const { claude } = yield* attempts({ attempts: most }, script(overloaded()))
        assert.strictEqual(claude.sent.length, most)
      }
    })
  )

  it.effect("counts its own tries, whoever else repeats the ask", () =>
    Effect.gen(function* () {
      const claude = make(script(invalid(), overloaded(), reply("yes")))
      const fiber = yield* send().pipe(
        Effect.provide(Retry.layer().pipe(Layer.provide(claude.layer))),
        Effect.retry({ times: 3 }),
        Effect.forkChild
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        claude.sent.map(({ call }) => call.attempt),
        [1, 1, 2]
      )
    })
  )

  it.effect("holds no place in the gate while it waits", () =>
    Effect.gen(function* () {
      const claude = make(({ call, request }) =>
        request.model === "busy" && call.attempt === 1 ? Effect.fail(overloaded()) : Effect.succeed(reply("yes"))
      )
      const stack = Retry.layer().pipe(Layer.provide(Pacing.layer({ inFlight: 1 })), Layer.provide(claude.layer))
      const fiber = yield* Effect.all([send(request("a", { model: "busy" })), send(request("b"))], {
        concurrency: 2
      }).pipe(Effect.provide(stack), Effect.forkChild)
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        claude.sent.map(({ request }) => request.model),
        ["busy", "claude-haiku-5-5", "busy"]
      )
      assert.strictEqual(claude.sent[1]!.at, 0)
    })
  )

  it.effect("hands every event on to who listens", () =>
    Effect.gen(function* () {
      const deltas: Array<string> = []
      const claude = make(() =>
        Effect.map(Event.Listener, ({ delta }) => {
          delta?.({ run: "", ask: "ask", part: "ask", text: "Par" })
          return reply("Paris")
        })
      )
      yield* send().pipe(
        Effect.provide(Retry.layer().pipe(Layer.provide(claude.layer))),
        Effect.provideService(Event.Listener, { emit: () => Effect.void, delta: ({ text }) => void deltas.push(text) })
      )
      assert.deepStrictEqual(deltas, ["Par"])
    })
  )
})
