/** Hedge in the stack: around Pacing, and not there at all unless it is wanted. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Ask, Research, Stack } from "fanfold"
import { make, questionOf, reply, type Sent } from "../FakeClaude.ts"

const ask = (names: ReadonlyArray<string>, claude: ReturnType<typeof make>, options: Stack.Options) =>
  Effect.gen(function* () {
    const asks = Object.fromEntries(names.map((name) => [name, Ask.text(name)]))
    const fiber = yield* Research.run(asks).pipe(
      Effect.provide(Stack.layerOver(options).pipe(Layer.provide(claude.layer))),
      Effect.forkChild
    )
    while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust(50)
    const { answers } = yield* Fiber.join(fiber)
    const copies = claude.sent.flatMap(({ call, request }) => (call.hedge === true ? [questionOf(request)] : []))
    return { answers, copies }
  })

const slow = ({ call, request }: Sent) => (questionOf(request) === "q0" && call.hedge !== true ? 20_000 : 1000)

const answer = (sent: Sent) =>
  Effect.delay(Effect.succeed(reply(sent.call.hedge === true ? "copy" : "yes")), slow(sent))

describe("the stack with hedging", () => {
  const eleven = Array.from({ length: 11 }, (_, n) => `q${n}`)

  it.effect("hedges who left and not who waits, through the same gate: Hedge is outside of Pacing", () =>
    Effect.gen(function* () {
      const claude = make(answer)
      const { answers, copies } = yield* ask(eleven, claude, { hedge: { after: "2 seconds" }, pacing: { inFlight: 3 } })
      assert.deepStrictEqual(copies, ["q0"])
      assert.strictEqual(answers["q0"], "copy")
      assert.isAtMost(claude.peak, 3)
    })
  )

  it.effect("is off unless it is named", () =>
    Effect.gen(function* () {
      const { copies } = yield* ask(eleven, make(answer), { retry: {} })
      assert.deepStrictEqual(copies, [])
    })
  )
})
