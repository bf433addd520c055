/** Measures hedging in virtual time: run times and tokens with and without second copies of slow calls. */
import { Clock, Effect, Fiber, Layer, Random } from "effect"
import { TestClock } from "effect/testing"
import { Ask, Call, Claude, Event, Message, Research, Stack } from "fanfold"

export interface Options {
  readonly seeds: number
  readonly asks?: number
  /** Share of all requests, copies included, that are slow, and the factor of their latency. */
  readonly stragglers?: number
  readonly slowness?: number
}

/** Times of complete runs in milliseconds; `tokenRatio`: tokens with hedging ÷ without. */
export interface Result {
  readonly p99Millis: number
  readonly hedgedP99Millis: number
  readonly medianMillis: number
  readonly hedgedMedianMillis: number
  readonly tokenRatio: number
  readonly copies: number
}

/** Latencies are lognormal with this median; sigma as measured of the time to the first token of Haiku 4.5. */
const medianMillis = 300
const sigma = 0.44

/** The same for all asks: no answer takes longer because it has more tokens. */
const usage: Message.Usage = { ...Message.noUsage, inputTokens: 500, outputTokens: 300 }

/** The step of the virtual clock. */
const stepMillis = 25

/** Runs the same asks with and without hedging, once for each seed, with the same latencies. */
export const simulate = Effect.fnUntraced(function* (options: Options) {
  const plain: Array<Run> = []
  const hedged: Array<Run> = []
  for (let seed = 0; seed < options.seeds; seed++) {
    plain.push(yield* run(options, seed, {}))
    hedged.push(yield* run(options, seed, { hedge: {} }))
  }
  const tokens = (runs: ReadonlyArray<Run>) => runs.reduce((sum, run) => sum + run.tokens, 0)
  const result: Result = {
    p99Millis: quantile(plain, 0.99),
    hedgedP99Millis: quantile(hedged, 0.99),
    medianMillis: quantile(plain, 0.5),
    hedgedMedianMillis: quantile(hedged, 0.5),
    tokenRatio: tokens(hedged) / tokens(plain),
    copies: hedged.reduce((sum, run) => sum + run.copies, 0)
  }
  return result
}, Effect.provide(TestClock.layer()))

interface Run {
  readonly millis: number
  readonly tokens: number
  readonly copies: number
}

const run = Effect.fnUntraced(function* (options: Options, seed: number, layers: Stack.Options) {
  const { asks = 50, slowness = 10, stragglers = 0.02 } = options
  const drawn = Effect.gen(function* () {
    const [a, b, c] = [yield* Random.next, yield* Random.next, yield* Random.next]
    const normal = Math.sqrt(-2 * Math.log(1 - a)) * Math.cos(2 * Math.PI * b)
    return medianMillis * Math.exp(sigma * normal) * (c < stragglers ? slowness : 1)
  })
  const send = Effect.fnUntraced(function* ({ model }: Message.Request) {
    const { ask, hedge } = yield* Call.Current
    yield* Effect.sleep(yield* Random.withSeed(drawn, `${seed} ${ask} ${hedge === true}`))
    const content = [{ type: "text", text: "yes" }]
    const reply: Message.Reply = {
      id: "",
      model,
      content,
      stopReason: "end_turn",
      stopSequence: null,
      usage,
      headers: {}
    }
    return reply
  })
  const claude = Layer.succeed(Claude.Claude, Claude.Claude.of({ send }))
  const counts = { tokens: 0, copies: 0 }
  const emit: Event.Listener["emit"] = (event) =>
    Effect.sync(() => {
      if (event._tag === "Dispatched" && event.hedge === true) counts.copies++
      if ((event._tag !== "Replied" && event._tag !== "AttemptFailed") || event.usage === undefined) return
      counts.tokens += Message.inputTokensOf(event.usage) + event.usage.outputTokens
    })
  const startedAt = yield* Clock.currentTimeMillis
  const fiber = yield* Research.run(Array.from({ length: asks }, (_, n) => Ask.text(`question ${n}`))).pipe(
    Effect.andThen(Clock.currentTimeMillis),
    Effect.provide(Stack.layerOver({ ...layers, pacing: { inFlight: asks * 2 } }).pipe(Layer.provide(claude))),
    Effect.provideService(Event.Listener, { emit }),
    Effect.forkChild
  )
  while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust(stepMillis)
  const result: Run = { ...counts, millis: (yield* Fiber.join(fiber)) - startedAt }
  return result
})

/** The smallest time in which `share` of the runs ended. */
const quantile = (runs: ReadonlyArray<Run>, share: number): number => {
  const sorted = runs.map(({ millis }) => millis).toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
}
