/**
 * How much does asking in parallel buy? Three asks of 800, 1000 and 1200 ms, then a synthesis of 500 ms, simulated by
 * the offline mock over its loopback server; beside fanfold, the raw SDK with `Promise.all`.
 */
import Anthropic from "@anthropic-ai/sdk"
import { Effect, Redacted } from "effect"
import { Ask, Research, Stack, Synthesis } from "fanfold"
import { type latency, mockClaude } from "fanfold/mocks"
import { Bench } from "tinybench"
import * as Results from "./Results.ts"

const iterations = 5
const seed = 1
const askMillis = [800, 1000, 1200]
const synthesisMillis = 500
const idealMillis = Math.max(...askMillis) + synthesisMillis
const oneByOneMillis = askMillis.reduce((sum, millis) => sum + millis, synthesisMillis)

const question = (millis: number) => `A question that takes ${millis} ms`
const simulated: latency.Latency = ({ user }) => Number(/takes (\d+) ms/.exec(user)?.[1] ?? synthesisMillis)

await using server = await mockClaude({ seed, latency: simulated }).serve()
const apiKey = "offline"

const asks = askMillis.map((millis) => Ask.text(question(millis)))
const stack = Stack.layerWith({ apiKey: Redacted.make(apiKey), baseUrl: server.url })
const fanfold = (concurrency: number) =>
  Effect.runPromise(
    Research.run(asks, { concurrency }).pipe(Effect.flatMap(Synthesis.text("Fold them")), Effect.provide(stack))
  )

const client = new Anthropic({ apiKey, baseURL: server.url, maxRetries: 0 })
const create = async (content: string) =>
  client.messages.create({ model: "claude-haiku-5-5", max_tokens: 100, messages: [{ role: "user", content }] })
const rawSdk = async () => {
  await Promise.all(askMillis.map((millis) => create(question(millis))))
  await create("Fold them")
}

const bench = new Bench({ time: 0, iterations, warmup: false, throws: true, retainSamples: true })
bench.add("fanfold, sequential", () => fanfold(1), { async: true })
bench.add("fanfold, parallel", () => fanfold(askMillis.length), { async: true })
bench.add("SDK + Promise.all", rawSdk, { async: true })
await bench.run()

await Results.report({
  name: "sequential-vs-parallel",
  seed,
  simulated: "latencies and answers are simulated; the client, the SDK and the loopback connection are real",
  rows: bench.tasks.map((task) => {
    const { max, median, min, n } = Results.summaryOf(task)
    const bound = task.name === "fanfold, sequential" ? oneByOneMillis : idealMillis
    return {
      arm: task.name,
      "median ms": median.toFixed(0),
      "min ms": min.toFixed(0),
      "max ms": max.toFixed(0),
      n,
      "simulated ms": bound,
      "median ÷ simulated": (median / bound).toFixed(3)
    }
  }),
  samples: Object.fromEntries(bench.tasks.map((task) => [task.name, Results.samplesOf(task)]))
})
