/** Runs the same asks and synthesis through fanfold, and the same requests through the SDK alone. */
import Anthropic from "@anthropic-ai/sdk"
import { Effect, Redacted } from "effect"
import { Ask, Research, Stack, Synthesis } from "fanfold"
import * as Simulation from "./Simulation.ts"

const apiKey = "offline"

export interface Plan {
  readonly questions: ReadonlyArray<string>
  /** The instruction; without it the run ends with the answers. */
  readonly synthesis?: string
}

/** Wall milliseconds of the two parts of a run. */
export interface Parts {
  readonly researchMillis: number
  readonly synthesisMillis: number
}

/** Where requests are sent. `inFlight` is `pacing.inFlight`; without it Pacing has to learn the limits. */
export interface Route {
  readonly fetch?: typeof globalThis.fetch
  readonly baseUrl?: string
  readonly inFlight?: number
  /** The clock that the parts are timed with, in milliseconds; `performance.now` by default. */
  readonly now?: () => number
}

/** Runs the plan with fanfold's default stack, but without `fallbacks` and the comparison of answers, which a bare SDK does not have. */
export const fanfold = (plan: Plan, concurrency: Research.Concurrency, route: Route): (() => Promise<Parts>) => {
  const asks = plan.questions.map((question) => Ask.text(question))
  const { synthesis } = plan
  const synthesize = synthesis === undefined ? () => Effect.void : Synthesis.text(synthesis, { contradictions: "off" })
  const { inFlight, now = () => performance.now(), ...options } = route
  const pacing = inFlight === undefined ? {} : { inFlight }
  const stack = Stack.layer({ ...options, pacing, refusals: "gap", apiKey: Redacted.make(apiKey) })
  const program = Effect.gen(function* () {
    const startedAt = now()
    const findings = yield* Research.run(asks, { concurrency })
    const answeredAt = now()
    yield* synthesize(findings)
    return { researchMillis: answeredAt - startedAt, synthesisMillis: now() - answeredAt }
  })
  return () => Effect.runPromise(Effect.provide(program, stack))
}

/** The requests of a plan, and their simulated milliseconds. */
export interface Rehearsal {
  readonly requests: ReadonlyArray<Anthropic.MessageCreateParams>
  readonly latencies: Simulation.Latencies
  readonly askMillis: ReadonlyArray<number>
  readonly synthesisMillis: number
}

/** Runs the plan once, in order and without waiting: the latency of a request does not depend on when it arrives. */
export const rehearse = async (plan: Plan, options: Simulation.Options): Promise<Rehearsal> => {
  const simulation = Simulation.make({ ...options, timeScale: 0 })
  const requests: Array<Anthropic.MessageCreateParams> = []
  const fetch: typeof globalThis.fetch = (input, init) => {
    requests.push(JSON.parse(init?.body as string))
    return simulation.fetch(input, init)
  }
  await fanfold(plan, 1, { fetch, inFlight: 1 })()
  const planned = simulation.plannedMillis()
  const asks = plan.questions.length
  const latencies = simulation.latencies()
  return { requests, latencies, askMillis: planned.slice(0, asks), synthesisMillis: planned[asks] ?? 0 }
}

/** Sends the rehearsed requests through the SDK: the asks with `Promise.all`, then the synthesis. */
export const rawSdk = (
  rehearsal: Rehearsal,
  asks: number,
  route: Pick<Route, "fetch" | "baseUrl">
): (() => Promise<void>) => {
  const client = new Anthropic({
    apiKey,
    baseURL: route.baseUrl ?? "https://api.anthropic.com",
    ...(route.fetch !== undefined && { fetch: route.fetch }),
    maxRetries: 0
  })
  const send = async (request: Anthropic.MessageCreateParams): Promise<void> => {
    const answer = await client.messages.create(request)
    if ("content" in answer) return
    const events = answer[Symbol.asyncIterator]()
    while ((await events.next()).done !== true);
  }
  return async () => {
    await Promise.all(rehearsal.requests.slice(0, asks).map(send))
    for (const request of rehearsal.requests.slice(asks)) await send(request)
  }
}

/** Sends the rehearsed requests without a client and reads the replies: measures the mock alone. */
export const mockAlone = (rehearsal: Rehearsal, fetch: typeof globalThis.fetch): (() => Promise<void>) => {
  const headers = { "x-api-key": apiKey, "anthropic-version": "2026-10-21", "content-type": "application/json" }
  const bodies = rehearsal.requests.map((request) => JSON.stringify(request))
  const send = async (body: string): Promise<void> => {
    const response = await fetch("https://api.anthropic.com/v1/messages", { method: "POST", headers, body })
    await response.text()
  }
  return async () => void (await Promise.all(bodies.map(send)))
}
