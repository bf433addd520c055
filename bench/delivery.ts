/**
 * How does a fan-out behave on a bad day of the API? Limits that nobody told, overloads, resets, silence: fanfold with nothing
 * configured, beside what people write by hand, against mocks in another process; and what takes thousands of runs in
 * virtual time.
 */
import * as DeliveryRun from "./DeliveryRun.ts"
import { type Case, casesOf, secondsOf } from "./DeliveryCases.ts"
import { type Contender, contenders, places } from "./DeliveryJob.ts"
import * as Judge from "./DeliveryJudge.ts"
import * as Results from "./Results.ts"
import { shuffledRounds } from "./Shuffle.ts"
import type { Row } from "./Table.ts"

const seed = 1
/** Runs of the same case that one process has at once: more would wait for the processor. */
const together = 20

const server = await DeliveryRun.start()
const samples: Record<string, ReadonlyArray<number>> = {}
const targets: Array<Row> = []
const tables: Record<string, ReadonlyArray<Row>> = {}

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

for (const one of casesOf(Results.isQuick)) {
  const outcomes = await play(one)
  tables[one.name] = contenders.map((contender) => rowOf(one, contender, outcomes.get(contender)!))
  for (const target of one.targets(outcomes.get("fanfold")!)) targets.push(Judge.rowOf(one.name, target))
  for (const [contender, all] of outcomes) {
    samples[`${one.name}: ${contender}`] = all.map(({ wallMillis }) => wallMillis)
  }
  for (const { arrived, refused, second } of secondsOf(outcomes.get("fanfold")![0]!))
    console.error(second, arrived, refused)
}
server.stop()

await Results.report({
  name: "delivery",
  seed,
  simulated: "the API, its limits, faults and latencies are simulated; clients, SDK and loopback connections are real",
  rows: targets,
  further: tables,
  notes: [
    `fanfold and the SDK have their defaults, which are two retries for the SDK; p-limit keeps ${places} in flight.`
  ],
  samples
})
