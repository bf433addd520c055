/** The cases of `delivery` that take hundreds or thousands of runs, and so take place in virtual time. */
import { Effect } from "effect"
import * as DeliveryBudget from "./DeliveryBudget.ts"
import * as DeliveryFaults from "./DeliveryFaults.ts"
import * as Judge from "./DeliveryJudge.ts"

export interface Case {
  readonly name: string
  readonly play: (tell: (doing: string) => void) => Promise<ReadonlyArray<Judge.Target>>
}

export const casesOf = (isQuick: boolean): ReadonlyArray<Case> => [
  faults(isQuick ? 300 : 10_000),
  budget(isQuick ? 20 : 1000)
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
