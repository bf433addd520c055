/** What second copies of stragglers buy, in virtual time: the slowest runs with and without them, and their tokens. */
import { Clock, Effect, Fiber, Layer, Random } from "effect"
import { TestClock } from "effect/testing"
import { Ask, Call, Claude, Event, Message, Research, Stack } from "fanfold"

export interface Options {
  readonly seeds: number
  readonly asks?: number
  /** How many of all requests, copies too, take how many times as long. */
  readonly stragglers?: number
  readonly slowness?: number
}

/** Times are of whole runs, in milliseconds; `tokenRatio` is with copies to without. */
export interface Result {
  readonly p99Millis: number
  readonly hedgedP99Millis: number
  readonly medianMillis: number
  readonly hedgedMedianMillis: number
  readonly tokenRatio: number
  readonly copies: number
}

/** Half of the requests take that long, and the others spread as times to the first token of Haiku 4.5 do. */
const medianMillis = 300
const sigma = 0.44

/** All asks are alike, so that no answer takes long only because it is long. */
const usage: Message.Usage = { ...Message.noUsage, inputTokens: 500, outputTokens: 300 }

/** How far the clock goes between two looks. */
const stepMillis = 25

/** Runs the same asks with and without hedging, once for each seed; both meet the same latencies. */
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
  const book = { tokens: 0, copies: 0 }
  const emit: Event.Listener["emit"] = (event) =>
    Effect.sync(() => {
      if (event._tag === "Dispatched" && event.hedge === true) book.copies++
      if ((event._tag !== "Replied" && event._tag !== "AttemptFailed") || event.usage === undefined) return
      book.tokens += Message.inputTokensOf(event.usage) + event.usage.outputTokens
    })
  const startedAt = yield* Clock.currentTimeMillis
  const fiber = yield* Research.run(Array.from({ length: asks }, (_, n) => Ask.text(`question ${n}`))).pipe(
    Effect.andThen(Clock.currentTimeMillis),
    Effect.provide(Stack.layerOver({ ...layers, pacing: { inFlight: asks * 2 } }).pipe(Layer.provide(claude))),
    Effect.provideService(Event.Listener, { emit }),
    Effect.forkChild
  )
  while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust(stepMillis)
  const result: Run = { ...book, millis: (yield* Fiber.join(fiber)) - startedAt }
  return result
})

/** The smallest time within which that share of the runs is over. */
const quantile = (runs: ReadonlyArray<Run>, share: number): number => {
  const sorted = runs.map(({ millis }) => millis).toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
}
