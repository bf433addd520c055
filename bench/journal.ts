/**
 * What does the journal keep, and what does it cost? Edits of a finished run, runs that are killed and started again, the cost of
 * an ask, of a resume and of the start, and two processes with one journal.
 */
import { bin, ensureBuilt } from "./harness/Build.ts"
import * as Results from "./harness/Results.ts"
import type { Row } from "./harness/Table.ts"
import * as Costs from "./journal/Costs.ts"
import * as Edits from "./journal/Edits.ts"
import * as FirstRequest from "./journal/FirstRequest.ts"
import * as Kills from "./journal/Kills.ts"

const seed = 1
const kills = Results.isQuick ? 10 : 100
const rounds = Results.isQuick ? 1 : 5
const starts = Results.isQuick ? 5 : 30
const resumedAsks = Results.isQuick ? 2000 : 10_000

const plan = (name: string, count: number): Costs.Rounds => ({
  rounds: count,
  seed,
  onRun: (arm, round) => Results.progress(`${name}: ${arm}, round ${round} of ${count}`)
})

ensureBuilt()
const edits = await Edits.play([bin], (name) => Results.progress(`edits: ${name}`))
const killed = await Kills.play([bin], kills, seed, (done) => Results.progress(`kills: ${done} of ${kills}`))
const starting = await FirstRequest.play([bin], plan("start", starts))
const cost = await Costs.cost(plan("cost", rounds))
const pairs = await Costs.pairs(plan("two processes", rounds))
const resume = await Costs.resume(resumedAsks, plan("resume", rounds))

const { medianOf } = Results
/** The median of what `of` makes of the figures of two arms in each round. */
const byRound = <A>(one: ReadonlyArray<A>, other: ReadonlyArray<A>, of: (one: A, other: A) => number): number =>
  medianOf(one.map((figure, round) => of(figure, other[round]!)))

const row = (what: string, measured: string, target: string, isMet: boolean): Row => ({
  what,
  measured,
  target,
  met: isMet ? "yes" : "no"
})
const atMost = (what: string, figure: number, max: number, unit: string, digits: number): Row =>
  row(what, `${figure.toFixed(digits)} ${unit}`, `<= ${max} ${unit}`, figure <= max)

const wallRatio = byRound(cost.journal, cost["no journal"], (one, other) => one.wallMillis / other.wallMillis)
const cpuMillis = byRound(
  cost.journal,
  cost["no journal"],
  (one, other) => (one.cpuMillis - other.cpuMillis) / Costs.costAsks
)
const firstMillis = medianOf(resume.resumed.map(({ firstRequestMillis }) => firstRequestMillis))
const megabytes = byRound(resume.resumed, resume.empty, (one, other) => one.peakMegabytes - other.peakMegabytes)
const pairRatio = (other: "no journal" | "a journal each") =>
  byRound(pairs["one journal"], pairs[other], (one, other) => one.wallMillis / other.wallMillis)
const kept = Math.min(...pairs["one journal"].map((each) => each.kept ?? 0))
const startMillis = (arm: FirstRequest.Arm) =>
  byRound(starting[arm], starting["no journal"], (one, other) => one - other)
/** What the same arm differs by from one half of its rounds to the other says what is noise. */
const noiseMillis = medianOf(starting["no journal"].map((each) => Math.abs(each - medianOf(starting["no journal"]))))

const rows: ReadonlyArray<Row> = [
  ...edits.map(({ asks, edit: { again, name }, folds }) =>
    row(`${name}: asks sent again, folds`, `${asks}, ${folds}`, `${again}`, asks === again)
  ),
  row(`${killed.kills} kills: finished answers bought again`, `${killed.boughtAgain}`, "0", killed.boughtAgain === 0),
  row(
    `${killed.kills} kills: repeats, calls in flight`,
    `${killed.repeats}, ${killed.inFlight}`,
    "no more",
    killed.repeats <= killed.inFlight
  ),
  row(
    `${killed.kills} kills: wrong documents, codes, notices`,
    `${killed.problems.length}`,
    "0",
    killed.problems.length === 0
  ),
  atMost("1,000 asks of 300 ms, 32 in flight: wall", wallRatio, 1.02, "×", 3),
  atMost("1,000 asks of 300 ms, 32 in flight: CPU of an ask", cpuMillis, 0.3, "ms", 3),
  atMost(`resume of ${resumedAsks} answers: first new request`, firstMillis, 1000, "ms", 0),
  atMost(`resume of ${resumedAsks} answers: peak memory above an empty run`, megabytes, 150, "MB", 0),
  row("two processes, one journal: rows lost", `${Costs.pairRows - kept}`, "0", kept === Costs.pairRows),
  atMost("two processes: one journal ÷ a journal each, wall", pairRatio("a journal each"), 1.05, "×", 3),
  atMost("two processes: one journal ÷ none, wall", pairRatio("no journal"), 1.05, "×", 3),
  atMost("start: first request later, empty journal", startMillis("empty journal"), Math.ceil(noiseMillis), "ms", 1),
  atMost("start: first request later, grown journal", startMillis("grown journal"), Math.ceil(noiseMillis), "ms", 1)
]

const wallOf = (figures: ReadonlyArray<{ readonly wallMillis: number }>) => figures.map(({ wallMillis }) => wallMillis)
const cpuOf = (figures: ReadonlyArray<{ readonly cpuMillis: number }>) => figures.map((each) => each.cpuMillis)

await Results.report({
  name: "journal",
  seed,
  simulated: "Claude and its latencies are simulated; processes, kills, files and loopback connections are real",
  rows,
  further: {
    "Kills by signal and moment": [killed.by],
    ...(killed.problems.length > 0 && {
      "What was wrong after a kill": killed.problems.map((problem) => ({ problem: problem.slice(0, 400) }))
    })
  },
  notes: [
    "Edits: a finished run of 300 asks and a fold, edited in one way and run again with `--reuse`. A fold is sent again where its request changes, " +
      "as it holds names and answers.",
    `Kills: ${killed.runs} runs of 40 asks and a fold, 8 in flight, each killed up to 4 times and started again until it is done, against \`fanfold mock\` ` +
      "in another process. A call is in flight if it was sent and its reply not seen.",
    "Ratios and differences are medians of those within a round, in which each arm runs once in a fresh process, in shuffled order. " +
      "An ask costs CPU of all threads. First new request: from the start of the asking, with the modules loaded.",
    "Start: from the spawn of `fanfold run` to the arrival of its first request; its target is the median deviation of the runs without a journal.",
    "Wall of 1,000 asks: all 32 replies of a wave come in one moment, so that their CPU and one wait for the disk a wave add to it whole; replies " +
      "that come one after another are written while others are waited for."
  ],
  samples: {
    "cost: no journal": wallOf(cost["no journal"]),
    "cost: journal": wallOf(cost.journal),
    "cost: no journal, CPU": cpuOf(cost["no journal"]),
    "cost: journal, CPU": cpuOf(cost.journal),
    "resume: empty, first request": resume.empty.map((each) => each.firstRequestMillis),
    "resume: resumed, first request": resume.resumed.map((each) => each.firstRequestMillis),
    "resume: empty, peak MB": resume.empty.map((each) => each.peakMegabytes),
    "resume: resumed, peak MB": resume.resumed.map((each) => each.peakMegabytes),
    "two processes: no journal": wallOf(pairs["no journal"]),
    "two processes: a journal each": wallOf(pairs["a journal each"]),
    "two processes: one journal": wallOf(pairs["one journal"]),
    ...Object.fromEntries(FirstRequest.arms.map((arm) => [`start: ${arm}`, starting[arm]]))
  }
})
