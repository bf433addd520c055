/** Each pair of neighbours in the stack stands in its order: every test here fails where the two are swapped. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Ask, AskError, Call, Research, Stack } from "fanfold"
import { failure, make, overloaded, questionOf, recorder, reply, request, script, send } from "../FakeClaude.ts"
import { document, timely } from "./Warmed.ts"

/** Runs asks of these questions, of at most 10,000 tokens each, through the whole stack. */
const run = Effect.fnUntraced(function* (
  claude: ReturnType<typeof make>,
  questions: ReadonlyArray<string>,
  options: Stack.Options & { readonly context?: string; readonly model?: readonly [string, string] } = {}
) {
  const { context, model, ...layers } = options
  const { events, listen, tagsOf } = recorder()
  const settings = { maxTokens: 10_000, system: "", ...(model !== undefined && { model }) }
  const asks = Object.fromEntries(questions.map((question) => [question, Ask.text(question, settings)]))
  const fiber = yield* Research.run(asks, { policy: "best-effort", context }).pipe(
    Effect.provide(Stack.layerOver(layers).pipe(Layer.provide(claude.layer))),
    listen,
    Effect.forkChild
  )
  return { events, tagsOf, fiber }
})

const finish = Effect.fnUntraced(function* <A, E>(fiber: Fiber.Fiber<A, E>) {
  while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust(50)
  return yield* Fiber.join(fiber)
})

const sent = (question: string, fields: Parameters<typeof request>[1] = {}) =>
  Effect.result(send(request(question, { maxTokens: 10_000, ...fields })))

/** What one ask of 10,000 tokens may cost with Haiku, and a little more. */
const oneAsk = 0.0055

describe("the stack", () => {
  it.effect("goes on to the next model with the whole question, not with a paused turn: Fallback, Continue", () =>
    Effect.gen(function* () {
      const paused = reply("begun by one", { stopReason: "pause_turn" })
      const missing = failure(new AskError.NotFound({ detail: "no such model" }))
      const claude = make(script(paused, missing, reply("whole")))
      const { fiber } = yield* run(claude, ["q"], { model: ["claude-sonnet-5-5", "claude-haiku-5-5"] })
      assert.deepStrictEqual((yield* finish(fiber)).answers, { q: "whole" })
      assert.deepStrictEqual(
        claude.sent.map(({ request: { messages, model } }) => [model, messages.length]),
        [
          ["claude-sonnet-5-5", 1],
          ["claude-sonnet-5-5", 2],
          ["claude-haiku-5-5", 1]
        ]
      )
    })
  )

  it.effect("retries the turn that failed, not those before it: Continue, Retry", () =>
    Effect.gen(function* () {
      const paused = reply("a ", { stopReason: "pause_turn" })
      const claude = make(script(overloaded(), paused, overloaded(), reply("b")))
      const { fiber } = yield* run(claude, ["q"])
      assert.deepStrictEqual((yield* finish(fiber)).answers, { q: "a b" })
      assert.deepStrictEqual(
        claude.sent.map(({ call }) => call.attempt),
        [1, 2, 1, 2]
      )
    })
  )

  it.effect("tries again only where both copies have failed: Retry, Hedge", () =>
    Effect.gen(function* () {
      const cut = failure(new AskError.CutOff({ detail: "gone" }))
      const claude = make(({ call }) =>
        call.hedge === true ? Effect.delay(Effect.succeed(reply("copy")), 9000) : Effect.delay(Effect.fail(cut), 3000)
      )
      const { events, fiber } = yield* run(claude, ["q"], { hedge: { after: "2 seconds" } })
      assert.deepStrictEqual((yield* finish(fiber)).answers, { q: "copy" })
      assert.lengthOf(claude.sent, 2)
      assert.isFalse(events.some(({ _tag }) => _tag === "Retrying"))
    })
  )

  it.effect("pays for a second copy by itself, and sends none that the budget does not hold: Hedge, Budget", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.delay(Effect.succeed(reply("yes")), 9000))
      const { fiber } = yield* run(claude, ["q"], { hedge: { after: "2 seconds" }, budget: oneAsk })
      yield* finish(fiber)
      assert.lengthOf(claude.sent, 1)
    })
  )

  it.effect("sets aside what those who wait for their leader need, before later asks: Budget, Warm", () =>
    Effect.gen(function* () {
      const claude = make(timely())
      // What the two of them may take, of a document of at most 80,100 tokens, each.
      const budget = 2 * (0.005 + (document.length * 1.25 * 0.1) / 1_000_000) + 0.001
      const asked = Effect.all(
        [sent("leads", { context: document }), sent("follows", { context: document }), sent("later")],
        { concurrency: 3 }
      )
      const fiber = yield* asked.pipe(
        Effect.updateService(Call.Current, (call) => ({ ...call, run: "run", asks: 3 })),
        Effect.provide(Stack.layerOver({ budget }).pipe(Layer.provide(claude.layer))),
        Effect.forkChild
      )
      yield* TestClock.adjust(2000)
      assert.deepStrictEqual(
        claude.sent.map(({ request }) => questionOf(request)),
        ["leads", "follows"]
      )
      yield* finish(fiber)
    })
  )

  it.effect("tells of those who wait for their leader nothing as sent, and gives them no place: Warm, Pacing", () =>
    Effect.gen(function* () {
      const claude = make(timely())
      const { fiber, tagsOf } = yield* run(claude, ["a", "b"], { context: document })
      yield* TestClock.adjust(500)
      assert.deepStrictEqual([tagsOf("a"), tagsOf("b")], [["Started", "Dispatched"], ["Started"]])
      yield* finish(fiber)
    })
  )

  it.effect("counts no waiting at the gate against an attempt: Pacing, Timeout", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.delay(Effect.succeed(reply("yes")), "4 seconds"))
      const options = { timeout: { attempt: "5 seconds" }, retry: { attempts: 1 }, pacing: { inFlight: 1 } } as const
      const { fiber } = yield* run(claude, ["a", "b", "c"], options)
      assert.deepStrictEqual((yield* finish(fiber)).answers, { a: "yes", b: "yes", c: "yes" })
    })
  )
})
