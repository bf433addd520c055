/** Layers in any selection and order: whatever calls do, all of them end, each attempt has one end, and nothing is left over. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Random } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import {
  Attempt,
  Budget,
  Call,
  Claude,
  Continue,
  type Event,
  Fallback,
  Hedge,
  Pacing,
  Retry,
  Timeout,
  Warm
} from "fanfold"
import { invalid, make, overloaded, recorder, reply, request, send } from "../FakeClaude.ts"
import { document } from "./Warmed.ts"

type Around = Layer.Layer<Claude.Claude, never, Claude.Claude>

const layers = {
  Fallback: () => Fallback.layer(),
  Continue: () => Continue.layer({ turns: 2 }),
  Retry: () => Retry.layer({ within: "2 minutes", attempts: 4 }),
  Hedge: () => Hedge.layer({ after: "2 seconds", max: 3 }),
  Budget: () => Budget.layer({ usd: 1000 }),
  Warm: () => Warm.layer({ maxWait: "3 seconds" }),
  Pacing: () => Pacing.layer({ inFlight: 2 }),
  Timeout: () => Timeout.layer({ attempt: "30 seconds", firstToken: "20 seconds", stall: "10 seconds" }),
  /** Sends each request twice at once, and takes the first reply. */
  Race: () => Claude.layerAround((send) => (request) => Effect.race(send(request), send(request))),
  /** As a user may write one, without `layerAround`. */
  Plain: (): Around =>
    Layer.effect(
      Claude.Claude,
      Effect.map(Claude.Claude, ({ send }) =>
        Claude.Claude.of({ send: (request) => Effect.andThen(Effect.sleep(10), send(request)) })
      )
    )
} satisfies Record<string, () => Around>
type Name = keyof typeof layers
const names = Object.keys(layers) as ReadonlyArray<Name>

/** What an attempt does; the next attempt of the same question does what comes next in its list. */
type Act = "answer" | "stream" | "pause" | "overloaded" | "invalid" | "hang" | "stall"
interface Plan {
  readonly askedAt: number
  readonly acts: ReadonlyArray<Act>
  readonly millis: number
  readonly interruptAt: number | undefined
  readonly isShared: boolean
}

const act = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<Act>("answer", "stream") },
  { weight: 4, arbitrary: fc.constantFrom<Act>("pause", "overloaded", "invalid", "hang", "stall") }
)
const plan: fc.Arbitrary<Plan> = fc.record({
  askedAt: fc.integer({ min: 0, max: 3000 }),
  acts: fc.array(act, { minLength: 1, maxLength: 4 }),
  millis: fc.integer({ min: 0, max: 6000 }),
  interruptAt: fc.option(fc.integer({ min: 0, max: 20_000 }), { nil: undefined, freq: 4 }),
  isShared: fc.boolean()
})
const stacks = fc.shuffledSubarray([...names], { minLength: 1 })

/** Without a layer that ends it, a hanging call hangs by right. */
const endsHanging = (stack: ReadonlyArray<Name>): boolean => stack.includes("Retry") || stack.includes("Timeout")

const perform = (act: Act, millis: number, canHang: boolean) =>
  Effect.gen(function* () {
    // A bare Claude, without any layer that observes it, has none.
    const current = yield* Attempt.current
    switch (act) {
      case "overloaded":
        return yield* Effect.delay(Effect.fail(overloaded()), millis)
      case "invalid":
        return yield* Effect.delay(Effect.fail(invalid()), millis)
      case "hang":
        return canHang ? yield* Effect.never : yield* Effect.delay(Effect.fail(overloaded()), millis)
      case "stall":
      case "stream":
        yield* Effect.sleep(millis / 2)
        current?.headers({})
        current?.chunk(() => ({ partialText: "Par" }))
        yield* current?.firstToken ?? Effect.void
        if (act === "stall" && canHang) return yield* Effect.never
        return yield* Effect.delay(Effect.succeed(reply("streamed")), millis / 2)
      default:
        return yield* Effect.delay(
          Effect.succeed(act === "pause" ? reply("so far", { stopReason: "pause_turn" }) : reply("answer")),
          millis
        )
    }
  })

