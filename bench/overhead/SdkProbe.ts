/**
 * Measures fanfold, or the SDK it calls, over a fetch that knows all answers, and prints what it found as JSON:
 * `bench/overhead/SdkProbe.ts fanfold|SDK [--quick]`.
 */
import { setTimeout as sleep } from "node:timers/promises"
import Anthropic from "@anthropic-ai/sdk"
import { Effect, Redacted } from "effect"
import { Ask, Event, Research, Stack } from "fanfold"
import { mockClaude } from "fanfold/mocks"
import { Bench } from "tinybench"
import { isQuick, samplesOf } from "../harness/Results.ts"

export interface SdkMeasured {
  /** Wall milliseconds of every burst of `asks` asks that are answered after `latencyMillis`. */
  readonly bursts: ReadonlyArray<{
    readonly asks: number
    readonly latencyMillis: number
    readonly millis: ReadonlyArray<number>
  }>
  /** CPU milliseconds for a reply. */
  readonly cpu: Readonly<Record<"plain" | "stream", ReadonlyArray<number>>>
}

/** Latencies of a burst in milliseconds: none, where only the client's own work is left, and a quick answer's. */
export const latencies = [0, 300] as const
export const bursts = [3, 100, 1000] as const

/** About 200 deltas of 13 characters, as the API cuts them: a longish answer. */
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
/** Without the rate-limit headers: always the same, they would tell of an account that never recovers. */
const recorded = async (stream: boolean): Promise<readonly [body: string, headers: Record<string, string>]> => {
  const body = JSON.stringify({ ...params, stream })
  const response = await claude.fetch("https://api.anthropic.com/v1/messages", { method: "POST", headers, body })
  return [await response.text(), { "content-type": response.headers.get("content-type")!, "request-id": "req_1" }]
}
const [json, jsonHeaders] = await recorded(false)
const [sse, sseHeaders] = await recorded(true)
const encoder = new TextEncoder()
/** One chunk an event, as they come from the API. */
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

/** Answers after `latencyMillis`, never within the turn of the request. */
const fetchAfter =
  (latencyMillis: number): typeof fetch =>
  async (_url, init) => {
    await (latencyMillis === 0 ? new Promise((resolve) => setImmediate(resolve)) : sleep(latencyMillis))
    const isStream = typeof init?.body === "string" && init.body.includes('"stream":true')
    return isStream ? new Response(streamOf(), { headers: sseHeaders }) : new Response(json, { headers: jsonHeaders })
  }

/** What asks `asks` times at once. */
type Asking = (asks: number, fetch: typeof globalThis.fetch) => () => Promise<unknown>

const listener: Event.Listener = { emit: () => Effect.void, delta: () => {} }
const fanfold =
  (isStreamed: boolean): Asking =>
  (asks, fetch) => {
    const stack = Stack.layer({ apiKey: Redacted.make("offline"), fetch, pacing: { inFlight: asks } })
    return () => {
      const run = Research.run(Array.from({ length: asks }, () => Ask.text(question))).pipe(Effect.provide(stack))
      return Effect.runPromise(isStreamed ? Effect.provideService(run, Event.Listener, listener) : run)
    }
  }

const sdk =
  (isStreamed: boolean): Asking =>
  (asks, fetch) => {
    const client = new Anthropic({ apiKey: "offline", maxRetries: 0, fetch })
    const ask = () => (isStreamed ? client.messages.stream(params).finalMessage() : client.messages.create(params))
    return () => Promise.all(Array.from({ length: asks }, ask))
  }

const contender = { fanfold, SDK: sdk }[process.argv[2] ?? ""]

/** Bursts that go before the first that counts, so that all is compiled. */
const warmUp = async (run: () => Promise<unknown>, times: number): Promise<void> => {
  for (let time = 0; time < times; time++) await run()
}

const runsOf = (asks: number, latencyMillis: number): number =>
  latencyMillis === 0 ? Math.ceil((isQuick ? 1500 : 4000) / (asks + 50)) : isQuick ? 2 : 5

const timed = async (asks: number, latencyMillis: number, ask: Asking): Promise<ReadonlyArray<number>> => {
  const bench = new Bench({
    time: 0,
    iterations: runsOf(asks, latencyMillis),
    warmup: false,
    throws: true,
    retainSamples: true
  })
  bench.add("burst", ask(asks, fetchAfter(latencyMillis)), { async: true })
  await globalThis.gc!({ execution: "async", type: "major" })
  await bench.run()
  return bench.tasks.flatMap(samplesOf)
}

/** So many replies together are long enough for the clock of the CPU. */
const repliesAtOnce = 50

const cpuOf = async (ask: Asking): Promise<ReadonlyArray<number>> => {
  const run = ask(repliesAtOnce, fetchAfter(0))
  await warmUp(run, isQuick ? 10 : 30)
  const found: Array<number> = []
  for (let sample = 0; sample < (isQuick ? 8 : 20); sample++) {
    const before = process.cpuUsage()
    await run()
    const { system, user } = process.cpuUsage(before)
    found.push((system + user) / 1000 / repliesAtOnce)
  }
  return found
}

if (contender !== undefined) {
  const plain = contender(false)
  await warmUp(plain(100, fetchAfter(0)), isQuick ? 10 : 30)
  const found: Array<SdkMeasured["bursts"][number]> = []
  for (const latencyMillis of latencies) {
    for (const asks of bursts) found.push({ asks, latencyMillis, millis: await timed(asks, latencyMillis, plain) })
  }
  const cpu = { plain: await cpuOf(plain), stream: await cpuOf(contender(true)) }
  console.log(JSON.stringify({ bursts: found, cpu } satisfies SdkMeasured))
}
