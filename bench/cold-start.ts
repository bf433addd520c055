/**
 * How long does a first run take, from the start of its process to the last answer, with nothing configured or remembered? The
 * built fanfold and scripts with the SDK, each in a fresh process, against a server in another process: over HTTP/1.1 and over
 * TLS with HTTP/2, with rate-limit headers and without. A second run of the same process is the warm figure.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { testCertificate } from "../test/Certificate.ts"
import { type Case, casesOf, type Contender, contenders } from "./cold-start/Cases.ts"
import * as Figures from "./cold-start/Figures.ts"
import { type Measured, measure } from "./cold-start/Process.ts"
import { ensureBuilt } from "./harness/Build.ts"
import * as Loopback from "./harness/Loopback.ts"
import * as Results from "./harness/Results.ts"
import { shuffledRounds } from "./harness/Shuffle.ts"
import type { Row } from "./harness/Table.ts"

const seed = 1
const rounds = Results.isQuick ? 1 : 5
const cases = casesOf(Results.isQuick)
/** Latencies of the unmeasured processes, which the server has as a further case. */
const warmUp = Array.from({ length: 100 }, () => 0)
const latencies = [...cases.map(({ millis }) => millis), warmUp]

ensureBuilt()
const folder = mkdtempSync(join(tmpdir(), "fanfold-cold-start-"))
const certificate = join(folder, "certificate.pem")
writeFileSync(certificate, testCertificate)

const play = async (one: Case, index: number): Promise<Figures.Processes> => {
  const { millis, protocol, sendsLimitHeaders } = one
  const server = await Loopback.start({ protocol, sendsLimitHeaders, latencies })
  const run = (contender: Contender, asks: number, caseIndex: number): Promise<Measured> =>
    measure(contender, asks, server, caseIndex, protocol === "HTTP/1.1" ? undefined : certificate)
  const processes: Record<Contender, Array<Measured>> = {
    fanfold: [],
    "fanfold/promise": [],
    "SDK + Promise.all": [],
    "SDK + p-limit": [],
    "SDK + Effect.forEach": []
  }
  // One unmeasured process each, so that the operating system has cached the files and the server's code is compiled.
  await Promise.all(contenders.map((contender) => run(contender, warmUp.length, cases.length)))
  for (const [round, order] of shuffledRounds(contenders, rounds, seed).entries()) {
    for (const contender of order) {
      Results.progress(`${one.name}: ${contender}, round ${round + 1} of ${rounds}`)
      processes[contender].push(await run(contender, millis.length, index))
    }
  }
  server.stop()
  return processes
}

const targets: Array<Row> = []
const summary: Array<Row> = []
const tables: Record<string, ReadonlyArray<Row>> = {}
const samples: Record<string, ReadonlyArray<number>> = {}
for (const [index, one] of cases.entries()) {
  const processes = await play(one, index)
  targets.push(...Figures.targetRowsOf(one, processes))
  summary.push(Figures.summaryRowOf(one, processes))
  tables[one.name] = Figures.rowsOf(one, processes)
  Object.assign(samples, Figures.samplesOf(one, processes))
}
rmSync(folder, { recursive: true })

await Results.report({
  name: "cold-start",
  seed,
  simulated: "the server and its latencies are simulated; clients, SDK and loopback connections are real",
  rows: targets,
  summary,
  further: tables,
  notes: [
    "Cold: from the spawn of a fresh process to the last answer of its first run, modules included; nothing is configured, and " +
      "the state folder is empty. Warm: the second run of the same process, with what the first one learned.",
    "Ratios are medians of the ratios within a round, in which all contenders run once in shuffled order. The first table compares " +
      "the cold figures of fanfold with their targets.",
    "fanfold is the built dist, without a compile cache. p-limit has a concurrency of all asks. Over TLS the server offers HTTP/2 and " +
      "HTTP/1.1; transport is what each client negotiated. The server is another process on the same cores.",
    "First request: from the spawn to its arrival at the server. CPU and peak memory: of the process until the end of the first run.",
    "Where fanfold, cold, misses a target, the reason is Effect: its modules take longer to load than the whole SDK, which a script with the " +
      "SDK does not need. SDK + Effect.forEach is such a program without fanfold; fanfold/promise is a script without Effect."
  ],
  samples
})
