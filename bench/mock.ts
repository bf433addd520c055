/**
 * What does the mock itself cost? Calls of 100 simulated ms over each transport, up to 1,000 in flight; its time for a reply
 * without latency; thousands of calls in flight; the heap that is retained after many replies; and the replies a second of its
 * server, beside those of aimock, another mock, and how late they are.
 */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import Anthropic from "@anthropic-ai/sdk"
import { setupServer } from "msw/node"
import { latency, mockClaude } from "fanfold/mocks"
import { Bench } from "tinybench"
import { handlers } from "fanfold/mocks/msw"
import * as Results from "./harness/Results.ts"
import * as Pace from "./mock/Pace.ts"

const seed = 1
const simulatedMillis = 100
const rounds = Results.isQuick ? 2 : 5
const settings = { apiKey: "offline", maxRetries: 0 } as const

let requests = 0
const params = (): Anthropic.MessageCreateParamsNonStreaming => ({
  model: "claude-haiku-4-5",
  max_tokens: 500,
  messages: [{ role: "user", content: `Question ${requests++}?` }]
})

setFlagsFromString("--expose_gc")
const collectGarbage = runInNewContext("gc") as () => void

const claude = mockClaude({ seed, latency: latency.fixed(simulatedMillis) })
const instant = mockClaude({ seed })
const injected = new Anthropic({ ...settings, fetch: claude.fetch })

const samples: Record<string, ReadonlyArray<number>> = {}
const rows: Array<Record<string, string | number>> = []

/** Samples of an arm that are written to the result file at most, taken at even intervals. */
const maxKeptSamples = 500
const keep = (arm: string, millis: ReadonlyArray<number>): void => {
  const step = Math.max(1, Math.ceil(millis.length / maxKeptSamples))
  samples[arm] = millis.filter((_, index) => index % step === 0).map((value) => Number(value.toFixed(3)))
}

/** Calls before the first timed one, so that the code is compiled. */
const warmUpCalls = Results.isQuick ? 500 : 2000

/** Times each of `inFlight` overlapping calls; the first round is a warm-up. */
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

const withoutLatency = new Anthropic({ ...settings, fetch: instant.fetch })
for (let index = 0; index < warmUpCalls; index++) await withoutLatency.messages.create(params())
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
const mockAlone = async (stream: boolean): Promise<string> => {
  const body = JSON.stringify({ ...params(), stream })
  return (await instant.fetch("https://api.anthropic.com/v1/messages", { method: "POST", headers, body })).text()
}
bench.add("mock alone, plain", () => mockAlone(false), { async: true })
bench.add("mock alone, stream", () => mockAlone(true), { async: true })
bench.add("mock and SDK, plain", () => withoutLatency.messages.create(params()), { async: true })
bench.add("mock and SDK, stream", () => withoutLatency.messages.stream(params()).finalMessage(), { async: true })
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

const callsAtOnce = Results.isQuick ? 1000 : 5000
Results.progress(`${callsAtOnce} calls at once`)
const startedAt = performance.now()
const outcomes = await Promise.allSettled(Array.from({ length: callsAtOnce }, () => injected.messages.create(params())))
rows.push({
  arm: "all at once, injected fetch",
  "in flight": callsAtOnce,
  "max ms": (performance.now() - startedAt).toFixed(0),
  errors: outcomes.filter(({ status }) => status === "rejected").length,
  n: callsAtOnce
})

const heapAfterReplies = async (count: number): Promise<number> => {
  for (let index = 0; index < count; index++) await mockAlone(false)
  collectGarbage()
  return process.memoryUsage().heapUsed
}
const replies = Results.isQuick ? 5000 : 20_000
Results.progress(`heap after ${replies} replies`)
const before = await heapAfterReplies(replies)
const retained = (await heapAfterReplies(replies)) - before
rows.push({ arm: "heap retained after as many more replies", "retained MB": (retained / 1e6).toFixed(2), n: replies })

Results.progress("replies a second over HTTP")
const paced = await Pace.measure(Results.isQuick ? 3 : 15, 2000, Results.isQuick ? 4000 : 20_000)
const paceRows = paced.map(({ millisPerReply, name, serverMicros }) => {
  const rates = millisPerReply.map((millis) => 1000 / millis)
  samples[`${name}: a reply over HTTP, ${Pace.inFlight} in flight`] = millisPerReply
  samples[`${name}: µs of the server's processor for a reply`] = serverMicros
  return {
    mock: name,
    "replies/s": Results.medianOf(rates).toFixed(0),
    "lowest and highest": `${Math.min(...rates).toFixed(0)}–${Math.max(...rates).toFixed(0)}`,
    "server CPU µs a reply": Results.medianOf(serverMicros).toFixed(0),
    rounds: rates.length
  }
})

Results.progress("how late replies are over HTTP")
const late = await Pace.lateness(simulatedMillis, [10, 100], Results.isQuick ? 2 : 6, Results.isQuick ? 500 : 4000)
const lateRows = late.map(({ inFlight, lateMillis }) => {
  keep(`milliseconds late over HTTP, ${inFlight} in flight`, lateMillis)
  return {
    "in flight": inFlight,
    "p50 late ms": Results.medianOf(lateMillis).toFixed(1),
    "most ms": Math.max(...lateMillis).toFixed(1),
    n: lateMillis.length
  }
})

await Results.report({
  name: "mock",
  seed,
  simulated: `replies and their ${simulatedMillis} ms are simulated; the SDK, the loopback connection and MSW are real`,
  rows,
  further: {
    [`Plain replies over HTTP without latency, ${Pace.inFlight} in flight, medians of interleaved rounds`]: paceRows,
    [`Plain replies over HTTP with a latency of ${simulatedMillis} ms, the server in a process of its own`]: lateRows
  },
  samples
})
