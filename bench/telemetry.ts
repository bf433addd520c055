/**
 * What does telemetry cost a run of 1,000 asks? CPU of a call with all spans and metrics exported to a receiver in another process, by
 * JSON and by protobuf, beside a run without telemetry; and what is loaded where it is off.
 */
import { spawn } from "node:child_process"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { ensureBuilt } from "./harness/Build.ts"
import * as Loopback from "./harness/Loopback.ts"
import * as Results from "./harness/Results.ts"
import { shuffledRounds } from "./harness/Shuffle.ts"
import * as EndToEnd from "./telemetry/EndToEnd.ts"
import type { Probed } from "./telemetry/Probe.ts"

const seed = 1
const asks = 1000
const rounds = Results.isQuick ? 1 : 15
const runs = 3

/** Of CPU a call, on ÷ off. */
const maxRatio = 1.05

const arms = ["off", "http/json", "http/protobuf"] as const
type Arm = (typeof arms)[number]

ensureBuilt()
const latencies = [Array.from({ length: asks }, () => 300)]
const server = await Loopback.start({ protocol: "HTTP/1.1", sendsLimitHeaders: true, latencies })

let bytes = 0
const receiver = createServer((request, response) => {
  request.on("data", (chunk: Buffer) => void (bytes += chunk.length))
  request.on("end", () => response.writeHead(200, { "content-type": "application/json" }).end("{}"))
})
await new Promise<void>((resolve) => void receiver.listen(0, "127.0.0.1", resolve))
const endpoint = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`
const state = mkdtempSync(join(tmpdir(), "fanfold-telemetry-"))

/** Where telemetry of an arm goes. */
const envOf = (arm: Arm): Readonly<Record<string, string>> =>
  arm === "off" ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: arm }

const probe = async (arm: Arm): Promise<Probed & { readonly bytes: number }> => {
  const file = fileURLToPath(new URL("telemetry/Probe.ts", import.meta.url))
  const args = [file, arm, server.baseUrl(0), String(asks), String(runs)]
  const before = bytes
  const child = spawn(process.execPath, ["--conditions=source", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, XDG_STATE_HOME: mkdtempSync(join(state, "s-")), ...envOf(arm) }
  })
  const probed = JSON.parse(await Loopback.firstLine(child, arm)) as Probed
  return { ...probed, bytes: bytes - before }
}

const probed = new Map<Arm, Array<Awaited<ReturnType<typeof probe>>>>(arms.map((arm) => [arm, []]))
const whole = new Map<Arm, Array<number>>(arms.map((arm) => [arm, []]))
// The first command writes the compile cache.
await EndToEnd.cpuMillis(1, server.baseUrl(0), {})
for (const [index, order] of shuffledRounds(arms, rounds, seed).entries()) {
  for (const arm of order) {
    Results.progress(`round ${index + 1} of ${rounds}: ${arm}`)
    probed.get(arm)!.push(await probe(arm))
    whole.get(arm)!.push((await EndToEnd.cpuMillis(asks, server.baseUrl(0), envOf(arm))) / asks)
  }
}
server.stop()
receiver.close()
rmSync(state, { recursive: true })

const first = (arm: Arm) => probed.get(arm)!.map(({ cpuMillis }) => cpuMillis[0]!)
const wholeOf = (arm: Arm) => whole.get(arm)!
const further = (arm: Arm) => probed.get(arm)!.map(({ cpuMillis }) => Results.medianOf(cpuMillis.slice(1)))

/** The median of the ratios of each round to the run without telemetry of the same round. */
const ratio = (arm: Arm, of: (arm: Arm) => ReadonlyArray<number>): number => {
  const off = of("off")
  return Results.medianOf(of(arm).map((millis, round) => millis / off[round]!))
}
const judged = (value: number): string => `${value.toFixed(3)} (<= ${maxRatio}: ${value <= maxRatio ? "yes" : "no"})`

await Results.report({
  name: "telemetry",
  seed,
  simulated: "the server and its latency are simulated; clients, exports and loopback connections are real",
  rows: arms.map((arm) => {
    const costs = first(arm)
    return {
      telemetry: arm,
      "CPU ms a call": Results.medianOf(costs).toFixed(3),
      "min to max": `${Math.min(...costs).toFixed(3)} to ${Math.max(...costs).toFixed(3)}`,
      n: costs.length,
      "÷ off": arm === "off" ? "1" : judged(ratio(arm, first)),
      "further runs, CPU ms a call": Results.medianOf(further(arm)).toFixed(3),
      "further runs ÷ off": arm === "off" ? "1" : judged(ratio(arm, further)),
      "whole fanfold run, CPU ms a call": Results.medianOf(wholeOf(arm)).toFixed(3),
      "whole run ÷ off": arm === "off" ? "1" : judged(ratio(arm, wholeOf)),
      "bytes sent a call": Math.round(Results.medianOf(probed.get(arm)!.map(({ bytes }) => bytes)) / asks / runs),
      "modules loaded for it": Math.max(...probed.get(arm)!.map(({ modules }) => modules))
    }
  }),
  notes: [
    `${asks.toLocaleString("en-US")} asks of 300 ms at once over HTTP/1.1 to a server in another process; ${runs} runs in each of ${rounds} fresh processes of each arm, ` +
      "interleaved in shuffled rounds. Modules are loaded and the stack is built before the clock starts, and each run counts to the end of its last export.",
    "The first run of a process is its own row of figures, as a command has one; further runs are those of a program that has run before. " +
      "÷ off is the median of the ratios within each round. Every arm has a listener of events, as every run of the command line has.",
    "A whole fanfold run is the built command from the start of its process to its end: with its start, plan, journal, progress and report. " +
      "It is the end-to-end figure. The calls alone have nothing beside them but the asking, and their first run executes code that has just been loaded."
  ],
  samples: Object.fromEntries(
    arms.flatMap((arm) => [
      [`${arm}: CPU ms a call, first run`, first(arm)],
      [`${arm}: CPU ms a call, further runs`, further(arm)],
      [`${arm}: CPU ms a call, whole fanfold run`, wholeOf(arm)]
    ])
  )
})
process.exit()
