/**
 * One contender of `end-to-end`, in a process of its own: `node EndToEndContender.ts NAME URL N IN_FLIGHT RUNS`. Asks as
 * often as that, and prints what each run took as JSON.
 */
import { Agent, request as requestHttp } from "node:http"
import { connect } from "node:http2"
import { Bench } from "tinybench"
import { type Taken, unboundLimits } from "./Cases.ts"

const [name = "", url = "", count = "", places = "", times = ""] = process.argv.slice(2)
const n = Number(count)
const inFlight = Number(places)

const questions = Array.from({ length: n }, (_, index) => `What is the answer to question ${index}?`)
const bodyOf = (content: string) => ({
  model: "claude-haiku-5-5",
  max_tokens: 4096,
  messages: [{ role: "user" as const, content }]
})

/** As long as a key, so that answers are searched for it. */
const apiKey = "of-no-account"
type Ask = (question: string) => Promise<unknown>
type Run = () => Promise<unknown>

const overSdk = async (): Promise<Ask> => {
  const { default: Anthropic } = await import("@anthropic-ai/sdk")
  const client = new Anthropic({ apiKey, baseURL: url, maxRetries: 0 })
  return (question) => client.messages.create(bodyOf(question))
}

const limited = async (ask: Ask): Promise<Run> => {
  const { default: pLimit } = await import("p-limit")
  return () => {
    const limit = pLimit(inFlight)
    return Promise.all(questions.map((question) => limit(ask, question)))
  }
}

/** What fits in flight at once, then the next: all that `Promise.all` can do. */
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

/** As many streams on a session as the server allows, and as many sessions as that takes. */
const bareHttp2 = (): Ask => {
  const streamsPerSession = 100
  const { origin, pathname } = new URL(url)
  const sessions = Array.from({ length: Math.ceil(Math.min(n, inFlight) / streamsPerSession) }, () => connect(origin))
  let turn = 0
  return (question) =>
    new Promise((resolve, reject) => {
      const session = sessions[turn++ % sessions.length]!
      const stream = session.request({ ":method": "POST", ":path": `${pathname}/v1/messages`, ...headers })
      const chunks: Array<Buffer> = []
      stream.on("data", (chunk: Buffer) => chunks.push(chunk))
      stream.on("end", () => resolve(JSON.parse(Buffer.concat(chunks).toString())))
      stream.on("error", reject)
      stream.end(JSON.stringify(bodyOf(question)))
    })
}

/** Each loads what it needs and no more, before the clock starts. */
const contenders: Readonly<Record<string, () => Promise<Run>>> = {
  fanfold: () => fanfold({ limits: unboundLimits }),
  "fanfold, limits unknown": () => fanfold({}),
  "SDK + Promise.all": async () => inChunks(await overSdk()),
  "SDK + p-limit": async () => limited(await overSdk()),
  "SDK + Effect.forEach": forEach,
  "bare Node": async () => limited(url.startsWith("https:") ? bareHttp2() : bareHttp())
}

const run = await contenders[name]!()
/** A bench for each run: one of several would sort them. */
const time = async (): Promise<Taken> => {
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

const runs: Array<Taken> = []
for (let nth = 0; nth < Number(times); nth++) runs.push(await time())
console.log(JSON.stringify(runs))
process.exit()
