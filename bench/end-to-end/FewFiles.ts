/** The case of `end-to-end` with more asks than the process may open connections. */
import * as Results from "../harness/Results.ts"
import type { Row } from "../harness/Table.ts"
import type { Case, Cost } from "./Cases.ts"

/** The limit of open files, a common default of systems. */
export const openFiles = 1024

/** As many at once as users of p-limit choose who know of the limit. */
const boundedInFlight = 256

const baseline = "SDK + p-limit"
export const contenders = ["fanfold", "fanfold, limits unknown", baseline]

/** Targets of fanfold ÷ `SDK + p-limit`. */
const maxWall = 1
const maxPeak = 1.1

export const caseOf = (isQuick: boolean): Case => {
  const asks = isQuick ? 3000 : 10_000
  return {
    name: `${asks.toLocaleString("en-US")} asks of 300 ms, ${openFiles} open files at most`,
    millis: Array.from({ length: asks }, () => 300),
    inFlight: asks,
    rounds: isQuick ? 1 : 3,
    runs: 1,
    targets: {}
  }
}

/** The case as a contender runs it: fanfold asks all at once, p-limit as many as are safe. */
export const caseFor = (name: string, one: Case): Case =>
  name === baseline ? { ...one, inFlight: boundedInFlight } : one

export const rowsOf = (processes: ReadonlyMap<string, ReadonlyArray<ReadonlyArray<Cost>>>): ReadonlyArray<Row> => {
  const median = (name: string, of: (cost: Cost) => number) =>
    Results.medianOf(processes.get(name)!.map(([cost]) => of(cost!)))
  const judged = (name: string, of: (cost: Cost) => number, max: number): string => {
    const ratio = median(name, of) / median(baseline, of)
    return name === baseline ? "1.00" : `${ratio.toFixed(2)} (<= ${max}: ${ratio <= max ? "yes" : "no"})`
  }
  return contenders.map((name) => ({
    contender: name,
    "wall ms": median(name, ({ wallMillis }) => wallMillis).toFixed(0),
    n: processes.get(name)!.length,
    [`wall ÷ ${baseline}`]: judged(name, ({ wallMillis }) => wallMillis, maxWall),
    "CPU ms a call": median(name, ({ cpuMillis }) => cpuMillis).toFixed(3),
    "peak MB": median(name, ({ peakMegabytes }) => peakMegabytes).toFixed(0),
    "peak ÷": judged(name, ({ peakMegabytes }) => peakMegabytes, maxPeak)
  }))
}
