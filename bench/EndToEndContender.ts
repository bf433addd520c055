/**
 * One contender of `end-to-end`, in a process of its own: `node EndToEndContender.ts NAME URL N IN_FLIGHT`. Asks twice and
 * prints what each run took as JSON.
 */
import { Agent, request as requestHttp } from "node:http"
import { connect } from "node:http2"

const [name = "", url = "", count = "", places = ""] = process.argv.slice(2)
const n = Number(count)
const inFlight = Number(places)

const questions = Array.from({ length: n }, (_, index) => `What is the answer to question ${index}?`)
const bodyOf = (content: string) => ({
  model: "claude-haiku-5-5",
  max_tokens: 4096,
  messages: [{ role: "user" as const, content }]
})

const apiKey = "sk-ant-loopback"
type Ask = (question: string) => Promise<unknown>

const overSdk = async (): Promise<Ask> => {
  const { default: Anthropic } = await import("@anthropic-ai/sdk")
  const client = new Anthropic({ apiKey, baseURL: url, maxRetries: 0 })
  return (question) => client.messages.create(bodyOf(question))
}

/** What p-limit does, without the package. */
const limited = async (ask: Ask): Promise<void> => {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < n) await ask(questions[next++]!)
  }
  await Promise.all(Array.from({ length: Math.min(inFlight, n) }, worker))
}

const inChunks = async (ask: Ask): Promise<void> => {
  for (let from = 0; from < n; from += inFlight) await Promise.all(questions.slice(from, from + inFlight).map(ask))
}

const fanfold = async (pacing: object, options: object): Promise<() => Promise<unknown>> => {
  const { Ask, Research, Stack } = await import("fanfold")
  const { Effect, Layer, Redacted } = await import("effect")
  const asks = questions.map((question) => Ask.text(question))
  const stack = Stack.layerWith({ apiKey: Redacted.make(apiKey), baseUrl: url, pacing })
  await Effect.runPromise(Effect.scoped(Layer.build(stack)))
  await import("undici")
  return () => Effect.runPromise(Effect.provide(Research.run(asks, options), stack))
}

const forEach = async (): Promise<() => Promise<unknown>> => {
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
const bareHttp2 = (): Ask => {
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

/** Each loads what it needs and no more, before the clock starts. */
const contenders: Readonly<Record<string, () => Promise<() => Promise<unknown>>>> = {
  fanfold: () => fanfold({ inFlight }, {}),
  "fanfold, limits unknown": () => fanfold({}, { concurrency: inFlight }),
  "SDK + Promise.all": async () => {
    const ask = await overSdk()
    return () => inChunks(ask)
  },
  "SDK + limiter": async () => {
    const ask = await overSdk()
    return () => limited(ask)
  },
  "SDK + Effect.forEach": forEach,
  "bare Node": async () => {
    const ask = url.startsWith("https:") ? bareHttp2() : bareHttp()
    return () => limited(ask)
  }
}

const run = await contenders[name]!()
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
