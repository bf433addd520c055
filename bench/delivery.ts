/**
 * How does a fan-out behave on a bad day of the API? Limits that nobody told, overloads, resets, silence: fanfold with nothing
 * configured, beside what people write by hand, against mocks in another process; and what takes thousands of runs in
 * virtual time.
 */
import pLimit from "p-limit"
import * as DeliveryRun from "./delivery/Run.ts"
import { type Case, casesOf, secondsOf } from "./delivery/Cases.ts"
import { casesOf as virtualCasesOf } from "./delivery/Virtual.ts"
import { type Contender, contenders, places } from "./delivery/Job.ts"
import * as Judge from "./delivery/Judge.ts"
import * as Results from "./harness/Results.ts"
import { shuffledRounds } from "./harness/Shuffle.ts"
import type { Row } from "./harness/Table.ts"

const seed = 1
/** Runs of the same case that one process has at once: more would wait for the processor. */
const together = 20
/** Cases that are played at the same time: they wait for most of it, but a busy machine delays what is measured. */
const atOnce = Results.isQuick ? 3 : 1

const server = await DeliveryRun.start()
const samples: Record<string, ReadonlyArray<number>> = {}
const found = new Map<string, ReadonlyArray<Judge.Target>>()
const tables = new Map<string, ReadonlyArray<Row>>()

const inBatches = <A>(all: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(all.length / together) }, (_, index) =>
    all.slice(index * together, (index + 1) * together)
  )

const playOne = async ({ setups, work }: Case, contender: Contender): Promise<ReadonlyArray<DeliveryRun.Outcome>> => {
  const outcomes: Array<DeliveryRun.Outcome> = []
  for (const batch of inBatches(setups)) outcomes.push(...(await server.play(contender, work, batch)))
  return outcomes
}

const play = async (one: Case): Promise<Map<Contender, Array<DeliveryRun.Outcome>>> => {
  const outcomes = new Map<Contender, Array<DeliveryRun.Outcome>>(contenders.map((name) => [name, []]))
  for (const [round, order] of shuffledRounds(contenders, one.rounds, seed).entries()) {
    for (const contender of order) {
      Results.progress(`${one.name}: ${contender}, round ${round + 1} of ${one.rounds}`)
      outcomes.get(contender)!.push(...(await playOne(one, contender)))
    }
  }
  return outcomes
}

const rowOf = (one: Case, contender: Contender, outcomes: ReadonlyArray<DeliveryRun.Outcome>): Row => {
  const figures = outcomes.map((outcome) => DeliveryRun.figuresOf(outcome, one.work))
  const sum = (of: (each: (typeof figures)[number]) => number) => figures.reduce((total, each) => total + of(each), 0)
  const each = (of: (each: (typeof figures)[number]) => number) => Number((sum(of) / outcomes.length).toFixed(1))
  const answers = outcomes.reduce((total, each) => total + each.answers, 0)
  const whole = outcomes.filter(({ isWhole }) => isWhole)
  const walls = whole.map(({ wallMillis }) => wallMillis)
  const { idealMillis } = one
  const relative = idealMillis && Results.medianOf(whole.map((each) => each.wallMillis / idealMillis(each)))
  return {
    contender,
    "whole runs": `${whole.length}/${outcomes.length}`,
    answers: `${Number((answers / outcomes.length).toFixed(1))} of ${one.work.asks}`,
    "wall s": walls.length === 0 ? "" : (Results.medianOf(walls) / 1000).toFixed(2),
    ...(relative !== undefined && { "÷ ideal": walls.length === 0 ? "" : relative.toFixed(3) }),
    "429s": each(({ limited }) => limited),
    "529s": each(({ overloaded }) => overloaded),
    requests: each(({ attempts }) => attempts),
    "per answer": answers === 0 ? "" : (sum(({ attempts }) => attempts) / answers).toFixed(3),
    "paid, thrown away": each(({ wasted }) => wasted),
    twice: each(({ doubled }) => doubled),
    aborted: each(({ aborted }) => aborted),
    "most in flight": Math.max(...outcomes.map(({ peakInFlight }) => peakInFlight)),
    "failed with": outcomes.find(({ failure }) => failure !== undefined)?.failure?.slice(0, 80) ?? ""
  }
}

