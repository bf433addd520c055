/**
 * How does a fan-out behave on a bad day of the API: unknown limits, overloads, resets, silence? fanfold with nothing configured
 * and scripts with the SDK, against mocks in another process; and invariants over thousands of runs in virtual time.
 */
import pLimit from "p-limit"
import { type Case, secondsOf } from "./delivery/Case.ts"
import { casesOf } from "./delivery/Cases.ts"
import { type Contender, contenders, pLimitConcurrency } from "./delivery/Job.ts"
import * as Judge from "./delivery/Judge.ts"
import * as Run from "./delivery/Run.ts"
import * as Virtual from "./delivery/Virtual.ts"
import * as Results from "./harness/Results.ts"
import { shuffledRounds } from "./harness/Shuffle.ts"
import type { Row } from "./harness/Table.ts"

const seed = 1
/** Runs of a case that share a process at the same time; with more, they would wait for the processor. */
const runsPerProcess = 20
/** Cases that run at the same time. They mostly wait, but a full run plays one at a time, so that no case delays another. */
const casesAtOnce = Results.isQuick ? 3 : 1

const server = await Run.start()
const samples: Record<string, ReadonlyArray<number>> = {}
const targets = new Map<string, ReadonlyArray<Judge.Target>>()
const tables = new Map<string, ReadonlyArray<Row>>()

const inBatches = <A>(all: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(all.length / runsPerProcess) }, (_, index) =>
    all.slice(index * runsPerProcess, (index + 1) * runsPerProcess)
  )

const playOne = async (
  { processes, setups, work }: Case,
  contender: Contender
): Promise<ReadonlyArray<Run.Outcome>> => {
  const outcomes: Array<Run.Outcome> = []
  for (const batch of inBatches(setups)) outcomes.push(...(await server.play(contender, work, batch, processes)))
  return outcomes
}

const play = async (one: Case): Promise<Map<Contender, Array<Run.Outcome>>> => {
  const outcomes = new Map<Contender, Array<Run.Outcome>>(contenders.map((name) => [name, []]))
  for (const [round, order] of shuffledRounds(contenders, one.rounds, seed).entries()) {
    for (const contender of order) {
      Results.progress(`${one.name}: ${contender}, round ${round + 1} of ${one.rounds}`)
      outcomes.get(contender)!.push(...(await playOne(one, contender)))
    }
  }
  return outcomes
}

const rowOf = (one: Case, contender: Contender, outcomes: ReadonlyArray<Run.Outcome>): Row => {
  const figures = outcomes.map((outcome) => Run.figuresOf(outcome, one.work))
  const sum = (of: (each: (typeof figures)[number]) => number) => figures.reduce((total, each) => total + of(each), 0)
  const each = (of: (each: (typeof figures)[number]) => number) => Number((sum(of) / outcomes.length).toFixed(1))
  const answers = outcomes.reduce((total, each) => total + each.answers, 0)
  const complete = outcomes.filter(({ isComplete }) => isComplete)
  const walls = complete.map(({ wallMillis }) => wallMillis)
  const { idealMillis } = one
  const relative = idealMillis && Results.medianOf(complete.map((each) => each.wallMillis / idealMillis(each)))
  return {
    contender,
    "complete runs": `${complete.length}/${outcomes.length}`,
    answers: `${Number((answers / outcomes.length).toFixed(1))} of ${one.work.asks}`,
    "wall s": walls.length === 0 ? "" : (Results.medianOf(walls) / 1000).toFixed(2),
    ...(relative !== undefined && { "÷ ideal": walls.length === 0 ? "" : relative.toFixed(3) }),
    "429s": each(({ limited }) => limited),
    "529s": each(({ overloaded }) => overloaded),
    requests: each(({ attempts }) => attempts),
    "per answer": answers === 0 ? "" : (sum(({ attempts }) => attempts) / answers).toFixed(3),
    "paid, not received": each(({ wasted }) => wasted),
    "delivered twice": each(({ doubled }) => doubled),
    aborted: each(({ aborted }) => aborted),
    "most in flight": Math.max(...outcomes.map(({ peakInFlight }) => peakInFlight)),
    "failed with": outcomes.find(({ failure }) => failure !== undefined)?.failure?.slice(0, 80) ?? ""
  }
}

