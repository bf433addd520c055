/**
 * Runs one contender of `end-to-end`: `node Contender.ts NAME URL N IN_FLIGHT RUNS`. Asks N questions, RUNS times, and prints an
 * array of `Cases.Cost` as JSON.
 */
import { Agent, request as requestHttp } from "node:http"
import { connect } from "node:http2"
import { Bench } from "tinybench"
import { unboundLimits } from "../harness/Loopback.ts"
import type { Cost } from "./Cases.ts"

const [name = "", url = ""] = process.argv.slice(2)
const [n = 0, inFlight = 0, runCount = 0] = process.argv.slice(4).map(Number)

const questions = Array.from({ length: n }, (_, index) => `What is the answer to question ${index}?`)
const bodyOf = (content: string) => ({
  model: "claude-haiku-5-5",
  max_tokens: 4096,
  messages: [{ role: "user" as const, content }]
})

/** Long enough that fanfold searches replies for it, as for a real key. */
const apiKey = "of-no-account"
type Ask = (question: string) => Promise<unknown>
type Run = () => Promise<unknown>

const overSdk = async (): Promise<Ask> => {
  const { default: Anthropic } = await import("@anthropic-ai/sdk")
  const client = new Anthropic({ apiKey, baseURL: url, maxRetries: 0 })
  return (question) => client.messages.create(bodyOf(question))
}

const withPLimit = async (ask: Ask): Promise<Run> => {
  const { default: pLimit } = await import("p-limit")
  return () => {
    const limit = pLimit(inFlight)
    return Promise.all(questions.map((question) => limit(ask, question)))
  }
}

/** Chunks of `inFlight` questions in sequence, as `Promise.all` has no limit of its own. */
const inChunks = (ask: Ask) => async (): Promise<void> => {
  for (let from = 0; from < n; from += inFlight) await Promise.all(questions.slice(from, from + inFlight).map(ask))
}

const fanfold = async (pacing: object): Promise<Run> => {
  const { Ask, Research, Stack } = await import("fanfold")
  const { Effect, Layer, Redacted } = await import("effect")
  const asks = questions.map((question) => Ask.text(question))
  const stack = Stack.layer({ apiKey: Redacted.make(apiKey), baseUrl: url, pacing })
  await Effect.runPromise(Effect.scoped(Layer.build(stack)))
  const concurrency = inFlight < n ? inFlight : "unbounded"
  return () => Effect.runPromise(Effect.provide(Research.run(asks, { concurrency }), stack))
}

const forEach = async (): Promise<Run> => {
  const { Effect } = await import("effect")
  const ask = await overSdk()
  const one = (question: string) => Effect.tryPromise(() => ask(question))
  return () => Effect.runPromise(Effect.forEach(questions, one, { concurrency: inFlight }))
}

const headers = { "content-type": "application/json", authorization: `Bearer ${apiKey}` }

const bareHttp = (): Ask => {
  const agent = new Agent({ keepAlive: true })
  return (question) =>
    new Promise((resolve, reject) => {
      const request = requestHttp(`${url}/v1/messages`, { method: "POST", agent, headers }, (response) => {
        const chunks: Array<Buffer> = []
        response.on("data", (chunk: Buffer) => chunks.push(chunk))
        response.on("end", () => resolve(JSON.parse(Buffer.concat(chunks).toString())))
      })
      request.on("error", reject)
      request.end(JSON.stringify(bodyOf(question)))
    })
}

/** Opens as many sessions as needed, at the server's limit of streams per session. */
const bareHttp2 = (): Ask => {
  const streamsPerSession = 100
  const { origin, pathname } = new URL(url)
  const sessions = Array.from({ length: Math.ceil(Math.min(n, inFlight) / streamsPerSession) }, () => connect(origin))
  let sent = 0
  return (question) =>
    new Promise((resolve, reject) => {
      const session = sessions[sent++ % sessions.length]!
      const stream = session.request({ ":method": "POST", ":path": `${pathname}/v1/messages`, ...headers })
      const chunks: Array<Buffer> = []
      stream.on("data", (chunk: Buffer) => chunks.push(chunk))
      stream.on("end", () => resolve(JSON.parse(Buffer.concat(chunks).toString())))
      stream.on("error", reject)
      stream.end(JSON.stringify(bodyOf(question)))
    })
}

/** Each contender loads only the modules that it needs, before its time is taken. */
const contenders: Readonly<Record<string, () => Promise<Run>>> = {
  fanfold: () => fanfold({ limits: unboundLimits }),
  "fanfold, limits unknown": () => fanfold({}),
  "SDK + Promise.all": async () => inChunks(await overSdk()),
  "SDK + p-limit": async () => withPLimit(await overSdk()),
  "SDK + Effect.forEach": forEach,
  "bare Node": async () => withPLimit(url.startsWith("https:") ? bareHttp2() : bareHttp())
}

const run = await contenders[name]!()
/** Each run is a tinybench of its own, as a bench of several would sort them. */
const measure = async (): Promise<Cost> => {
  let cpu = process.cpuUsage()
  const bench = new Bench({ time: 0, iterations: 1, warmup: false, throws: true, retainSamples: true })
  const beforeEach = () => {
    cpu = process.cpuUsage()
  }
  const afterEach = () => {
    cpu = process.cpuUsage(cpu)
  }
  bench.add(name, run, { async: true, beforeEach, afterEach })
  const [task] = await bench.run()
  return {
    wallMillis: task!.result.state === "completed" ? task!.result.latency.mean : Number.NaN,
    cpuMillis: (cpu.system + cpu.user) / 1000 / n,
    peakMegabytes: process.resourceUsage().maxRSS / 1024
  }
}

const costs: Array<Cost> = []
while (costs.length < runCount) costs.push(await measure())
console.log(JSON.stringify(costs))
process.exit()
