/** The cases of `delivery` with rate limits: of requests, of tokens, and one that changes during the run. */
import {
  burst,
  type Case,
  constant,
  latencyMillis,
  perSecond,
  requestLimits,
  synthesisMillis,
  totalsOf,
  wallTarget,
  withDefaults
} from "./Case.ts"
import * as Judge from "./Judge.ts"
import { askAttempts, type Outcome, settledAfter } from "./Run.ts"

export const limitCases = (isQuick: boolean): ReadonlyArray<Case> => [
  ...requestLimit(isQuick),
  otherWindow,
  ...twoProcesses,
  ...tokenLimits(isQuick),
  changingLimit(isQuick)
]

/** Why the target of wall ÷ ideal is hard to reach without headers. */
const withoutHeaders =
  "without headers only a 429 shows the limit; its retry-after of a second is twice what the bucket takes to fill (5 %), " +
  "and the nearest safe rate is some percent below the measured one"

/** Why the targets of output tokens are hard to reach with a small bucket. */
const countedLate =
  "output tokens are counted when they have been produced, and headers are scaled to a minute: the calls that the headers " +
  "seem to allow are in flight before the headers show the smaller bucket"

const requestLimit = (isQuick: boolean): ReadonlyArray<Case> =>
  [false, true].map((omitsLimitHeaders) => {
    const work = { asks: 200, patienceSeconds: 120 }
    const idealMillis = () => ((work.asks + 1 - burst) / perSecond) * 1000 + latencyMillis + synthesisMillis
    return {
      name: `${perSecond} requests/s, burst ${burst}, ${omitsLimitHeaders ? "no limit headers" : "limit headers"}`,
      work,
      setups: [constant({ limits: requestLimits }, omitsLimitHeaders)],
      rounds: isQuick ? 1 : 3,
      idealMillis,
      targets: (outcomes) => {
        const { limitedShare, lost, perAnswer } = totalsOf(outcomes, work)
        return [
          Judge.atMost("lost answers", lost, 0),
          { ...wallTarget(outcomes, idealMillis, 1.1), ...(omitsLimitHeaders && { why: withoutHeaders }) },
          Judge.atMost("429s of asks", limitedShare, omitsLimitHeaders ? 0.1 : 0.02, Judge.percent),
          Judge.atMost("requests per answer", perAnswer, omitsLimitHeaders ? 1.15 : 1.05)
        ]
      }
    }
  })

/** The limit as what the bucket holds, which flows in within half a second. */
const otherWindow: Case = {
  name: `${perSecond} requests/s, reported as a limit of ${burst} with a reset within ${burst / perSecond} s`,
  work: { asks: 200, patienceSeconds: 240 },
  setups: [{ ...constant({ limits: requestLimits }), limitWindowSeconds: burst / perSecond }],
  rounds: 1,
  idealMillis: () => ((200 + 1 - burst) / perSecond) * 1000 + latencyMillis + synthesisMillis,
  targets: (outcomes) => {
    const { limitedShare, lost } = totalsOf(outcomes, otherWindow.work)
    return [
      Judge.atMost("lost answers", lost, 0),
      wallTarget(outcomes, otherWindow.idealMillis!, 1.1),
      Judge.atMost("429s of asks", limitedShare, 0.02, Judge.percent)
    ]
  }
}

/** Why the targets of two processes are hard to reach. */
const sharedBurst =
  `the first calls of both processes, before any response, are more than the bucket of ${burst} holds; after the 429s both rest for the second ` +
  "that retry-after names, and what the other takes is seen a latency late"
const sharedUnseen = `${sharedBurst}; where no header tells what remains, a process does not see either that the other has ended`

const twoProcesses: ReadonlyArray<Case> = [false, true].map((omitsLimitHeaders) => {
  const work = { asks: 200, patienceSeconds: 120 }
  const idealMillis = () => ((work.asks + 1 - burst) / perSecond) * 1000 + latencyMillis + synthesisMillis
  const why = omitsLimitHeaders ? sharedUnseen : sharedBurst
  return {
    name: `two processes share ${perSecond} requests/s, burst ${burst}, ${omitsLimitHeaders ? "no limit headers" : "limit headers"}`,
    work,
    processes: 2,
    setups: [constant({ limits: requestLimits }, omitsLimitHeaders)],
    rounds: 1,
    idealMillis,
    targets: (outcomes) => {
      const { limitedShare, lost } = totalsOf(outcomes, work)
      return [
        Judge.atMost("lost answers", lost, 0),
        { ...wallTarget(outcomes, idealMillis, 1.15), why },
        { ...Judge.atMost("429s of asks", limitedShare, 0.05, Judge.percent), why }
      ]
    }
  }
})

