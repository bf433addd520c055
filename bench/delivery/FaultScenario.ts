/** Draws the scenario of a seed for `Faults`, and makes the fake Claude that plays it. */
import { Effect, Random } from "effect"
import { AskError, type Call, Message, type Policy, type Research, type Stack } from "fanfold"
import * as FakeClaude from "../../test/FakeClaude.ts"

/** A short attempt timeout, so that hanging attempts are retried; an ask has time for many attempts. */
const options: Stack.Options = { timeout: { attempt: "30 seconds" }, retry: { within: "30 minutes" } }

const document = "One line of a document, of which there are many. ".repeat(100)

/** Further options: hedging, limits that delay asks, a budget that is never reached. */
const variants: ReadonlyArray<Stack.Options> = [
  {},
  { hedge: { after: "1 second" } },
  { pacing: { inFlight: 2 } },
  { pacing: { limits: { rpm: 120 } } },
  { budget: 100 }
]

export interface Scenario {
  readonly asks: number
  readonly policy: Policy.Policy
  readonly concurrency: Research.Concurrency
  readonly options: Stack.Options
  /** A shared context, long enough to be cached, so that Warm sends one ask first. */
  readonly context: string | undefined
  /** Share of attempts with a fault. */
  readonly faultShare: number
  readonly interruptAtMillis: number | undefined
}

const oneOf = <A>(items: ReadonlyArray<A>): Effect.Effect<A> =>
  Effect.map(Random.next, (random) => items[Math.floor(random * items.length)]!)

const between = (min: number, max: number): Effect.Effect<number> => Random.nextIntBetween(min, max)

/** Draws a scenario from the current `Random`. */
export const draw = Effect.gen(function* () {
  const asks = yield* between(4, 8)
  const needed = yield* between(1, asks)
  const scenario: Scenario = {
    asks,
    policy: yield* oneOf<Policy.Policy>(["all", "best-effort", "best-effort", { atLeast: needed }, { first: needed }]),
    concurrency: yield* oneOf<Research.Concurrency>(["unbounded", "unbounded", 1, 2, 3]),
    options: { ...options, ...(yield* oneOf(variants)) },
    context: yield* oneOf([undefined, undefined, undefined, document]),
    faultShare: yield* oneOf([0.1, 0.3, 0.5]),
    interruptAtMillis: (yield* Random.next) < 0.1 ? yield* between(0, 5000) : undefined
  }
  return scenario
})

const usage = { ...Message.noUsage, inputTokens: 10, outputTokens: 3 }

/** Milliseconds until a fault, and its error; `undefined` never ends. */
const faults: ReadonlyArray<() => readonly [millis: number, AskError.AskError] | undefined> = [
  () => [30, FakeClaude.overloaded()],
  () => [30, FakeClaude.failure(new AskError.RateLimited({ detail: "slow down", retryAfterMillis: 2000 }))],
  () => [30, FakeClaude.failure(new AskError.ServerError({ detail: "broken", status: 500 }))],
  () => [1, FakeClaude.failure(new AskError.Unreachable({ detail: "reset", isPassing: true }))],
  () => [200, FakeClaude.failure(new AskError.CutOff({ detail: "terminated" }), { usage, partialText: "half an" })],
  () => undefined
]

/** A fake Claude that answers late, very late, never, or with an error; `delivered` counts complete answers by ask. */
export const claudeOf = (scenario: Scenario) => {
  const delivered = new Map<string, number>()
  const answer = Effect.fnUntraced(function* ({ call }: { readonly call: Call.Call }) {
    if ((yield* Random.next) < scenario.faultShare) {
      const fault = (yield* oneOf(faults))()
      if (fault === undefined) return yield* Effect.never
      yield* Effect.sleep(fault[0])
      return yield* fault[1]
    }
    const isSlow = (yield* Random.next) < 0.05
    yield* Effect.sleep(yield* isSlow ? between(5000, 20_000) : between(100, 900))
    delivered.set(call.ask, (delivered.get(call.ask) ?? 0) + 1)
    return FakeClaude.reply(`re ${call.ask}`)
  })
  return Object.assign(FakeClaude.make(answer), { delivered })
}
