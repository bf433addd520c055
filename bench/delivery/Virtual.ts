/** The cases of `delivery` within this process: hundreds or thousands of runs in virtual time, and what the mock's cache tells. */
import { Effect } from "effect"
import * as DeliveryBudget from "./Budget.ts"
import * as DeliveryFaults from "./Faults.ts"
import * as DeliveryHedge from "./Hedge.ts"
import * as Judge from "./Judge.ts"
import * as DeliveryWarm from "./Warm.ts"

export interface Case {
  readonly name: string
  readonly play: (tell: (doing: string) => void) => Promise<ReadonlyArray<Judge.Target>>
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
  play: async (tell) => {
    const figures = await DeliveryFaults.measure(seeds, (seed) => tell(`seed ${text(seed)}`))
    for (const complaint of figures.complaints) console.error(complaint)
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
  name: `$${DeliveryBudget.limitUsd.toFixed(2)}, 50 in flight, ${text(seeds)} seeds of usage, virtual time`,
  play: async (tell) => {
    const spent: Array<DeliveryBudget.Spent> = []
    for (let seed = 0; seed < seeds; seed++) {
      tell(`seed ${text(seed + 1)}`)
      spent.push(await Effect.runPromise(DeliveryBudget.run(seed)))
    }
    const most = Math.max(...spent.map(({ billedUsd }) => billedUsd))
    return [
      Judge.atMost("overspends", spent.filter(({ billedUsd }) => billedUsd > DeliveryBudget.limitUsd).length, 0),
      Judge.atMost("highest bill", most, DeliveryBudget.limitUsd, Judge.usd),
      Judge.atMost("runs whose synthesis was not affordable", spent.filter(({ isFolded }) => !isFolded).length, 0)
    ]
  }
})

const warm: Case = {
  name: "20 asks over one 20k-token document, through the mock's cache",
  play: async () => {
    const { costRatio, warm } = await Effect.runPromise(DeliveryWarm.compare())
    return [
      Judge.atMost("cache writes", warm.writes, 1),
      Judge.atMost("asks that neither wrote nor read the cache", 20 - warm.writes - warm.reads, 0),
      Judge.atMost("input cost, of the same sent cold", costRatio, 0.15, Judge.percent),
      Judge.atMost("delay, in times to the first token", warm.delay, 1)
    ]
  }
}

const hedge = (seeds: number): Case => ({
  name: `2 % stragglers at 10 × latency, 50 asks, hedge on, ${seeds} seeds, virtual time`,
  play: async () => {
    const { hedgedP99Millis, p99Millis, tokenRatio } = await Effect.runPromise(DeliveryHedge.simulate({ seeds }))
    return [
      Judge.atMost("p99 of run time, of that without hedge", hedgedP99Millis / p99Millis, 0.6, Judge.percent),
      Judge.atMost("tokens, of those without hedge", tokenRatio, 1.06, Judge.percent)
    ]
  }
})
