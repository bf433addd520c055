/**
 * What does a call cost, from the question to the answer, when all is warm: modules loaded before the clock starts, limits
 * configured? Fan-outs to a server in another process, over HTTP/1.1 and over TLS with HTTP/2: wall time, CPU and peak memory,
 * of fanfold, of scripts with the SDK, and of a bare Node as the lower bound. `cold-start` measures the first run of a process.
 */
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { testCertificate } from "../test/Certificate.ts"
import { type Case, casesOf, type Cost, idealMillisOf, quickCasesOf } from "./end-to-end/Cases.ts"
import * as FewFiles from "./end-to-end/FewFiles.ts"
import * as Loopback from "./harness/Loopback.ts"
import * as Results from "./harness/Results.ts"
import { shuffledRounds } from "./harness/Shuffle.ts"
import type { Row } from "./harness/Table.ts"

const seed = 1
const baseline = "SDK + Promise.all"
const contenders = [
  "fanfold",
  "fanfold, limits unknown",
  baseline,
  "SDK + p-limit",
  "SDK + Effect.forEach",
  "bare Node"
]
const fewFiles = FewFiles.caseOf(Results.isQuick)
const cases = Results.isQuick ? quickCasesOf(seed) : casesOf(seed)

const folder = mkdtempSync(join(tmpdir(), "fanfold-end-to-end-"))
const certificate = join(folder, "certificate.pem")
writeFileSync(certificate, testCertificate)

/**
 * Runs a contender in a fresh process, whose state folder is empty, so that it does not know the limits of an earlier one.
 * `openFiles`: how many files it may open.
 */
const run = async (name: string, url: string, one: Case, openFiles?: number): Promise<ReadonlyArray<Cost>> => {
  const file = fileURLToPath(new URL("end-to-end/Contender.ts", import.meta.url))
  const args = [file, name, url, ...[one.millis.length, one.inFlight, one.runs].map(String)]
  const command = [process.execPath, "--conditions=source", ...args]
  const limited =
    openFiles === undefined ? command : ["sh", "-c", `ulimit -n ${openFiles}; exec "$@"`, "sh", ...command]
  const child = spawn(limited[0]!, limited.slice(1), {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_EXTRA_CA_CERTS: certificate, XDG_STATE_HOME: mkdtempSync(join(folder, "state-")) }
  })
  return JSON.parse(await Loopback.firstLine(child, name))
}

/** The costs of every run, by process. */
type Processes = ReadonlyArray<ReadonlyArray<Cost>>
const samples: Record<string, ReadonlyArray<number>> = {}

const play = async (protocol: Loopback.Protocol, url: string, one: Case): Promise<ReadonlyMap<string, Processes>> => {
  const processes = new Map<string, Array<ReadonlyArray<Cost>>>(contenders.map((name) => [name, []]))
  for (const [index, order] of shuffledRounds(contenders, one.rounds, seed).entries()) {
    Results.progress(`${protocol}, ${one.name}: round ${index + 1} of ${one.rounds}`)
    for (const name of order) processes.get(name)!.push(await run(name, url, one))
  }
  return processes
}

/** Plays the case with few files; Windows has no limit of them to be set. */
const playFewFiles = async (url: string): Promise<ReadonlyArray<Row>> => {
  if (process.platform === "win32") return []
  const { contenders, openFiles } = FewFiles
  const processes = new Map<string, Array<ReadonlyArray<Cost>>>(contenders.map((name) => [name, []]))
  for (const [index, order] of shuffledRounds(contenders, fewFiles.rounds, seed).entries()) {
    Results.progress(`${fewFiles.name}: round ${index + 1} of ${fewFiles.rounds}`)
    for (const name of order) {
      processes.get(name)!.push(await run(name, url, FewFiles.caseFor(name, fewFiles), openFiles))
    }
  }
  for (const [name, costs] of processes) {
    samples[`HTTP/1.1, ${fewFiles.name}: ${name}`] = costs.map(([first]) => first!.wallMillis)
  }
  return FewFiles.rowsOf(processes)
}

/** The value, and with a target whether it is met: `1.050 (<= 1.02: no)`. */
const judged = (value: number, target: number | undefined): string =>
  target === undefined ? value.toFixed(2) : `${value.toFixed(3)} (<= ${target}: ${value <= target ? "yes" : "no"})`

