/** What it buys that one ask leads where all share a document: cache writes, input cost, and how much later the others leave. */
import { Effect, Layer, Redacted } from "effect"
import { Ask, Claude, Event, Message, Pacing, Price, Research, Retry, Stack } from "fanfold"
import { clock, latency, mockClaude } from "fanfold/mocks"

/** How many asks, over how long a document; times of every reply in milliseconds. */
export interface Options {
  readonly asks?: number
  readonly documentTokens?: number
  readonly firstTokenMillis?: number
  readonly totalMillis?: number
}

/** One way of sending. `delay`: how much later than the first ask the last one left, in times from then to the first token. */
export interface Arm {
  readonly writes: number
  readonly reads: number
  readonly inputUsd: number
  readonly delay: number
  readonly wallMillis: number
}

/** `costRatio`: input cost of `warm` as a share of `cold`, which sends the same requests all at once. */
export interface Outcome {
  readonly warm: Arm
  readonly cold: Arm
  readonly costRatio: number
}

const apiKey = Redacted.make("offline")

/** The mock counts 4.4 characters of English as one token. */
const documentOf = (tokens: number): string =>
  "One line of a document, of which there are many. ".repeat((tokens * 4.4) / 49)

const inputUsdOf = (model: string, usage: Message.Usage): number =>
  Price.usdOf(model, { ...usage, outputTokens: 0, webSearches: 0 }) ?? Number.NaN

/** A clock that stands still until `n` calls wait for it: as if all had come at once, however busy the machine is. */
const startingGun = (n: number): clock.Clock => {
  const { promise: started, resolve: start } = Promise.withResolvers<void>()
  let offset: number | undefined
  let waiting = 0
  return {
    now: () => (offset === undefined ? 0 : clock.real.now() - offset),
    sleep: async (millis, signal) => {
      if (++waiting === n) {
        offset = clock.real.now()
        start()
      }
      await started
      return clock.real.sleep(millis, signal)
    }
  }
}

/** Runs the asks against a mock of their own, through the stack that `layerOf` builds over its `fetch`. */
const measure = Effect.fnUntraced(function* (
  options: Required<Options>,
  time: clock.Clock,
  layerOf: (fetch: typeof globalThis.fetch) => Layer.Layer<Claude.Claude>
) {
  const { asks: n, documentTokens, firstTokenMillis, totalMillis } = options
  const claude = mockClaude({ clock: time, latency: latency.fixed(totalMillis, { firstTokenMillis }) })
  const asks = Object.fromEntries(
    Array.from({ length: n }, (_, index) => [`ask${index}`, Ask.text(`Question ${index}?`, { maxTokens: 100 })])
  )
  const events: Array<Event.Event> = []
  const { durationMillis } = yield* Research.run(asks, { context: documentOf(documentTokens) }).pipe(
    Effect.provide(layerOf(claude.fetch)),
    Effect.provideService(Event.Listener, { emit: (event) => Effect.sync(() => void events.push(event)) })
  )
  const replied = events.filter((event) => event._tag === "Replied")
  const leftAt = events.filter((event) => event._tag === "Dispatched").map(({ at }) => at)
  const began = events.find((event) => event._tag === "FirstToken" || event._tag === "Replied")
  const delayMillis = Math.max(...leftAt) - Math.min(...leftAt)
  return {
    writes: replied.filter(({ usage }) => usage.cacheCreationInputTokens > 0).length,
    reads: replied.filter(({ usage }) => usage.cacheReadInputTokens > 0).length,
    inputUsd: replied.reduce((sum, { model, usage }) => sum + inputUsdOf(model, usage), 0),
    delay: delayMillis / ((began?.at ?? Number.NaN) - Math.min(...leftAt)),
    wallMillis: durationMillis
  } satisfies Arm
})

/** The default stack, and beside it the same without `Warm`. The gate of both is wide enough for all. */
export const compare = Effect.fnUntraced(function* (options: Options = {}) {
  const all = { asks: 20, documentTokens: 20_000, firstTokenMillis: 500, totalMillis: 1500, ...options }
  const pacing = { inFlight: all.asks }
  const warm = yield* measure(all, clock.real, (fetch) => Stack.layer({ apiKey, fetch, pacing }))
  const cold = yield* measure(all, startingGun(all.asks), (fetch) =>
    Retry.layer().pipe(
      Layer.provide(Pacing.layer(pacing)),
      Layer.provide(Layer.effect(Claude.Claude, Claude.make({ apiKey, fetch })))
    )
  )
  return { warm, cold, costRatio: warm.inputUsd / cold.inputUsd } satisfies Outcome
})
