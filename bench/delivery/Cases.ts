/** The cases of `delivery` that go over the wire: what the API does, what is asked, and which figures are to be reached. */
import type { Scenario } from "fanfold/mocks"
import { asked, figuresOf, type Outcome, settledAfter } from "./Run.ts"
import type { Work } from "./Job.ts"
import * as Judge from "./Judge.ts"
import type { Setup } from "../harness/MockRuns.ts"
import { medianOf } from "../harness/Results.ts"

export interface Case {
  readonly name: string
  readonly work: Work
  /** One for each run in a process. */
  readonly setups: ReadonlyArray<Setup>
  /** Processes of fanfold, one after the other; the others are run once, as they fare alike each time. */
  readonly rounds: number
  readonly idealMillis?: (outcome: Outcome) => number
  readonly targets: (outcomes: ReadonlyArray<Outcome>) => ReadonlyArray<Judge.Target>
  /** It keeps the processor busy, and is played alone. */
  readonly isBusy?: boolean
}

const latencyMillis = 300
const foldMillis = 300
/** 20 requests a second, in bursts of ten. */
const perSecond = 20
const burst = 10
const twenty = { rpm: perSecond * 60, burstSeconds: burst / perSecond }

/** Of a written document only its beginning matters to anybody; the mock's own would grow with the asks. */
const fold = { when: { part: "synthesis" as const }, reply: "All that was answered, in a few words." }

const played = ({ replies = [], ...scenario }: Scenario): Scenario => ({
  latency: latencyMillis,
  replies: [fold, ...replies],
  ...scenario
})

const always = (scenario: Scenario, hidesLimits = false): Setup => ({
  phases: [{ fromSeconds: 0, scenario: played(scenario) }],
  hidesLimits
})

/** All that is asked, or a small part of it. */
export const casesOf = (isQuick: boolean): ReadonlyArray<Case> => [
  ...limitedRequests(isQuick),
  ...limitedTokens(isQuick),
  changingLimit(isQuick),
  faults(isQuick),
  outage(isQuick),
  silence(false),
  silence(true)
]

