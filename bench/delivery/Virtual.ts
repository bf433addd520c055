/** The cases of `delivery` that run in this process: thousands of runs in virtual time, and the cache of the mock. */
import { Effect } from "effect"
import * as Budget from "./Budget.ts"
import * as Faults from "./Faults.ts"
import * as Hedge from "./Hedge.ts"
import * as Judge from "./Judge.ts"
import * as Warm from "./Warm.ts"

export interface Case {
  readonly name: string
  /** Calls `onStep` with a description of each step. */
  readonly play: (onStep: (step: string) => void) => Promise<ReadonlyArray<Judge.Target>>
}

export const casesOf = (isQuick: boolean): ReadonlyArray<Case> => [
  budget(isQuick ? 20 : 1000),
  warm,
  hedge(isQuick ? 20 : 200),
  faults(isQuick ? 300 : 10_000)
]

const text = (count: number): string => count.toLocaleString("en-US")

const faults = (seeds: number): Case => ({
  name: `${text(seeds)} seeds of random faults, virtual time`,
  play: async (onStep) => {
    const figures = await Faults.measure(seeds, (seed) => onStep(`seed ${text(seed)}`))
    for (const violation of figures.violations) console.error(violation)
    return [
      Judge.atMost("runs that hang", figures.hangs, 0),
      Judge.atMost("lost answers", figures.lost, 0),
      Judge.atMost("answers delivered twice", figures.doubled, 0),
      Judge.atMost("runs that leave a call or a timer", figures.leftovers, 0),
      Judge.atMost("seeds whose events differ the second time", figures.differing, 0)
    ]
  }
})

const budget = (seeds: number): Case => ({
  name: `$${Budget.limitUsd.toFixed(2)}, 50 in flight, ${text(seeds)} seeds of usage, virtual time`,
  play: async (onStep) => {
    const spent: Array<Budget.Spent> = []
    for (let seed = 0; seed < seeds; seed++) {
      onStep(`seed ${text(seed + 1)}`)
      spent.push(await Effect.runPromise(Budget.run(seed)))
    }
    const highest = Math.max(...spent.map(({ billedUsd }) => billedUsd))
    return [
      Judge.atMost("overspends", spent.filter(({ billedUsd }) => billedUsd > Budget.limitUsd).length, 0),
      Judge.atMost("highest bill", highest, Budget.limitUsd, Judge.usd),
      Judge.atMost("runs whose synthesis was not affordable", spent.filter(({ isFolded }) => !isFolded).length, 0)
    ]
  }
})

const warm: Case = {
  name: "20 asks over one 20k-token document, through the mock's cache",
  play: async () => {
    const { costRatio, warm } = await Effect.runPromise(Warm.compare())
    return [
      Judge.atMost("cache writes", warm.writes, 1),
      Judge.atMost("asks that neither wrote nor read the cache", 20 - warm.writes - warm.reads, 0),
      Judge.atMost("input cost ÷ sent cold", costRatio, 0.15, Judge.percent),
      Judge.atMost("delay, in times to the first token", warm.delay, 1)
    ]
  }
}

const hedge = (seeds: number): Case => ({
  name: `2 % stragglers at 10 × latency, 50 asks, hedge on, ${seeds} seeds, virtual time`,
  play: async () => {
    const { hedgedP99Millis, p99Millis, tokenRatio } = await Effect.runPromise(Hedge.simulate({ seeds }))
    return [
      Judge.atMost("p99 of run time, of that without hedge", hedgedP99Millis / p99Millis, 0.6, Judge.percent),
      Judge.atMost("tokens, of those without hedge", tokenRatio, 1.06, Judge.percent)
    ]
  }
})
