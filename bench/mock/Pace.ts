/**
 * How many replies a second a mock gives over HTTP, and how late they are, beside aimock: each in a process of its own, asked by the
 * same client in turn.
 */
import { spawn } from "node:child_process"
import { Agent, request } from "node:http"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

export const contenders = ["fanfold", "aimock"] as const
export type Contender = (typeof contenders)[number]

export const inFlight = 32

/** The rounds of one mock: milliseconds of a round ÷ its replies, and processor time of the server for a reply in microseconds. */
export interface Paced {
  readonly name: Contender
  readonly millisPerReply: ReadonlyArray<number>
  readonly serverMicros: ReadonlyArray<number>
}

interface Running {
  readonly name: Contender
  readonly url: URL
  readonly cpuMicros: () => Promise<number>
  readonly stop: () => void
}

const start = async (name: Contender, latencyMillis = 0): Promise<Running> => {
  const file = fileURLToPath(new URL("PaceServer.ts", import.meta.url))
  const args = ["--conditions=source", file, name, String(latencyMillis)]
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const nextLine = async (): Promise<string> => {
    const { done, value } = await lines.next()
    if (done === true) throw new Error(`the server of ${name} has ended`)
    return value
  }
  const cpuMicros = async (): Promise<number> => {
    child.stdin.write("\n")
    return Number(await nextLine())
  }
  return { name, url: new URL("/v1/messages", await nextLine()), cpuMicros, stop: () => void child.stdin.end() }
}

let asked = 0

const ask = (url: URL, agent: Agent): Promise<void> =>
  new Promise((resolve, reject) => {
    const messages = [{ role: "user", content: `Question ${asked++}?` }]
    const body = JSON.stringify({ model: "claude-haiku-4-5", max_tokens: 500, messages })
    const headers = {
      "x-api-key": "offline",
      "anthropic-version": "2026-10-21",
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body)
    }
    const sent = request(url, { method: "POST", agent, headers }, (response) => {
      let text = ""
      response.setEncoding("utf8")
      response.on("data", (chunk: string) => (text += chunk))
      response.on("error", reject)
      response.on("end", () => {
        const { type } = JSON.parse(text) as { readonly type: string }
        if (type === "message") resolve()
        else reject(new Error(`${response.statusCode}: ${text}`))
      })
    })
    sent.on("error", reject)
    sent.end(body)
  })

/** Asks for `replies` of them, with as many requests under way as there are `places`; gives the milliseconds of each. */
const askAll = async (url: URL, agent: Agent, replies: number, places: number): Promise<ReadonlyArray<number>> => {
  let left = replies
  const millis: Array<number> = []
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const startedAt = performance.now()
      await ask(url, agent)
      millis.push(performance.now() - startedAt)
    }
  }
  await Promise.all(Array.from({ length: places }, lane))
  return millis
}

/** How late the replies of fanfold's mock are at so many requests in flight: milliseconds beyond its latency, one for each reply. */
export interface Late {
  readonly inFlight: number
  readonly lateMillis: ReadonlyArray<number>
}

/**
 * Measures replies with a latency in rounds, in each of which every place asks five times; before that `warmUp` replies. aimock has a
 * latency between the pieces of a stream alone.
 */
export const lateness = async (
  latencyMillis: number,
  places: ReadonlyArray<number>,
  rounds: number,
  warmUp: number
): Promise<ReadonlyArray<Late>> => {
  const agent = new Agent({ keepAlive: true })
  const { stop, url } = await start("fanfold", latencyMillis)
  await askAll(url, agent, warmUp, Math.max(...places))
  const arms = places.map((inFlight) => ({ inFlight, lateMillis: new Array<number>() }))
  for (let round = 0; round < rounds; round++) {
    for (const { inFlight, lateMillis } of arms) {
      const millis = await askAll(url, agent, 5 * inFlight, inFlight)
      lateMillis.push(...millis.map((each) => each - latencyMillis))
    }
  }
  agent.destroy()
  stop()
  return arms
}

/** Measures the mocks in interleaved rounds of `replies`, of which every other has them in reverse; before that `warmUp` replies of each. */
export const measure = async (rounds: number, replies: number, warmUp: number): Promise<ReadonlyArray<Paced>> => {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight })
  const servers = await Promise.all(contenders.map((name) => start(name)))
  const arms = servers.map((server) => ({
    server,
    millisPerReply: new Array<number>(),
    serverMicros: new Array<number>()
  }))
  for (const { url } of servers) await askAll(url, agent, warmUp, inFlight)
  for (let round = 0; round < rounds; round++) {
    for (const { millisPerReply, server, serverMicros } of round % 2 === 0 ? arms : arms.toReversed()) {
      const cpuBefore = await server.cpuMicros()
      const startedAt = performance.now()
      await askAll(server.url, agent, replies, inFlight)
      millisPerReply.push((performance.now() - startedAt) / replies)
      serverMicros.push(((await server.cpuMicros()) - cpuBefore) / replies)
    }
  }
  agent.destroy()
  for (const { stop } of servers) stop()
  return arms.map(({ millisPerReply, server, serverMicros }) => ({ name: server.name, millisPerReply, serverMicros }))
}
