/**
 * What does the mock itself cost? Calls of 100 simulated ms, so many in flight at once, over each transport; then its own
 * time for a reply without latency, thousands of calls in flight, and the memory that many replies leave behind.
 */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import Anthropic from "@anthropic-ai/sdk"
import { setupServer } from "msw/node"
import { latency, mockClaude } from "fanfold/mocks"
import { Bench } from "tinybench"
import { handlers } from "fanfold/mocks/msw"
import * as Results from "./harness/Results.ts"

const seed = 1
const simulatedMillis = 100
const rounds = Results.isQuick ? 2 : 5
const settings = { apiKey: "offline", maxRetries: 0 } as const

let asked = 0
const params = (): Anthropic.MessageCreateParamsNonStreaming => ({
  model: "claude-haiku-4-5",
  max_tokens: 500,
  messages: [{ role: "user", content: `Question ${asked++}?` }]
})

setFlagsFromString("--expose_gc")
const collect = runInNewContext("gc") as () => void

const claude = mockClaude({ seed, latency: latency.fixed(simulatedMillis) })
const instant = mockClaude({ seed })
const injected = new Anthropic({ ...settings, fetch: claude.fetch })

const samples: Record<string, ReadonlyArray<number>> = {}
const rows: Array<Record<string, string | number>> = []

/** The result file holds up to this many samples of an arm, evenly taken from all. */
const keptSamples = 500
const keep = (arm: string, millis: ReadonlyArray<number>): void => {
  const step = Math.max(1, Math.ceil(millis.length / keptSamples))
  samples[arm] = millis.filter((_, index) => index % step === 0).map((value) => Number(value.toFixed(3)))
}

/** Compiled code is what a benchmark of many calls meets: this many calls go before the first that counts. */
const warmUpCalls = Results.isQuick ? 500 : 2000

/** Times each call on its own while `inFlight` of them overlap; one round of them warms up. */
const overlap = async (name: string, inFlight: number, call: () => Promise<unknown>): Promise<void> => {
  const timed = async (): Promise<number> => {
    const startedAt = performance.now()
    await call()
    return performance.now() - startedAt
  }
  const round = (): Promise<ReadonlyArray<number>> => Promise.all(Array.from({ length: inFlight }, timed))
  Results.progress(`${name}, ${inFlight} in flight`)
  await round()
  const all: Array<number> = []
  for (let index = 0; index < rounds; index++) all.push(...(await round()))
  const sorted = all.toSorted((a, b) => a - b)
  const quantile = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
  keep(`${name}, ${inFlight}`, all)
  rows.push({
    arm: name,
    "in flight": inFlight,
    "p50 ms": quantile(0.5).toFixed(1),
    "own ms (p50 - 100)": (quantile(0.5) - simulatedMillis).toFixed(1),
    "max ms": quantile(1).toFixed(1),
    n: sorted.length
  })
}

const own = new Anthropic({ ...settings, fetch: instant.fetch })
for (let index = 0; index < warmUpCalls; index++) await own.messages.create(params())
for (const inFlight of [1, 10, 100, 1000])
  await overlap("injected fetch", inFlight, () => injected.messages.create(params()))

{
  await using server = await claude.serve()
  const client = new Anthropic({ ...settings, baseURL: server.url })
  for (const inFlight of [1, 10, 100]) await overlap("server", inFlight, () => client.messages.create(params()))
}
{
  const server = setupServer(...handlers(claude))
  server.listen({ onUnhandledFrame: "error" })
  const client = new Anthropic(settings)
  for (const inFlight of [1, 10, 100]) await overlap("msw", inFlight, () => client.messages.create(params()))
  server.close()
}

const bench = new Bench({
  time: 0,
  iterations: Results.isQuick ? 500 : 2000,
  warmup: true,
  throws: true,
  retainSamples: true
})
const headers = { "x-api-key": "offline", "anthropic-version": "2026-10-21" }
const bare = async (stream: boolean): Promise<string> => {
  const body = JSON.stringify({ ...params(), stream })
  return (await instant.fetch("https://api.anthropic.com/v1/messages", { method: "POST", headers, body })).text()
}
bench.add("mock alone, plain", () => bare(false), { async: true })
bench.add("mock alone, stream", () => bare(true), { async: true })
bench.add("mock and SDK, plain", () => own.messages.create(params()), { async: true })
bench.add("mock and SDK, stream", () => own.messages.stream(params()).finalMessage(), { async: true })
Results.progress("the mock alone, without latency")
await bench.run()
for (const task of bench.tasks) {
  const { max, median, n } = Results.summaryOf(task)
  rows.push({
    arm: `no latency: ${task.name}`,
    "in flight": 1,
    "p50 ms": median.toFixed(3),
    "max ms": max.toFixed(1),
    n
  })
  keep(task.name, Results.samplesOf(task))
}

const crowd = Results.isQuick ? 1000 : 5000
Results.progress(`${crowd} calls at once`)
const startedAt = performance.now()
const outcomes = await Promise.allSettled(Array.from({ length: crowd }, () => injected.messages.create(params())))
rows.push({
  arm: "all at once, injected fetch",
  "in flight": crowd,
  "max ms": (performance.now() - startedAt).toFixed(0),
  errors: outcomes.filter(({ status }) => status === "rejected").length,
  n: crowd
})

const replies = async (count: number): Promise<number> => {
  for (let index = 0; index < count; index++) await bare(false)
  collect()
  return process.memoryUsage().heapUsed
}
const many = Results.isQuick ? 5000 : 20_000
Results.progress(`memory of ${many} replies`)
const before = await replies(many)
const kept = (await replies(many)) - before
rows.push({ arm: "memory after as many more replies", "kept MB": (kept / 1e6).toFixed(2), n: many })

await Results.report({
  name: "mock",
  seed,
  simulated: `replies and their ${simulatedMillis} ms are simulated; the SDK, the loopback connection and MSW are real`,
  rows,
  samples
})
