/**
 * What does a call cost, from the question to the answer? Fan-outs through the real SDK to a server in another process, over
 * HTTP/1.1 and over TLS with HTTP/2: wall time, CPU and peak memory, beside what people write by hand and beside a bare Node
 * as the floor. Each run of a contender is a fresh process; every round has an order of its own.
 */
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { testCertificate } from "../test/Certificate.ts"
import { type Case, casesOf, idealMillisOf, type Protocol, quickCasesOf, type Taken } from "./end-to-end/Cases.ts"
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
const cases = Results.isQuick ? quickCasesOf(seed) : casesOf(seed)

const folder = mkdtempSync(join(tmpdir(), "fanfold-end-to-end-"))
const certificate = join(folder, "certificate.pem")
writeFileSync(certificate, testCertificate)
const latencies = join(folder, "latencies.json")
writeFileSync(latencies, JSON.stringify(cases.map(({ millis }) => millis)))

const start = (file: string, ...args: ReadonlyArray<string | number>) =>
  spawn(process.execPath, ["--conditions=source", fileURLToPath(new URL(file, import.meta.url)), ...args.map(String)], {
    stdio: ["pipe", "pipe", "inherit"],
    // What a run remembers of the limits would make them known to the next.
    env: { ...process.env, NODE_EXTRA_CA_CERTS: certificate, XDG_STATE_HOME: mkdtempSync(join(folder, "state-")) }
  })

/** What a process prints first; a process that ends before it has printed a line is an error. */
const firstLine = (child: ReturnType<typeof start>): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ""
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk
      if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")))
    })
    child.on("error", reject)
    child.on("close", (code) => reject(new Error(`${child.spawnargs.slice(2).join(" ")} ended with ${code}`)))
  })

/** Without a server the contenders would wait for one. */
const gone = () => {
  throw new Error("the server ended before the benchmark did")
}

type Runs = ReadonlyArray<Taken>
const samples: Record<string, ReadonlyArray<number>> = {}

const play = async (protocol: Protocol, url: string, one: Case): Promise<Map<string, Array<Runs>>> => {
  const runs = new Map<string, Array<Runs>>(contenders.map((name) => [name, []]))
  for (const [index, order] of shuffledRounds(contenders, one.rounds, seed).entries()) {
    Results.progress(`${protocol}, ${one.name}: round ${index + 1} of ${one.rounds}`)
    for (const name of order) {
      const process = start("end-to-end/Contender.ts", name, url, one.millis.length, one.inFlight, one.runs)
      runs.get(name)!.push(JSON.parse(await firstLine(process)))
    }
  }
  return runs
}

/** `value (target: met or not)`. */
const judged = (value: number, target: number | undefined): string =>
  target === undefined ? value.toFixed(2) : `${value.toFixed(3)} (<= ${target}: ${value <= target ? "yes" : "no"})`

const rowsOf = (protocol: Protocol, one: Case, runs: ReadonlyMap<string, ReadonlyArray<Runs>>): ReadonlyArray<Row> => {
  const idealMillis = idealMillisOf(one)
  const median = (name: string, nth: number, of: (taken: Taken) => number): number =>
    Results.medianOf(runs.get(name)!.map((taken) => of(taken[nth]!)))
  return contenders.map((name) => {
    const targets = name === "fanfold" ? one.targets[protocol] : undefined
    const walls = runs.get(name)!.map(([first]) => first!.wallMillis)
    samples[`${protocol}, ${one.name}: ${name}`] = walls
    samples[`${protocol}, ${one.name}: ${name}, CPU ms a call`] = runs.get(name)!.map(([first]) => first!.cpuMillis)
    const relative = (of: (taken: Taken) => number): number => median(name, 0, of) / median(baseline, 0, of)
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
for (const protocol of ["HTTP/1.1", "TLS, HTTP/2"] as const) {
  const server = start("harness/LoopbackServer.ts", protocol === "HTTP/1.1" ? "http" : "https", latencies)
  const url = await firstLine(server)
  server.on("exit", gone)
  for (const [index, one] of cases.entries()) {
    if ((one.only ?? protocol) !== protocol) continue
    const runs = await play(protocol, `${url}/${index}`, one)
    tables[`${protocol}: ${one.name}, ideal ${idealMillisOf(one)} ms`] = rowsOf(protocol, one, runs)
  }
  server.off("exit", gone).kill()
}
rmSync(folder, { recursive: true })

const [first, ...rest] = Object.entries(tables)
const largest = Object.entries(tables).filter(([title]) => title.includes("1,000 asks of"))
await Results.report({
  name: "end-to-end",
  seed,
  simulated: "the server and its latencies are simulated; clients, SDK and loopback connections are real",
  rows: first![1],
  further: Object.fromEntries(rest),
  notes: [
    `The first table: ${first![0]}.`,
    "The server is another process on the same cores, and part of every wall time. fanfold is told limits that bind nothing, but for " +
      "the row of limits unknown, which starts with eight. A bare Node sends and parses JSON, no more: the floor.",
    "Peak memory is that of the process, whatever it loaded. fanfold opens its first TLS connection before the clock starts, while it " +
      "loads, as it does for users; a bare Node opens all of them."
  ],
  samples,
  plot: {
    title: "CPU of one call, question to answer",
    subtitle: "1,000 asks of 300 ms at once; median of fresh processes",
    x: { label: "", scale: "category" },
    y: { label: "milliseconds", scale: "linear" },
    series: largest.map(([title, rows]) => ({
      name: title.split(":")[0]!,
      kind: "bar",
      points: rows.map((row) => [String(row["contender"]), Number(row["CPU ms a call"])])
    }))
  }
})
