/** Whatever attempts do in the default stack: the usage of an ask's error is the sum of that of its attempts' events. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Random, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { Ask, AskError, Attempt, Event, Message, Research, Stack } from "fanfold"
import { failure, invalid, make, overloaded, reply } from "../FakeClaude.ts"
import { document } from "../layers/Warmed.ts"

/** What an attempt does; the next attempt of the same ask does what comes next in its list. */
const acts = ["answer", "stream", "pause", "overloaded", "503", "429", "invalid", "cut", "hang", "stall"] as const
type Act = (typeof acts)[number]

const plan = fc.record({
  acts: fc.array(fc.constantFrom(...acts), { minLength: 1, maxLength: 5 }),
  millis: fc.integer({ min: 0, max: 6000 }),
  /** Asks for an object, which no reply here is: it is asked once more, and fails. */
  isObject: fc.boolean()
})
type Plan = typeof plan extends fc.Arbitrary<infer A> ? A : never

const settings = fc.record({
  isHedged: fc.boolean(),
  /** How long the listener takes for each event. */
  listenMillis: fc.constantFrom(0, 0, 200),
  deadline: fc.constantFrom(undefined, 25_000)
})
type Settings = typeof settings extends fc.Arbitrary<infer A> ? A : never

const perform = Effect.fnUntraced(function* (act: Act, millis: number, usage: Message.Usage) {
  const current = yield* Attempt.current
  yield* Effect.sleep(millis / 2)
  const partial = { model: "claude-haiku-5-5", usage, partialText: "Par" }
  if (act === "stream" || act === "stall" || act === "cut") {
    current?.headers({})
    current?.chunk(() => partial)
    yield* current?.firstToken ?? Effect.void
  }
  if (act === "hang" || act === "stall") return yield* Effect.never
  yield* Effect.sleep(millis / 2)
  switch (act) {
    case "overloaded":
      return yield* overloaded()
    case "503":
      return yield* failure(new AskError.ServerError({ detail: "down", status: 503 }))
    case "429":
      return yield* failure(new AskError.RateLimited({ detail: "slow down" }))
    case "invalid":
      return yield* invalid()
    case "cut":
      return yield* failure(new AskError.CutOff({ detail: "gone" }), partial)
    default:
      return reply("no JSON", { usage, ...(act === "pause" && { stopReason: "pause_turn" }) })
  }
})

const play = Effect.fnUntraced(function* (plans: ReadonlyArray<Plan>, { deadline, isHedged, listenMillis }: Settings) {
  const events: Array<Event.Event> = []
  const emit = (event: Event.Event) => {
    events.push(event)
    return listenMillis === 0 ? Effect.void : Effect.sleep(listenMillis)
  }
  const tries = new Map<string, number>()
  const claude = make(({ request }, nth) => {
    const question = request.messages[0]?.content as string
    const { acts, millis } = plans[Number(question)]!
    const done = tries.get(question) ?? 0
    tries.set(question, done + 1)
    // Powers of two: of a sum it is seen which of them it is of.
    return perform(acts[done % acts.length]!, millis, { ...Message.noUsage, outputTokens: 2 ** (nth % 40) })
  })
  const layer = Stack.layerOver({
    ...(isHedged && { hedge: { after: "2 seconds", max: 3 } }),
    retry: { within: "1 minute", maxWait: "30 seconds", attempts: 3 },
    timeout: { attempt: "30 seconds", firstToken: "20 seconds", stall: "10 seconds" },
    pacing: { inFlight: 3 },
    continue: { turns: 2 }
  }).pipe(Layer.provide(claude.layer))
  const model = ["claude-haiku-5-5", "claude-opus-5-5"] as const
  const asks = Object.fromEntries(
    plans.map(({ isObject }, index) => [
      `q${index}`,
      isObject
        ? Ask.object(String(index), Schema.Struct({ a: Schema.String }), { model })
        : Ask.text(String(index), { model })
    ])
  )
  const fiber = yield* Research.run(asks, { policy: "best-effort", context: document, deadline }).pipe(
    Effect.provide(layer),
    Effect.provideService(Event.Listener, { emit }),
    Random.withSeed("usage"),
    Effect.forkChild
  )
  yield* TestClock.adjust("1 hour")
  assert.isDefined(fiber.pollUnsafe(), "hangs")
  const { gaps } = yield* Fiber.join(fiber)
  for (const { name, outcome } of gaps) {
    if (outcome._tag !== "Failed") continue
    const paid = events
      .filter(({ ask }) => ask === name)
      .map((event) => (event._tag === "Replied" || event._tag === "AttemptFailed" ? event.usage : undefined))
      .reduce(Message.addPaid, undefined)
    assert.deepStrictEqual(outcome.error.usage, paid, `${name}: ${outcome.error.reason._tag}`)
  }
})

describe("an ask that fails in the default stack", () => {
  it.effect(
    "has in its error what all of its attempts have used: 500 seeds",
    () =>
      Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(fc.array(plan, { minLength: 1, maxLength: 4 }), settings, (plans, settings) =>
            Effect.runPromise(Effect.provide(play(plans, settings), TestClock.layer()))
          ),
          { numRuns: 500 }
        )
      ),
    60_000
  )
})