const means = (outcomes: ReadonlyArray<Outcome>, work: Work) => {
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

const wallTarget = (outcomes: ReadonlyArray<Outcome>, ideal: (outcome: Outcome) => number, most: number) =>
  Judge.atMost("wall ÷ ideal", medianOf(outcomes.map((each) => each.wallMillis / ideal(each))), most)

/** Nothing tells of the limit but a refusal. */
const unseen =
  "the limit shows in a refusal only, whose retry-after of a second is twice what the bucket takes to fill (5 %), " +
  "and then the nearest safe rate is some percent below what was measured"

/** Output is taken when it has been produced, and what the headers tell is scaled to a minute. */
const unproduced =
  "output is counted late: the calls that the headers seem to allow are on their way before these tell of a smaller bucket"

const limitedRequests = (isQuick: boolean): ReadonlyArray<Case> =>
  [false, true].map((hidesLimits) => {
    const work = { asks: 200, patienceSeconds: 120 }
    const idealMillis = () => ((work.asks + 1 - burst) / perSecond) * 1000 + latencyMillis + foldMillis
    return {
      name: `${perSecond} requests/s, burst ${burst}, headers ${hidesLimits ? "missing" : "tell"}`,
      work,
      setups: [always({ limits: twenty }, hidesLimits)],
      rounds: isQuick ? 1 : 3,
      idealMillis,
      targets: (outcomes) => {
        const { limitedShare, lost, perAnswer } = means(outcomes, work)
        return [
          Judge.atMost("lost answers", lost, 0),
          { ...wallTarget(outcomes, idealMillis, 1.1), ...(hidesLimits && { why: unseen }) },
          Judge.atMost("429s of asks", limitedShare, hidesLimits ? 0.1 : 0.02, Judge.percent),
          Judge.atMost("requests per answer", perAnswer, hidesLimits ? 1.15 : 1.05)
        ]
      }
    }
  })

/** Lengths of answers as in a public trace of conversations: 129 tokens in the middle, 424 at nine of ten, 601 at the 99th. */
const answersOfLength = (tokens: number, digits: string) => ({
  when: { user: `/question \\d*[${digits}]\\?$/`, part: "ask" as const },
  reply: "Word by word it grows. ".repeat(Math.round((tokens * 4.4) / 23))
})
const answers = [answersOfLength(129, "0-5"), answersOfLength(424, "6-8"), answersOfLength(601, "9")]

const limitedTokens = (isQuick: boolean): ReadonlyArray<Case> => {
  const inputWork = { promptTokens: [500, 3000] as const, patienceSeconds: 120 }
  const outputWork = { patienceSeconds: 120 }
  const tokens = [
    { kind: "input", burstSeconds: 60, perMinute: 600_000, work: { ...inputWork, asks: 400 } },
    { kind: "output", burstSeconds: 60, perMinute: 90_000, work: { ...outputWork, asks: 400 } },
    // Harder: 30k, or 8k, may come at once, while the headers tell of a minute's worth.
    { kind: "input", burstSeconds: 3, perMinute: 600_000, work: { ...inputWork, asks: 100 } },
    { kind: "output", burstSeconds: 3, perMinute: 160_000, work: { ...outputWork, asks: 150 } }
  ] as const
  return (isQuick ? tokens.slice(0, 2) : tokens).map(({ burstSeconds, kind, perMinute, work }) => {
    const limits = { [kind === "input" ? "itpm" : "otpm"]: perMinute, burstSeconds }
    const perMilli = perMinute / 60_000
    const idealMillis = (outcome: Outcome): number => {
      const counted = asked(outcome).filter(({ status }) => status === 200)
      const sum = counted.reduce(
        (sum, { inputTokens, outputTokens }) => sum + (kind === "input" ? inputTokens : outputTokens),
        0
      )
      // Output is taken once it is known, so that the last answer takes what is not there yet.
      const last = kind === "input" ? 0 : counted.at(-1)!.outputTokens
      return (sum - last) / perMilli - burstSeconds * 1000 + latencyMillis + foldMillis
    }
    return {
      name: `${perMinute / 1000}k ${kind} tokens a minute, bucket of ${burstSeconds} s`,
      work,
      setups: [always({ limits, replies: answers })],
      rounds: 1,
      idealMillis,
      targets: (outcomes) => {
        const { limitedShare, lost, perAnswer } = means(outcomes, work)
        const why = kind === "output" && burstSeconds < 60 ? { why: unproduced } : {}
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

/** How many arrived in each second, and how many of them were refused. */
export const secondsOf = (outcome: Outcome) => {
  const attempts = asked(outcome)
  const last = Math.floor(Math.max(0, ...attempts.map(({ atMillis }) => atMillis)) / 1000)
  return Array.from({ length: last + 1 }, (_, second) => {
    const within = attempts.filter(({ atMillis }) => Math.floor(atMillis / 1000) === second)
    return { second, arrived: within.length, refused: within.filter(({ status }) => status !== 200).length }
  })
}

const changingLimit = (isQuick: boolean): Case => {
  const seconds = isQuick ? 6 : 10
  const [halvedAt, doubledAt, until] = [seconds, 2 * seconds, 3 * seconds]
  const scenario = played({ limits: twenty })
  const halved = played({ limits: { ...twenty, rpm: twenty.rpm / 2 } })
  const work = { asks: burst + perSecond * seconds * 2.5, patienceSeconds: 120 }
  const phases = [
    { fromSeconds: 0, scenario },
    { fromSeconds: halvedAt, scenario: halved },
    { fromSeconds: doubledAt, scenario }
  ]
  return {
    name: `limit halved after ${halvedAt} s, doubled again after ${doubledAt} s`,
    work,
    setups: [{ phases }],
    rounds: 1,
    targets: ([outcome]) => {
      const attempts = asked(outcome!)
      const arrived = attempts.map(({ atMillis }) => atMillis)
      const passed = attempts.filter(({ status }) => status === 200).map(({ atMillis }) => atMillis)
      const down = settledAfter(arrived, halvedAt, doubledAt, perSecond / 2)
      return [
        Judge.atMost("lost answers", means([outcome!], work).lost, 0),
        Judge.atMost("follows down after", down, 5, Judge.seconds),
        Judge.atMost("follows up after", settledAfter(passed, doubledAt, until, perSecond), 5, Judge.seconds)
      ]
    }
  }
}

/** Little latency, so that many seeds take little time; backoffs take as long as ever. */
const quickMillis = 40

const faultyScenario = (seed: number): Scenario => ({
  seed,
  latency: quickMillis,
  replies: [{ when: { part: "ask" }, reply: "An answer of a few words, in more than one piece of a stream." }],
  // One after the other: a fault strikes what those before it have left.
  faults: [
    { fault: { kind: "status", status: 529, type: "overloaded_error", message: "Overloaded" }, probability: 0.1 },
    { fault: { kind: "reset" }, probability: 0.05 / 0.9 },
    { fault: { kind: "cut", how: "reset" }, probability: 0.02 / 0.85 }
  ]
})

const faults = (isQuick: boolean): Case => {
  const work = { asks: 200, isStreamed: true, patienceSeconds: 240 }
  const seeds = isQuick ? 5 : 100
  return {
    name: `10 % 529, 5 % resets, 2 % cuts mid-stream, ${seeds} seeds`,
    work,
    setups: Array.from({ length: seeds }, (_, index) => always(faultyScenario(index + 1))),
    rounds: 1,
    isBusy: !isQuick,
    targets: (outcomes) => {
      const { doubled, lost, perAnswer } = means(outcomes, work)
      return [
        Judge.atMost("lost answers", lost, 0),
        Judge.atMost("answers delivered twice", doubled, 0),
        Judge.atMost("requests per answer", perAnswer, 1.25)
      ]
    }
  }
}

const outage = (isQuick: boolean): Case => {
  const [from, until] = isQuick ? [1, 6] : [2, 12]
  const work = { asks: isQuick ? 120 : 250, patienceSeconds: 120 }
  const fault = { kind: "status", status: 529, type: "overloaded_error", message: "Overloaded" } as const
  const down = (until - from) * 1000
  return {
    name: `outage: everything 529 from second ${from} to ${until}`,
    work,
    setups: [always({ limits: twenty, faults: [{ fault, betweenSeconds: [from, until] }] })],
    rounds: 1,
    // The bucket is full when it is over, too.
    idealMillis: () => down + ((work.asks + 1 - 2 * burst) / perSecond) * 1000 + latencyMillis + foldMillis,
    targets: ([outcome]) => {
      const seconds = secondsOf(outcome!).filter(({ second }) => second >= from && second < until)
      const passed = asked(outcome!).filter(({ status }) => status === 200)
      const end = (asked(outcome!).at(-1)?.atMillis ?? 0) / 1000
      const back = settledAfter(
        passed.map(({ atMillis }) => atMillis),
        until,
        end,
        perSecond
      )
      return [
        Judge.atMost("lost answers", means([outcome!], work).lost, 0),
        Judge.atMost("most probes in a second", Math.max(...seconds.map(({ refused }) => refused)), 3),
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
  // Nobody waits longer for an ask than its own time, and that of an attempt that has begun.
  const most = (timeouts.ask + latencyMillis + foldMillis) / 1000
  return {
    name: `one call hangs, one stalls mid-body, one drips, ${isStreamed ? "streamed" : "plain"}`,
    work,
    setups: [always({ faults })],
    rounds: 1,
    targets: ([outcome]) => [
      Judge.atMost("lost answers, of those that can be had", asks - 3 - outcome!.answers, 0),
      Judge.atMost("the run ends after", outcome!.wallMillis / 1000, most * 1.05, Judge.seconds)
    ]
  }
}
