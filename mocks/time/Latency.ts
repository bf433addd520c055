/** Simulated latency: network, time to first token, time per output token, and rare stalls. */
import type { SeededRandom } from "./SeededRandom.ts"

/** The call whose latency is computed. */
export interface Call {
  readonly model: string
  /** The question of an ask, or the instruction of a synthesis. */
  readonly user: string
  readonly inputTokens: number
  readonly outputTokens: number
  readonly random: SeededRandom
}

/** Simulated milliseconds from the request's arrival to the first and the last token. A plain reply arrives at the total. */
export interface Times {
  readonly firstTokenMillis: number
  readonly totalMillis: number
}

/** Gives the times of one call. A number is the total; the first token then comes after half of it. */
export type Latency = (call: Call) => Times | number

/** Medians in milliseconds. `sigma` is the standard deviation of the logarithm of the time to first token. */
export interface Profile {
  readonly firstTokenMillis: number
  readonly sigma: number
  readonly perTokenMillis: number
  readonly networkMillis?: number
  /** Share of calls whose time to first token is multiplied by 3 to 10; 0.01 by default. */
  readonly stallShare?: number
}

/** Median round trip in the recordings that the profiles below were measured on (range 95 to 380 ms). */
const networkMillis = 174
/** Chosen, not measured: 1 % of the calls stall. */
const stallShare = 0.01

/** Time to first token is lognormal around its median; time per token varies by call (sigma 0.1), and so does the network (0.2). */
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

/** Every call takes `totalMillis`, whatever the length of its reply; `firstTokenMillis` is half of it by default. */
export const fixed =
  (totalMillis: number, options: { readonly firstTokenMillis?: number } = {}): Latency =>
  () => ({ firstTokenMillis: Math.min(totalMillis, options.firstTokenMillis ?? totalMillis / 2), totalMillis })

/** The total is uniform between `minMillis` and `maxMillis`. */
export const uniform =
  (minMillis: number, maxMillis: number): Latency =>
  ({ random }) =>
    minMillis + (maxMillis - minMillis) * random.uniform("total")

/** Every call takes 0 ms. */
export const none: Latency = () => 0

/** Haiku 4.5, measured by the server-time header of 564 recordings: median time to first token 455 ms. */
export const haiku45 = lognormal({ firstTokenMillis: 455, sigma: 0.44, perTokenMillis: 8 })
/** Sonnet 4, measured: median time to first token 1,110 ms. */
export const sonnet4 = lognormal({ firstTokenMillis: 1110, sigma: 0.36, perTokenMillis: 15 })
/** Sonnet 4.5, measured: median time to first token 1,270 ms. */
export const sonnet45 = lognormal({ firstTokenMillis: 1270, sigma: 0.33, perTokenMillis: 21 })
/** Haiku 5.5: a guess, not measured. */
export const haiku55 = lognormal({ firstTokenMillis: 500, sigma: 0.4, perTokenMillis: 7 })
/** Sonnet 5.5: a guess, not measured. */
export const sonnet55 = lognormal({ firstTokenMillis: 1200, sigma: 0.35, perTokenMillis: 15 })
/** Opus 5.5 and larger models: a guess, not measured. */
export const opus55 = lognormal({ firstTokenMillis: 2000, sigma: 0.35, perTokenMillis: 20 })

const families: ReadonlyArray<readonly [RegExp, Latency]> = [
  [/haiku-4-5/, haiku45],
  [/haiku/, haiku55],
  [/sonnet-4-5/, sonnet45],
  [/sonnet-4/, sonnet4],
  [/sonnet/, sonnet55]
]

/** Uses the profile of the requested model: measured for Haiku 4.5, Sonnet 4 and Sonnet 4.5, a guess for the others. */
export const byModel: Latency = (call) => (families.find(([pattern]) => pattern.test(call.model))?.[1] ?? opus55)(call)

/** Calls a latency function and completes its times: the first token never comes after the total. */
export const times = (latency: Latency, call: Call): Times => {
  const result = latency(call)
  const { firstTokenMillis, totalMillis } =
    typeof result === "number" ? { firstTokenMillis: result / 2, totalMillis: result } : result
  return { firstTokenMillis: Math.min(firstTokenMillis, totalMillis), totalMillis }
}