/** Every attempt that was dispatched has exactly one end. */
const assertPaired = (events: ReadonlyArray<Event.Event>): void => {
  const open = new Map<string, number>()
  for (const event of events) {
    if (event._tag !== "Dispatched" && event._tag !== "Replied" && event._tag !== "AttemptFailed") continue
    const key = `${event.ask} ${event.hedge === true}`
    open.set(key, (open.get(key) ?? 0) + (event._tag === "Dispatched" ? 1 : -1))
  }
  assert.deepStrictEqual(
    [...open].filter(([, count]) => count !== 0),
    []
  )
}

const play = Effect.fnUntraced(function* (stack: ReadonlyArray<Name>, plans: ReadonlyArray<Plan>) {
  const { events, listen } = recorder()
  const tries = new Map<string, number>()
  const canHang = endsHanging(stack)
  const claude = make(({ request }) => {
    const question = request.messages[0]?.content as string
    const each = plans[Number(question)]
    if (each === undefined) return Effect.succeed(reply("last"))
    const nth = tries.get(question) ?? 0
    tries.set(question, nth + 1)
    return perform(each.acts[nth % each.acts.length]!, each.millis, canHang)
  })
  const layer = stack
    .map((name): Around => layers[name]())
    .reduceRight<Layer.Layer<Claude.Claude>>((inner, outer) => Layer.provide(outer, inner), claude.layer)
  const ask = (question: string, isShared: boolean) =>
    Effect.updateService(
      send(request(question, isShared ? { context: document } : {})),
      Call.Current,
      (call): Call.Call => ({ ...call, run: "run", ask: question, asks: plans.length, fallback: ["claude-opus-5-5"] })
    )
  const one = (each: Plan, index: number) =>
    Effect.gen(function* () {
      yield* Effect.sleep(each.askedAt)
      const fiber = yield* Effect.forkChild(Effect.result(ask(String(index), each.isShared)))
      if (each.interruptAt !== undefined) {
        yield* Effect.sleep(Math.max(0, each.interruptAt - each.askedAt))
        yield* Fiber.interrupt(fiber)
      }
      return (yield* Fiber.await(fiber))._tag
    })
  const program = Effect.gen(function* () {
    const ends = yield* Effect.forEach(plans, one, { concurrency: "unbounded" })
    const sent = claude.sent.length
    yield* Effect.sleep("10 minutes")
    assert.strictEqual(claude.sent.length, sent, "sends requests that no call waits for")
    assert.strictEqual(claude.inFlight, 0)
    // Nothing is left behind that would hold up the calls after it.
    const last = yield* Effect.forEach(["x", "y", "z"], (question) => ask(question, true), { concurrency: 3 })
    return { ends, last: last.map(({ content }) => content[0]?.text) }
  })
  const fiber = yield* program.pipe(Effect.provide(layer), listen, Random.withSeed("composition"), Effect.forkChild)
  for (let hour = 0; hour < 3 && fiber.pollUnsafe() === undefined; hour++) yield* TestClock.adjust("1 hour")
  assert.isDefined(fiber.pollUnsafe(), `hangs: ${stack.join(" › ")}`)
  const { ends, last } = yield* Fiber.join(fiber)
  for (const [index, each] of plans.entries()) {
    if (each.interruptAt === undefined) assert.strictEqual(ends[index], "Success")
  }
  assert.deepStrictEqual(last, ["last", "last", "last"])
  assert.strictEqual(claude.inFlight, 0)
  assertPaired(events)
  // Below all layers that send more than once, nothing exceeds the places.
  if (stack.at(-1) === "Pacing") assert.isAtMost(claude.peak, 2)
})

describe("any selection of layers in any order", () => {
  it.effect(
    "ends every call, pairs every attempt, and leaves nothing behind: 1,000 seeds",
    () =>
      Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(stacks, fc.array(plan, { minLength: 1, maxLength: 6 }), (stack, plans) =>
            Effect.runPromise(Effect.provide(play(stack, plans), TestClock.layer()))
          ),
          { numRuns: 1000 }
        )
      ),
    120_000
  )
})
