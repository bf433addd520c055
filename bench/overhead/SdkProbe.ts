/**
 * Measures fanfold, or the SDK that it calls, over a fetch with prepared replies, and prints `SdkMeasured` as JSON:
 * `node bench/overhead/SdkProbe.ts fanfold|SDK [--quick]`.
 */
import { setTimeout as sleep } from "node:timers/promises"
import Anthropic from "@anthropic-ai/sdk"
import { Effect, Redacted } from "effect"
import { Ask, Event, Research, Stack } from "fanfold"
import { mockClaude } from "fanfold/mocks"
import { Bench } from "tinybench"
import { isQuick, samplesOf } from "../harness/Results.ts"

export interface SdkMeasured {
  /** Wall milliseconds of every burst of `asks` asks, each answered after `latencyMillis`. */
  readonly bursts: ReadonlyArray<{
    readonly asks: number
    readonly latencyMillis: number
    readonly millis: ReadonlyArray<number>
  }>
  /** CPU milliseconds per reply. */
  readonly cpu: Readonly<Record<"plain" | "stream", ReadonlyArray<number>>>
}

/** Latencies in milliseconds: none, which leaves only the client's own work, and that of a fast answer. */
export const latencies = [0, 300] as const
export const bursts = [3, 100, 1000] as const

/** Deltas of 13 characters, the usual length of the API's, in the streamed answer. */
export const deltas = 200
const text = "Lisbon is a ".repeat(deltas + 20).slice(0, deltas * 13)

const question = "Which attractions in Lisbon are worth a first visit, and why?"

const params: Anthropic.MessageCreateParamsNonStreaming = {
  model: "claude-haiku-5-5",
  max_tokens: 4096,
  messages: [{ role: "user", content: question }]
}

const claude = mockClaude({ seed: 1 })
claude.when({}).reply(text)
const headers = { authorization: "Bearer offline", "anthropic-version": "2026-10-21" }
/** Without the rate-limit headers: constant ones would describe an account that never recovers. */
const recorded = async (stream: boolean): Promise<readonly [body: string, headers: Record<string, string>]> => {
  const body = JSON.stringify({ ...params, stream })
  const response = await claude.fetch("https://api.anthropic.com/v1/messages", { method: "POST", headers, body })
  return [await response.text(), { "content-type": response.headers.get("content-type")!, "request-id": "req_1" }]
}
const [json, jsonHeaders] = await recorded(false)
const [sse, sseHeaders] = await recorded(true)
const encoder = new TextEncoder()
/** One chunk per event, as the API sends them. */
const chunks = sse.split(/(?<=\n\n)/).map((event) => encoder.encode(event))

const streamOf = (): ReadableStream<Uint8Array> => {
  let next = 0
  return new ReadableStream({
    pull: (controller) => {
      const chunk = chunks[next++]
      if (chunk === undefined) controller.close()
      else controller.enqueue(chunk)
    }
  })
}

/** Answers after `latencyMillis`; with 0, in the next turn of the event loop. */
const fetchAfter =
  (latencyMillis: number): typeof fetch =>
  async (_url, init) => {
    await (latencyMillis === 0 ? new Promise((resolve) => setImmediate(resolve)) : sleep(latencyMillis))
    const isStream = typeof init?.body === "string" && init.body.includes('"stream":true')
    return isStream ? new Response(streamOf(), { headers: sseHeaders }) : new Response(json, { headers: jsonHeaders })
  }

/** Returns a function that sends `asks` requests at once. */
type Client = (asks: number, fetch: typeof globalThis.fetch) => () => Promise<unknown>

const listener: Event.Listener = { emit: () => Effect.void, delta: () => {} }
const fanfold =
  (isStreamed: boolean): Client =>
  (asks, fetch) => {
    const stack = Stack.layer({ apiKey: Redacted.make("offline"), fetch, pacing: { inFlight: asks } })
    return () => {
      const run = Research.run(Array.from({ length: asks }, () => Ask.text(question))).pipe(Effect.provide(stack))
      return Effect.runPromise(isStreamed ? Effect.provideService(run, Event.Listener, listener) : run)
    }
  }

const sdk =
  (isStreamed: boolean): Client =>
  (asks, fetch) => {
    const client = new Anthropic({ apiKey: "offline", maxRetries: 0, fetch })
    const ask = () => (isStreamed ? client.messages.stream(params).finalMessage() : client.messages.create(params))
    return () => Promise.all(Array.from({ length: asks }, ask))
  }

const contender = { fanfold, SDK: sdk }[process.argv[2] ?? ""]

/** Runs bursts before the first timed one, so that the code is compiled. */
const warmUp = async (run: () => Promise<unknown>, times: number): Promise<void> => {
  for (let time = 0; time < times; time++) await run()
}

const runsOf = (asks: number, latencyMillis: number): number =>
  latencyMillis === 0 ? Math.ceil((isQuick ? 1500 : 4000) / (asks + 50)) : isQuick ? 2 : 5

const timed = async (asks: number, latencyMillis: number, client: Client): Promise<ReadonlyArray<number>> => {
  const bench = new Bench({
    time: 0,
    iterations: runsOf(asks, latencyMillis),
    warmup: false,
    throws: true,
    retainSamples: true
  })
  bench.add("burst", client(asks, fetchAfter(latencyMillis)), { async: true })
  await globalThis.gc!({ execution: "async", type: "major" })
  await bench.run()
  return bench.tasks.flatMap(samplesOf)
}

/** Replies per sample of CPU time, whose clock is too coarse for one. */
const repliesAtOnce = 50

const cpuOf = async (client: Client): Promise<ReadonlyArray<number>> => {
  const run = client(repliesAtOnce, fetchAfter(0))
  await warmUp(run, isQuick ? 10 : 30)
  const cpuMillis: Array<number> = []
  for (let sample = 0; sample < (isQuick ? 8 : 20); sample++) {
    const before = process.cpuUsage()
    await run()
    const { system, user } = process.cpuUsage(before)
    cpuMillis.push((system + user) / 1000 / repliesAtOnce)
  }
  return cpuMillis
}

if (contender !== undefined) {
  const plain = contender(false)
  await warmUp(plain(100, fetchAfter(0)), isQuick ? 10 : 30)
  const measured: Array<SdkMeasured["bursts"][number]> = []
  for (const latencyMillis of latencies) {
    for (const asks of bursts) measured.push({ asks, latencyMillis, millis: await timed(asks, latencyMillis, plain) })
  }
  const cpu = { plain: await cpuOf(plain), stream: await cpuOf(contender(true)) }
  console.log(JSON.stringify({ bursts: measured, cpu } satisfies SdkMeasured))
}
