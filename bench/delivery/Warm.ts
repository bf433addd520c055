/** Measures Warm, which sends one ask first if all share a document: cache writes, input cost, and the delay of the others. */
import { Effect, Layer, Redacted } from "effect"
import { Ask, Claude, Event, Message, Pacing, Price, Research, Retry, Stack } from "fanfold"
import { clock, latency, mockClaude } from "fanfold/mocks"

/** Number of asks, length of the shared document, and times of every reply. */
export interface Options {
  readonly asks?: number
  readonly documentTokens?: number
  readonly firstTokenMillis?: number
  readonly totalMillis?: number
}

/** `delay`: time from the dispatch of the first ask to that of the last, in multiples of the time to the first token. */
export interface Arm {
  readonly writes: number
  readonly reads: number
  readonly inputUsd: number
  readonly delay: number
  readonly wallMillis: number
}

/** `cold` sends the same requests all at once; `costRatio`: input cost of `warm` ÷ `cold`. */
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

/** A clock that starts when `n` calls sleep: all arrive at the same simulated time, even on a busy machine. */
const startWhenAllWait = (n: number): clock.Clock => {
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

/** Runs the asks against a new mock, through the stack that `layerOf` builds over its `fetch`. */
const measure = Effect.fnUntraced(function* (
  options: Required<Options>,
  time: clock.Clock,
  layerOf: (fetch: typeof globalThis.fetch) => Layer.Layer<Claude.Claude>
) {
  const { asks: n, documentTokens, firstTokenMillis, totalMillis } = options
  const claude = mockClaude({ clock: time, latency: latency.fixed(totalMillis, { firstTokenMillis }) })
  const asks = Object.fromEntries(
    Array.from({ length: n }, (_, index) => [`ask${index}`, Ask.text(`Question ${index}?`, { maxTokens: 1000 })])
  )
  const events: Array<Event.Event> = []
  const { durationMillis } = yield* Research.run(asks, { context: documentOf(documentTokens) }).pipe(
    Effect.provide(layerOf(claude.fetch)),
    Effect.provideService(Event.Listener, { emit: (event) => Effect.sync(() => void events.push(event)) })
  )
  const replied = events.filter((event) => event._tag === "Replied")
  const dispatchedAt = events.filter((event) => event._tag === "Dispatched").map(({ at }) => at)
  const firstToken = events.find((event) => event._tag === "FirstToken" || event._tag === "Replied")
  const delayMillis = Math.max(...dispatchedAt) - Math.min(...dispatchedAt)
  return {
    writes: replied.filter(({ usage }) => usage.cacheCreationInputTokens > 0).length,
    reads: replied.filter(({ usage }) => usage.cacheReadInputTokens > 0).length,
    inputUsd: replied.reduce((sum, { model, usage }) => sum + inputUsdOf(model, usage), 0),
    delay: delayMillis / ((firstToken?.at ?? Number.NaN) - Math.min(...dispatchedAt)),
    wallMillis: durationMillis
  } satisfies Arm
})

/** Compares the default stack with one without `Warm`; both may have all asks in flight. */
export const compare = Effect.fnUntraced(function* (options: Options = {}) {
  const all = { asks: 20, documentTokens: 20_000, firstTokenMillis: 500, totalMillis: 1500, ...options }
  const pacing = { inFlight: all.asks }
  const warm = yield* measure(all, clock.real, (fetch) => Stack.layer({ apiKey, fetch, pacing }))
  const cold = yield* measure(all, startWhenAllWait(all.asks), (fetch) =>
    Retry.layer().pipe(
      Layer.provide(Pacing.layer(pacing)),
      Layer.provide(Layer.effect(Claude.Claude, Claude.make({ apiKey, fetch })))
    )
  )
  return { warm, cold, costRatio: warm.inputUsd / cold.inputUsd } satisfies Outcome
})
