/** How long a simulated Claude takes: network, time to first token, time per output token, rare stalls. */
import type { SeededRandom } from "./SeededRandom.ts"

/** What a latency function may look at. */
export interface Call {
  readonly model: string
  /** The ask's text, or the synthesis's instruction. */
  readonly user: string
  readonly inputTokens: number
  readonly outputTokens: number
  readonly random: SeededRandom
}

/** Simulated milliseconds from the request's arrival: `firstTokenMillis` ≤ `totalMillis`. A plain reply arrives at the total. */
export interface Times {
  readonly firstTokenMillis: number
  readonly totalMillis: number
}

/** Gives one call's times; a bare number is the total, with the first token half-way. */
export type Latency = (call: Call) => Times | number

/** Parameters of a profile, in milliseconds. `sigma` is that of the logarithm of the time to first token. */
export interface Profile {
  readonly firstTokenMillis: number
  readonly sigma: number
  readonly perTokenMillis: number
  readonly networkMillis?: number
  /** Share of calls whose first token takes 3 to 10 times as long. */
  readonly stallShare?: number
}

/** Median round trip seen in the recordings behind CLAUDE profiles (95 to 380 ms). */
const networkMillis = 174
/** A choice, not a measurement: about one call in a hundred stalls. */
const stallShare = 0.01

/** Draws the first token from a lognormal, the rest per token with 10 % jitter. */
export const lognormal =
  (profile: Profile): Latency =>
  ({ random, outputTokens }) => {
    const network = (profile.networkMillis ?? networkMillis) * Math.exp(0.2 * random.normal("network"))
    const stalls = random.uniform("stall") < (profile.stallShare ?? stallShare)
    const stall = stalls ? 3 + 7 * random.uniform("stall length") : 1
    const first = profile.firstTokenMillis * Math.exp(profile.sigma * random.normal("first token")) * stall
    const tokens = outputTokens * profile.perTokenMillis * Math.exp(0.1 * random.normal("per token"))
    return { firstTokenMillis: network + first, totalMillis: network + first + tokens }
  }

/** Always `totalMillis`, whatever the length of the reply; `firstTokenMillis` is half of it unless given. */
export const fixed =
  (totalMillis: number, options: { readonly firstTokenMillis?: number } = {}): Latency =>
  () => ({ firstTokenMillis: Math.min(totalMillis, options.firstTokenMillis ?? totalMillis / 2), totalMillis })

/** Evenly between `minMillis` and `maxMillis`. */
export const uniform =
  (minMillis: number, maxMillis: number): Latency =>
  ({ random }) =>
    minMillis + (maxMillis - minMillis) * random.uniform("total")

/** Answers at once. */
export const none: Latency = () => 0

/** Measured on 564 recordings with the API's own server-time header: Haiku 4.5, TTFT p50 455 ms. */
export const haiku45 = lognormal({ firstTokenMillis: 455, sigma: 0.44, perTokenMillis: 8 })
/** Measured: Sonnet 4, TTFT p50 1,110 ms. */
export const sonnet4 = lognormal({ firstTokenMillis: 1110, sigma: 0.36, perTokenMillis: 15 })
/** Measured: Sonnet 4.5, TTFT p50 1,270 ms. */
export const sonnet45 = lognormal({ firstTokenMillis: 1270, sigma: 0.33, perTokenMillis: 21 })
/** A guess, not measured: Haiku 5.5. */
export const haiku55 = lognormal({ firstTokenMillis: 500, sigma: 0.4, perTokenMillis: 7 })
/** A guess, not measured: Sonnet 5.5. */
export const sonnet55 = lognormal({ firstTokenMillis: 1200, sigma: 0.35, perTokenMillis: 15 })
/** A guess, not measured: Opus 5.5, and anything larger. */
export const opus55 = lognormal({ firstTokenMillis: 2000, sigma: 0.35, perTokenMillis: 20 })

const families: ReadonlyArray<readonly [RegExp, Latency]> = [
  [/haiku-4-5/, haiku45],
  [/haiku/, haiku55],
  [/sonnet-4-5/, sonnet45],
  [/sonnet-4/, sonnet4],
  [/sonnet/, sonnet55]
]

/** Picks the profile of the model that is asked: measured where there is one, a labelled guess elsewhere. */
export const byModel: Latency = (call) => (families.find(([pattern]) => pattern.test(call.model))?.[1] ?? opus55)(call)

/** Resolves what a latency function gave into times that are in order. */
export const times = (latency: Latency, call: Call): Times => {
  const given = latency(call)
  const { firstTokenMillis, totalMillis } =
    typeof given === "number" ? { firstTokenMillis: given / 2, totalMillis: given } : given
  return { firstTokenMillis: Math.min(firstTokenMillis, totalMillis), totalMillis }
}