const rowsOf = (
  protocol: Loopback.Protocol,
  one: Case,
  processes: ReadonlyMap<string, Processes>
): ReadonlyArray<Row> => {
  const idealMillis = idealMillisOf(one)
  const median = (name: string, nth: number, of: (cost: Cost) => number): number =>
    Results.medianOf(processes.get(name)!.map((costs) => of(costs[nth]!)))
  return contenders.map((name) => {
    const targets = name === "fanfold" ? one.targets[protocol] : undefined
    const walls = processes.get(name)!.map(([first]) => first!.wallMillis)
    samples[`${protocol}, ${one.name}: ${name}`] = walls
    samples[`${protocol}, ${one.name}: ${name}, CPU ms a call`] = processes
      .get(name)!
      .map(([first]) => first!.cpuMillis)
    const relative = (of: (cost: Cost) => number): number => median(name, 0, of) / median(baseline, 0, of)
    return {
      contender: name,
      "wall ms": Results.medianOf(walls).toFixed(0),
      "min to max": `${Math.min(...walls).toFixed(0)} to ${Math.max(...walls).toFixed(0)}`,
      n: walls.length,
      "÷ ideal": judged(Results.medianOf(walls) / idealMillis, targets?.ideal),
      "2nd run ÷ ideal":
        one.runs > 1 ? judged(median(name, 1, ({ wallMillis }) => wallMillis) / idealMillis, targets?.secondIdeal) : "",
      [`÷ ${baseline}`]: judged(
        relative(({ wallMillis }) => wallMillis),
        targets?.wall
      ),
      "CPU ms a call": median(name, 0, ({ cpuMillis }) => cpuMillis).toFixed(3),
      "CPU ÷": judged(
        relative(({ cpuMillis }) => cpuMillis),
        targets?.cpu
      ),
      "peak MB": median(name, 0, ({ peakMegabytes }) => peakMegabytes).toFixed(0),
      "peak ÷": judged(
        relative(({ peakMegabytes }) => peakMegabytes),
        targets?.peak
      )
    }
  })
}

const tables: Record<string, ReadonlyArray<Row>> = {}
const latencies = [...cases, fewFiles].map(({ millis }) => millis)
for (const protocol of ["HTTP/1.1", "TLS, HTTP/2"] as const) {
  const server = await Loopback.start({ protocol, sendsLimitHeaders: true, latencies })
  for (const [index, one] of cases.entries()) {
    if ((one.only ?? protocol) !== protocol) continue
    const processes = await play(protocol, server.baseUrl(index), one)
    tables[`warm, ${protocol}, limit headers: ${one.name}, ideal ${idealMillisOf(one)} ms`] = rowsOf(
      protocol,
      one,
      processes
    )
  }
  if (protocol === "HTTP/1.1") {
    tables[`warm, ${protocol}, limit headers: ${fewFiles.name}`] = await playFewFiles(server.baseUrl(cases.length))
  }
  server.stop()
}
rmSync(folder, { recursive: true })

const [first, ...rest] = Object.entries(tables)
const plotted = Object.entries(tables).filter(([title]) => title.includes("1,000 asks of"))
await Results.report({
  name: "end-to-end",
  seed,
  simulated: "the server and its latencies are simulated; clients, SDK and loopback connections are real",
  rows: first![1],
  further: Object.fromEntries(rest),
  notes: [
    `The first table: ${first![0]}.`,
    "Warm: modules are loaded and the stack is built before the clock starts, and fanfold's pacing.limits are configured to " +
      "limits that never bind; in the row `limits unknown` nothing is configured, and Pacing starts with eight in flight.",
    "The server is another process on the same cores, and part of every wall time. Its responses carry all rate-limit headers. Over " +
      "TLS it offers HTTP/2 and HTTP/1.1, of which the SDK uses the second. A bare Node only sends and parses JSON: the lower bound.",
    "Peak memory is that of the process with all its modules. fanfold opens its first TLS connection before the clock starts, while it " +
      "loads, as it does for users; a bare Node opens all of them.",
    "Where a wall misses its target, the rows of a bare Node and of the SDK tell how much of it is Node and the server on the same two cores. " +
      "Where the CPU of a call over HTTP/2 does, the reason is node:http2: a bare Node over it takes most of what the target allows, which leaves " +
      "too little for pacing, retries, events and the SDK's types."
  ],
  samples,
  plot: {
    title: "CPU of one call, question to answer",
    subtitle: "1,000 asks of 300 ms at once, warm; median of fresh processes",
    x: { label: "", scale: "category" },
    y: { label: "milliseconds", scale: "linear" },
    series: plotted.map(([title, rows]) => ({
      name: title.replace(/^warm, |, limit headers.*/g, ""),
      kind: "bar",
      points: rows.map((row) => [String(row["contender"]), Number(row["CPU ms a call"])])
    }))
  }
})