/** Requests of each second, as in `29, 20, 13 (2 rejected)`. */
const secondBySecond = (outcome: Run.Outcome): string =>
  secondsOf(outcome)
    .map(({ arrived, rejected }) => (rejected === 0 ? `${arrived}` : `${arrived} (${rejected} rejected)`))
    .join(", ")

/** `secondBySecond` of the cases with one run per process. */
const seconds = new Map<string, string>()

const measure = async (one: Case): Promise<void> => {
  const outcomes = await play(one)
  const fanfold = outcomes.get("fanfold")!
  const peers = contenders.filter((name) => name !== "fanfold").map((name) => outcomes.get(name)!)
  targets.set(one.name, one.targets(fanfold, peers))
  tables.set(
    one.name,
    contenders.map((contender) => rowOf(one, contender, outcomes.get(contender)!))
  )
  if (fanfold.length === one.rounds) seconds.set(one.name, secondBySecond(fanfold[0]!))
  for (const [contender, all] of outcomes) {
    samples[`${one.name}: ${contender}`] = all.map(({ wallMillis }) => wallMillis)
  }
}

const pacingCost = "3 asks of 300 ms, no limits"

/** Compares the default stack with the same stack without Pacing. */
const measurePacingCost = async (): Promise<void> => {
  const rounds = Results.isQuick ? 11 : 31
  Results.progress(pacingCost)
  const setup = { phases: [{ fromSeconds: 0, scenario: { latency: 300 } }] }
  const { withPacing, withoutPacing } = await server.playPacingCost({ asks: 3, seed }, setup, rounds)
  const ratio = Results.medianOf(withPacing) / Results.medianOf(withoutPacing)
  targets.set(pacingCost, [Judge.atMost("time ÷ without Pacing", ratio, 1.01)])
  samples[`${pacingCost}: fanfold`] = withPacing
  samples[`${pacingCost}: without Pacing`] = withoutPacing
}

const cases = casesOf(Results.isQuick)
const virtualCases = Virtual.casesOf(Results.isQuick)
const limit = pLimit(casesAtOnce)
await Promise.all(cases.filter(({ isBusy }) => isBusy !== true).map((one) => limit(measure, one)))
for (const one of cases.filter(({ isBusy }) => isBusy === true)) await measure(one)
await measurePacingCost()
server.stop()
for (const { name, play } of virtualCases) {
  targets.set(name, await play((step) => Results.progress(`${name}: ${step}`)))
}

const names = [...cases.map(({ name }) => name), pacingCost, ...virtualCases.map(({ name }) => name)]
const rows = names.flatMap((name) => targets.get(name)!.map((target) => Judge.rowOf(name, target)))
const isMissed = (row: Row): boolean => row["met"] !== "yes"

await Results.report({
  name: "delivery",
  seed,
  simulated:
    "the API with its limits, faults and latencies is simulated, over the wire in another process and in virtual time " +
    "in this one; clients, SDK and loopback connections are real",
  rows,
  further: Object.fromEntries([
    ...cases.map(({ name }) => [name, tables.get(name)!] as const),
    [
      "Requests of fanfold for asks, second by second",
      cases.flatMap(({ name }) => (seconds.has(name) ? [{ case: name, requests: seconds.get(name)! }] : []))
    ]
  ]),
  notes: [
    `${rows.filter((row) => !isMissed(row)).length} of ${rows.length} targets met.`,
    "The first table is of fanfold, cold: nothing configured and nothing remembered, each run in a process with a state folder " +
      "of its own. The SDK has its defaults (two retries), with Promise.all and with p-limit " +
      `(${pLimitConcurrency} in flight). Only the cases of silence configure timeouts. Random faults: up to ${runsPerProcess} seeds share a process.`,
    "ideal: (asks + 1 − burst) ÷ rate, or the tokens beyond a full bucket ÷ rate, plus one latency and the synthesis. Complete runs " +
      "have all answers and the synthesis; paid, not received: answers that the server delivered and the caller did not get.",
    "Requests are counted at the server, without those of the synthesis. A rate counts as followed, or as back, from the first two " +
      "seconds whose requests differ from it by at most 15 %."
  ],
  samples
})
