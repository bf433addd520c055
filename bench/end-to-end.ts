/**
 * What does a call cost, from the question to the answer? N asks of 300 ms through the real SDK to a server in another
 * process, over HTTP/1.1 and over TLS with HTTP/2: wall time, CPU and memory, beside what people write by hand. Each
 * contender runs in a fresh process, in an order that is shuffled every round; `--quick` takes under a minute.
 */
import { spawn } from "node:child_process"
import { mkdtempSync, writeFileSync } from "node:fs"
import { cpus, tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { testCertificate } from "../test/Certificate.ts"
import * as Results from "./Results.ts"

const isQuick = process.argv.includes("--quick")
const latencyMillis = 300
const seed = 1
const mostInFlight = 1000

/** Asks, how many of them are in flight, and how often that is tried. */
const sizes = isQuick
  ? [
      { n: 10, inFlight: 10, rounds: 1 },
      { n: 1000, inFlight: mostInFlight, rounds: 1 }
    ]
  : [
      { n: 3, inFlight: 3, rounds: 5 },
      { n: 10, inFlight: 10, rounds: 5 },
      { n: 100, inFlight: 100, rounds: 5 },
      { n: 1000, inFlight: mostInFlight, rounds: 5 },
      { n: 5000, inFlight: 256, rounds: 3 }
    ]

const baseline = "SDK + Promise.all"
const contenders = [
  "fanfold",
  "fanfold, limits unknown",
  baseline,
  "SDK + limiter",
  "SDK + Effect.forEach",
  "bare Node"
]

interface Run {
  readonly wallMillis: number
  readonly cpuMillis: number
  readonly peakMegabytes: number
}
interface Runs {
  readonly first: Run
  readonly second: Run
}

const certificate = join(mkdtempSync(join(tmpdir(), "fanfold-bench-")), "certificate.pem")
writeFileSync(certificate, testCertificate)

const start = (file: string, ...args: ReadonlyArray<string | number>) =>
  spawn(process.execPath, ["--conditions=source", fileURLToPath(new URL(file, import.meta.url)), ...args.map(String)], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, NODE_EXTRA_CA_CERTS: certificate }
  })

const firstLine = (child: ReturnType<typeof start>): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ""
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk
      if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")))
    })
    child.on("exit", (code) => reject(new Error(`${child.spawnargs.slice(2).join(" ")} ended with ${code}: ${text}`)))
  })

/** Numbers from 0 to 1 that are the same in every run of the benchmark. */
const random = (() => {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
})()
const shuffled = <A>(items: ReadonlyArray<A>): ReadonlyArray<A> =>
  items
    .map((item) => ({ item, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item)

const rows: Array<Record<string, string | number>> = []
const samples: Record<string, ReadonlyArray<number>> = {}

for (const protocol of ["http", "https"]) {
  const server = start("LoopbackServer.ts", protocol, latencyMillis)
  const url = await firstLine(server)
  for (const { inFlight, n, rounds } of sizes) {
    const runs = new Map<string, Array<Runs>>(contenders.map((name) => [name, []]))
    for (let round = 0; round < rounds; round++) {
      for (const name of shuffled(contenders)) {
        runs.get(name)!.push(JSON.parse(await firstLine(start("EndToEndContender.ts", name, url, n, inFlight))))
      }
    }
    const idealMillis = Math.ceil(n / inFlight) * latencyMillis
    const median = (name: string, of: (runs: Runs) => number): number => Results.medianOf(runs.get(name)!.map(of))
    for (const name of contenders) {
      const wall = median(name, ({ first }) => first.wallMillis)
      const cpu = median(name, ({ first }) => first.cpuMillis)
      const peak = median(name, ({ first }) => first.peakMegabytes)
      const walls = runs.get(name)!.map(({ first }) => first.wallMillis)
      const arm = `${protocol === "http" ? "HTTP/1.1" : "TLS, HTTP/2"}, ${n} asks: ${name}`
      samples[arm] = walls
      rows.push({
        arm,
        "wall ms": wall.toFixed(0),
        "min–max": `${Math.min(...walls).toFixed(0)}–${Math.max(...walls).toFixed(0)}`,
        runs: walls.length,
        "÷ ideal": (wall / idealMillis).toFixed(2),
        "2nd ÷ ideal": (median(name, ({ second }) => second.wallMillis) / idealMillis).toFixed(2),
        [`÷ ${baseline}`]: (wall / median(baseline, ({ first }) => first.wallMillis)).toFixed(2),
        "CPU ms/call": cpu.toFixed(3),
        "CPU ÷": (cpu / median(baseline, ({ first }) => first.cpuMillis)).toFixed(2),
        "2nd CPU ms/call": median(name, ({ second }) => second.cpuMillis).toFixed(3),
        "peak MB": peak.toFixed(0),
        "peak ÷": (peak / median(baseline, ({ first }) => first.peakMegabytes)).toFixed(2)
      })
    }
    console.log(`${protocol}, ${n} asks: done`)
  }
  server.kill()
}

Results.report({
  name: "end-to-end",
  seed,
  simulated: `the server and its ${latencyMillis} ms are simulated; the client, the SDK and the loopback connections are real; ${cpus().length} cores are shared with the server`,
  rows,
  samples
})
