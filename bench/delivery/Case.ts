/** A case of `delivery` that goes over the wire: what the API does, what is asked, and which figures are to be reached. */
import type { Scenario } from "fanfold/mocks"
import type { Setup } from "../harness/MockRuns.ts"
import { medianOf } from "../harness/Results.ts"
import type { Work } from "./Job.ts"
import * as Judge from "./Judge.ts"
import { askAttempts, figuresOf, type Outcome } from "./Run.ts"

export interface Case {
  readonly name: string
  readonly work: Work
  /** One for each run in a process. */
  readonly setups: ReadonlyArray<Setup>
  /** Processes of each contender, one after the other. */
  readonly rounds: number
  readonly idealMillis?: (outcome: Outcome) => number
  /** `peers`: the outcomes of the other contenders. */
  readonly targets: (
    outcomes: ReadonlyArray<Outcome>,
    peers: ReadonlyArray<ReadonlyArray<Outcome>>
  ) => ReadonlyArray<Judge.Target>
  /** Processes that share a mock and divide the asks; 1 without it. */
  readonly processes?: number
  /** Keeps the processor busy, so that no other case may run at the same time. */
  readonly isBusy?: boolean
}

/** Latency of an ask, and of the synthesis, in milliseconds. */
export const latencyMillis = 300
export const synthesisMillis = 300

/** Requests per second, and requests that may be sent at once. */
export const perSecond = 20
export const burst = 10
export const requestLimits = { rpm: perSecond * 60, burstSeconds: burst / perSecond }

/** A fixed document: the one that the mock writes itself would grow with the number of asks. */
const synthesisReply = { when: { part: "synthesis" as const }, reply: "All that was answered, in a few words." }

/** The scenario with the default latency and the reply to the synthesis. */
export const withDefaults = ({ replies = [], ...scenario }: Scenario): Scenario => ({
  latency: latencyMillis,
  replies: [synthesisReply, ...replies],
  ...scenario
})

/** One phase that lasts the whole run. */
export const constant = (scenario: Scenario, omitsLimitHeaders = false): Setup => ({
  phases: [{ fromSeconds: 0, scenario: withDefaults(scenario) }],
  omitsLimitHeaders
})

/** Lost and doubled answers of all runs, 429s per ask, and attempts per answer. */
export const totalsOf = (outcomes: ReadonlyArray<Outcome>, work: Work) => {
  const all = outcomes.map((outcome) => figuresOf(outcome, work))
  const sum = (of: (figures: (typeof all)[number]) => number) => all.reduce((total, each) => total + of(each), 0)
  const answers = outcomes.reduce((total, each) => total + each.answers, 0)
  return {
    lost: sum(({ lost }) => lost),
    doubled: sum(({ doubled }) => doubled),
    limitedShare: sum(({ limited }) => limited) / (work.asks * all.length),
    perAnswer: sum(({ attempts }) => attempts) / answers
  }
}

/** The median of wall ÷ ideal is at most `max`. */
export const wallTarget = (
  outcomes: ReadonlyArray<Outcome>,
  idealMillis: (outcome: Outcome) => number,
  max: number
): Judge.Target =>
  Judge.atMost("wall ÷ ideal", medianOf(outcomes.map((each) => each.wallMillis / idealMillis(each))), max)

/** Attempts of asks in each second, and how many of them the server rejected. */
export const secondsOf = (outcome: Outcome) => {
  const attempts = askAttempts(outcome)
  const last = Math.floor(Math.max(0, ...attempts.map(({ atMillis }) => atMillis)) / 1000)
  return Array.from({ length: last + 1 }, (_, second) => {
    const arrivals = attempts.filter(({ atMillis }) => Math.floor(atMillis / 1000) === second)
    return { second, arrived: arrivals.length, rejected: arrivals.filter(({ status }) => status !== 200).length }
  })
}