/** As `29 20 13 (2 refused)`, a figure for each second. */
const secondBySecond = (outcome: DeliveryRun.Outcome): string =>
  secondsOf(outcome)
    .map(({ arrived, refused }) => (refused === 0 ? `${arrived}` : `${arrived} (${refused} refused)`))
    .join(", ")

/** Of cases that have one run in a process. */
const seconds = new Map<string, string>()

const answer = async (one: Case): Promise<void> => {
  const outcomes = await play(one)
  const own = outcomes.get("fanfold")!
  found.set(one.name, one.targets(own))
  tables.set(
    one.name,
    contenders.map((contender) => rowOf(one, contender, outcomes.get(contender)!))
  )
  if (own.length === one.rounds) seconds.set(one.name, secondBySecond(own[0]!))
  for (const [contender, all] of outcomes) {
    samples[`${one.name}: ${contender}`] = all.map(({ wallMillis }) => wallMillis)
  }
}

const governor = "3 asks of 300 ms, no limits"

/** Beside the same stack without the governor. */
const govern = async (): Promise<void> => {
  const rounds = Results.isQuick ? 11 : 31
  Results.progress(governor)
  const setup = { phases: [{ fromSeconds: 0, scenario: { latency: 300 } }] }
  const { governed, ungoverned } = await server.govern({ asks: 3, seed }, setup, rounds)
  const ratio = Results.medianOf(governed) / Results.medianOf(ungoverned)
  found.set(governor, [Judge.atMost("time ÷ without the governor", ratio, 1.01)])
  samples[`${governor}: fanfold`] = governed
  samples[`${governor}: without Pacing`] = ungoverned
}

const cases = casesOf(Results.isQuick)
const virtual = virtualCasesOf(Results.isQuick)
const limit = pLimit(atOnce)
await Promise.all(cases.filter(({ isBusy }) => isBusy !== true).map((one) => limit(answer, one)))
for (const one of cases.filter(({ isBusy }) => isBusy === true)) await answer(one)
await govern()
server.stop()
for (const { name, play } of virtual) {
  found.set(name, await play((doing) => Results.progress(`${name}: ${doing}`)))
}

const names = [...cases.map(({ name }) => name), governor, ...virtual.map(({ name }) => name)]
const targets = names.flatMap((name) => found.get(name)!.map((target) => Judge.rowOf(name, target)))
const isMissed = (row: Row): boolean => row["met"] !== "yes"

await Results.report({
  name: "delivery",
  seed,
  simulated:
    "the API with its limits, faults and latencies is simulated, over the wire in another process and in virtual time " +
    "within this one; clients, SDK and loopback connections are real",
  rows: targets,
  further: Object.fromEntries([
    ...cases.map(({ name }) => [name, tables.get(name)!] as const),
    [
      "Requests of fanfold for asks, second by second",
      cases.flatMap(({ name }) => (seconds.has(name) ? [{ case: name, requests: seconds.get(name)! }] : []))
    ]
  ]),
  notes: [
    `${targets.filter((row) => !isMissed(row)).length} of ${targets.length} targets met.`,
    "The first table is about fanfold with nothing told and nothing remembered: each run is a process with a state folder of its " +
      `own; so is each of the SDK with its defaults (two retries), with Promise.all and with p-limit (${places} in flight). Only ` +
      `the case of silence has timeouts of its own. Of the random faults a process has up to ${together} seeds at once.`,
    "ideal: (asks + 1 − burst) ÷ rate, or the tokens beyond a full bucket ÷ rate, and one latency, and the synthesis. Whole runs " +
      "have all answers and the synthesis; paid, thrown away: answers that the server delivered and the caller has not.",
    "Requests are counted at the server, those of the synthesis left out. A limit is followed, or a rate back, from where two " +
      "seconds have as many requests as it allows, give or take 15 %."
  ],
  samples
})
