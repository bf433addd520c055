/**
 * One contender of `end-to-end`, in a process of its own: `node EndToEndContender.ts NAME URL N IN_FLIGHT`. Asks twice and
 * prints what each run took as JSON; all modules are loaded before the clock starts.
 */
import { Agent, request as requestHttp } from "node:http"
import { connect } from "node:http2"
import Anthropic from "@anthropic-ai/sdk"
import { Effect, Redacted } from "effect"
import { Ask, type Pacing, Research, Stack } from "fanfold"

const [name = "", url = "", count = "", places = ""] = process.argv.slice(2)
const n = Number(count)
const inFlight = Number(places)

const questions = Array.from({ length: n }, (_, index) => `What is the answer to question ${index}?`)
const bodyOf = (content: string) =>
  ({ model: "claude-haiku-5-5", max_tokens: 4096, messages: [{ role: "user", content }] }) as const

const apiKey = "sk-ant-loopback"
const client = new Anthropic({ apiKey, baseURL: url, maxRetries: 0 })
const create = (question: string): Promise<unknown> => client.messages.create(bodyOf(question))

/** What p-limit does, without the package. */
const limited = async (ask: (question: string) => Promise<unknown>): Promise<void> => {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < n) await ask(questions[next++]!)
  }
  await Promise.all(Array.from({ length: Math.min(inFlight, n) }, worker))
}

const inChunks = async (): Promise<void> => {
  for (let from = 0; from < n; from += inFlight) await Promise.all(questions.slice(from, from + inFlight).map(create))
}

const asks = questions.map((question) => Ask.text(question))
const fanfold = (pacing: Pacing.Options, options: Research.Options): (() => Promise<unknown>) => {
  const stack = Stack.layerWith({ apiKey: Redacted.make(apiKey), baseUrl: url, pacing })
  return () => Effect.runPromise(Effect.provide(Research.run(asks, options), stack))
}

const headers = { "content-type": "application/json", authorization: `Bearer ${apiKey}` }

const bareHttp = (): ((question: string) => Promise<unknown>) => {
  const agent = new Agent({ keepAlive: true })
  return (question) =>
    new Promise((resolve, reject) => {
      const text = JSON.stringify(bodyOf(question))
      const request = requestHttp(`${url}/v1/messages`, { method: "POST", agent, headers }, (response) => {
        const chunks: Array<Buffer> = []
        response.on("data", (chunk: Buffer) => chunks.push(chunk))
        response.on("end", () => resolve(JSON.parse(Buffer.concat(chunks).toString())))
      })
      request.on("error", reject)
      request.end(text)
    })
}

/** As many streams on a session as the server allows, and as many sessions as that takes. */
const bareHttp2 = (): ((question: string) => Promise<unknown>) => {
  const streamsPerSession = 100
  const sessions = Array.from({ length: Math.ceil(Math.min(n, inFlight) / streamsPerSession) }, () => connect(url))
  let turn = 0
  return (question) =>
    new Promise((resolve, reject) => {
      const session = sessions[turn++ % sessions.length]!
      const stream = session.request({ ":method": "POST", ":path": "/v1/messages", ...headers })
      const chunks: Array<Buffer> = []
      stream.on("data", (chunk: Buffer) => chunks.push(chunk))
      stream.on("end", () => resolve(JSON.parse(Buffer.concat(chunks).toString())))
      stream.on("error", reject)
      stream.end(JSON.stringify(bodyOf(question)))
    })
}

const contenders: Readonly<Record<string, () => () => Promise<unknown>>> = {
  fanfold: () => fanfold({ inFlight }, {}),
  "fanfold, limits unknown": () => fanfold({}, { concurrency: inFlight }),
  "SDK + Promise.all": () => inChunks,
  "SDK + limiter": () => () => limited(create),
  "SDK + Effect.forEach": () => () =>
    Effect.runPromise(
      Effect.forEach(questions, (question) => Effect.tryPromise(() => create(question)), { concurrency: inFlight })
    ),
  "bare Node": () => {
    const ask = url.startsWith("https:") ? bareHttp2() : bareHttp()
    return () => limited(ask)
  }
}

const run = contenders[name]!()
const measure = async () => {
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  await run()
  const wallMillis = performance.now() - startedAt
  const { system, user } = process.cpuUsage(cpu)
  return { wallMillis, cpuMillis: (system + user) / 1000 / n, peakMegabytes: process.resourceUsage().maxRSS / 1024 }
}
const first = await measure()
const second = await measure()
console.log(JSON.stringify({ first, second }))
process.exit()
