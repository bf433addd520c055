/** The cases of `delivery` with faults: random ones, an outage, and calls that fall silent. */
import type { Scenario } from "fanfold/mocks"
import { medianOf } from "../harness/Results.ts"
import {
  burst,
  type Case,
  constant,
  latencyMillis,
  perSecond,
  requestLimits,
  secondsOf,
  synthesisMillis,
  totalsOf
} from "./Case.ts"
import type { Work } from "./Job.ts"
import * as Judge from "./Judge.ts"
import { askAttempts, settledAfter } from "./Run.ts"

export const faultCases = (isQuick: boolean): ReadonlyArray<Case> => [
  randomFaults(isQuick),
  fewFaults,
  outage(isQuick),
  silence(false),
  silence(true)
]

const overloaded = { kind: "status", status: 529, type: "overloaded_error", message: "Overloaded" } as const

const randomScenario = (seed: number): Scenario => ({
  seed,
  // Short, so that many seeds take little time; the backoffs of retries are as long as always.
  latency: 40,
  replies: [{ when: { part: "ask" }, reply: "An answer of a few words, in more than one piece of a stream." }],
  // The mock tries one after the other: a fault's probability is its share of the requests that the earlier ones left.
  faults: [
    { fault: overloaded, probability: 0.1 },
    { fault: { kind: "reset" }, probability: 0.05 / 0.9 },
    { fault: { kind: "cut", how: "reset" }, probability: 0.02 / 0.85 }
  ]
})

const randomFaults = (isQuick: boolean): Case => {
  const work = { asks: 200, isStreamed: true, patienceSeconds: 240 }
  const seeds = isQuick ? 5 : 100
  return {
    name: `10 % 529, 5 % resets, 2 % cuts mid-stream, ${seeds} seeds`,
    work,
    setups: Array.from({ length: seeds }, (_, index) => constant(randomScenario(index + 1))),
    rounds: 1,
    isBusy: !isQuick,
    targets: (outcomes) => {
      const { doubled, lost, perAnswer } = totalsOf(outcomes, work)
      return [
        Judge.atMost("lost answers", lost, 0),
        Judge.atMost("answers delivered twice", doubled, 0),
        Judge.atMost("requests per answer", perAnswer, 1.25)
      ]
    }
  }
}

/** Why a complete peer is hard to keep up with. */
const luckyPeer =
  "a peer is complete only in seeds where none of its calls fails three times, after which the next backoff takes seconds, and the " +
  "fastest one has all calls in flight at once"

/** 200 asks, 32 in flight, as the contender with p-limit has it. */
const fewFaults: Case = {
  name: "10 % 529, 5 % resets, 32 in flight, 5 seeds",
  work: { asks: 200, concurrency: 32, patienceSeconds: 120 },
  setups: Array.from({ length: 5 }, (_, index) => {
    const { faults = [], ...scenario } = randomScenario(index + 1)
    return constant({ ...scenario, latency: latencyMillis, faults: faults.slice(0, 2) })
  }),
  rounds: 1,
  isBusy: true,
  targets: (outcomes, peers) => {
    const ratios = outcomes.flatMap(({ wallMillis }, seed) => {
      const complete = peers.flatMap((all) => (all[seed]!.isComplete ? [all[seed]!.wallMillis] : []))
      return complete.length === 0 ? [] : [wallMillis / Math.min(...complete)]
    })
    return [
      Judge.atMost("runs without all answers", outcomes.filter(({ isComplete }) => !isComplete).length, 0),
      {
        ...Judge.atMost("wall ÷ the fastest complete peer's, by seed", ratios.length === 0 ? 0 : medianOf(ratios), 1.2),
        why: luckyPeer
      }
    ]
  }
}

const outage = (isQuick: boolean): Case => {
  const [from, until] = isQuick ? [1, 6] : [2, 12]
  const work = { asks: isQuick ? 120 : 250, patienceSeconds: 120 }
  const outageMillis = (until - from) * 1000
  return {
    name: `outage: everything 529 from second ${from} to ${until}`,
    work,
    setups: [constant({ limits: requestLimits, faults: [{ fault: overloaded, betweenSeconds: [from, until] }] })],
    rounds: 1,
    // Two bursts: the bucket is full at the start, and again when the outage ends.
    idealMillis: () =>
      outageMillis + ((work.asks + 1 - 2 * burst) / perSecond) * 1000 + latencyMillis + synthesisMillis,
    targets: ([outcome]) => {
      const seconds = secondsOf(outcome!).filter(({ second }) => second >= from && second < until)
      const accepted = askAttempts(outcome!).filter(({ status }) => status === 200)
      const end = (askAttempts(outcome!).at(-1)?.atMillis ?? 0) / 1000
      const back = settledAfter(
        accepted.map(({ atMillis }) => atMillis),
        until,
        end,
        perSecond
      )
      return [
        Judge.atMost("lost answers", totalsOf([outcome!], work).lost, 0),
        Judge.atMost("most probes in a second", Math.max(...seconds.map(({ rejected }) => rejected)), 3),
        Judge.atMost("back to full rate after", back, 3, Judge.seconds)
      ]
    }
  }
}

const silence = (isStreamed: boolean): Case => {
  const asks = 20
  const timeouts = { silence: 1000, attempt: 2000, ask: 5000 }
  const work: Work = { asks, isStreamed, policy: "best-effort", timeouts, patienceSeconds: 12 }
  const faults: Scenario["faults"] = [
    { fault: { kind: "hang" }, when: { user: "question 3?", part: "ask" } },
    { fault: { kind: "stall" }, when: { user: "question 7?", part: "ask" } },
    { fault: { kind: "drip", everyMillis: 1000 }, when: { user: "question 11?", part: "ask" } }
  ]
  // The timeout of an ask, one latency and the synthesis.
  const maxSeconds = (timeouts.ask + latencyMillis + synthesisMillis) / 1000
  return {
    name: `one call hangs, one stalls mid-body, one drips, ${isStreamed ? "streamed" : "plain"}`,
    work,
    setups: [constant({ faults })],
    rounds: 1,
    targets: ([outcome]) => [
      Judge.atMost("lost answers, without those of the three calls", asks - 3 - outcome!.answers, 0),
      Judge.atMost("the run ends after", outcome!.wallMillis / 1000, maxSeconds * 1.05, Judge.seconds)
    ]
  }
}