/** Replies of `tokens` tokens to the questions whose number ends in one of the digits. */
const replyOfLength = (tokens: number, digits: string) => ({
  when: { user: `/question \\d*[${digits}]\\?$/`, part: "ask" as const },
  reply: "Word by word it grows. ".repeat(Math.round((tokens * 4.4) / 23))
})
/** Lengths as in a public trace of conversations: median 129 tokens, 90th percentile 424, 99th 601. */
const replies = [replyOfLength(129, "0-5"), replyOfLength(424, "6-8"), replyOfLength(601, "9")]

const tokenLimits = (isQuick: boolean): ReadonlyArray<Case> => {
  const inputWork = { promptTokens: [500, 3000] as const, patienceSeconds: 120 }
  const outputWork = { patienceSeconds: 120 }
  const limits = [
    { kind: "input", burstSeconds: 60, perMinute: 600_000, work: { ...inputWork, asks: 400 } },
    { kind: "output", burstSeconds: 60, perMinute: 90_000, work: { ...outputWork, asks: 400 } },
    // Harder: the bucket holds 30k, or 8k, while the headers show the limit of a minute.
    { kind: "input", burstSeconds: 3, perMinute: 600_000, work: { ...inputWork, asks: 100 } },
    { kind: "output", burstSeconds: 3, perMinute: 160_000, work: { ...outputWork, asks: 150 } }
  ] as const
  return (isQuick ? limits.slice(0, 2) : limits).map(({ burstSeconds, kind, perMinute, work }) => {
    const perMilli = perMinute / 60_000
    const idealMillis = (outcome: Outcome): number => {
      const answered = askAttempts(outcome).filter(({ status }) => status === 200)
      const tokens = answered.reduce(
        (sum, { inputTokens, outputTokens }) => sum + (kind === "input" ? inputTokens : outputTokens),
        0
      )
      // Output is counted after it was produced, so the last answer does not have to wait for its own tokens.
      const last = kind === "input" ? 0 : answered.at(-1)!.outputTokens
      return (tokens - last) / perMilli - burstSeconds * 1000 + latencyMillis + synthesisMillis
    }
    return {
      name: `${perMinute / 1000}k ${kind} tokens a minute, bucket of ${burstSeconds} s`,
      work,
      setups: [constant({ limits: { [kind === "input" ? "itpm" : "otpm"]: perMinute, burstSeconds }, replies })],
      rounds: 1,
      idealMillis,
      targets: (outcomes) => {
        const { limitedShare, lost, perAnswer } = totalsOf(outcomes, work)
        const why = kind === "output" && burstSeconds < 60 ? { why: countedLate } : {}
        return [
          Judge.atMost("lost answers", lost, 0),
          wallTarget(outcomes, idealMillis, 1.15),
          { ...Judge.atMost("429s of asks", limitedShare, 0.02, Judge.percent), ...why },
          { ...Judge.atMost("requests per answer", perAnswer, 1.05), ...why }
        ]
      }
    }
  })
}

const changingLimit = (isQuick: boolean): Case => {
  const seconds = isQuick ? 6 : 10
  const [halvedAt, doubledAt, until] = [seconds, 2 * seconds, 3 * seconds]
  const full = withDefaults({ limits: requestLimits })
  const halved = withDefaults({ limits: { ...requestLimits, rpm: requestLimits.rpm / 2 } })
  const work = { asks: burst + perSecond * seconds * 2.5, patienceSeconds: 120 }
  const phases = [
    { fromSeconds: 0, scenario: full },
    { fromSeconds: halvedAt, scenario: halved },
    { fromSeconds: doubledAt, scenario: full }
  ]
  return {
    name: `limit halved after ${halvedAt} s, doubled again after ${doubledAt} s`,
    work,
    setups: [{ phases }],
    rounds: 1,
    targets: ([outcome]) => {
      const attempts = askAttempts(outcome!)
      const arrived = attempts.map(({ atMillis }) => atMillis)
      const accepted = attempts.filter(({ status }) => status === 200).map(({ atMillis }) => atMillis)
      const down = settledAfter(arrived, halvedAt, doubledAt, perSecond / 2)
      return [
        Judge.atMost("lost answers", totalsOf([outcome!], work).lost, 0),
        Judge.atMost("follows down after", down, 5, Judge.seconds),
        Judge.atMost("follows up after", settledAfter(accepted, doubledAt, until, perSecond), 5, Judge.seconds)
      ]
    }
  }
}
