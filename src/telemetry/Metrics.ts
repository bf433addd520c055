/** Counts and times of calls, as OTLP metrics: each instrument has a series for each set of attributes. */
import type { MetricsData } from "effect/observability/OtlpMetrics"
import type { KeyValue } from "effect/observability/OtlpResource"
import type { Usage } from "../claude/Message.ts"
import { type Attribute, attribute, bounds, metric, operation, provider } from "./Names.ts"
import { nanos } from "./Span.ts"

type Metric = MetricsData["resourceMetrics"][number]["scopeMetrics"][number]["metrics"][number]
type Instrument = keyof typeof metric

/** Values of OTLP. */
const temporality = { delta: 1, cumulative: 2 } as const

class Histogram {
  count = 0
  sum = 0
  min = Number.POSITIVE_INFINITY
  max = Number.NEGATIVE_INFINITY
  readonly buckets = Array.from({ length: bounds.length + 1 }, () => 0)

  add(value: number): void {
    this.count++
    this.sum += value
    if (value < this.min) this.min = value
    if (value > this.max) this.max = value
    let bucket = 0
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++
    this.buckets[bucket]!++
  }

  value() {
    const { buckets, count, max, min, sum } = this
    return { count, sum, min, max, bucketCounts: buckets.slice(), explicitBounds: [...bounds] }
  }
}

/** What calls have in common that are counted together. */
export interface Alike {
  readonly server: ReadonlyArray<Attribute>
  readonly model: string | undefined
  readonly response: string | undefined
  readonly error: string | undefined
}

const areAlike = (a: Alike, b: Alike): boolean =>
  a.model === b.model && a.response === b.response && a.error === b.error

/** Calls that are alike. */
class Calls {
  readonly alike: Alike
  readonly duration = new Histogram()
  readonly timeToFirstChunk = new Histogram()
  inputTokens = 0
  outputTokens = 0
  cacheReadTokens = 0
  cacheWriteTokens = 0
  reasoningTokens = 0

  constructor(alike: Alike) {
    this.alike = alike
  }

  get attributes(): ReadonlyArray<Attribute> {
    const { error, model, response, server } = this.alike
    return [
      attribute("gen_ai.operation.name", operation.chat),
      attribute("gen_ai.provider.name", provider),
      ...server,
      ...(model === undefined ? [] : [attribute("gen_ai.request.model", model)]),
      ...(response === undefined ? [] : [attribute("gen_ai.response.model", response)]),
      ...(error === undefined ? [] : [attribute("error.type", error)])
    ]
  }
}

const ofTokens = [
  "inputTokens",
  "outputTokens",
  "cacheReadTokens",
  "cacheWriteTokens",
  "reasoningTokens"
] as const satisfies ReadonlyArray<Instrument & keyof Calls>

/** Those of input include what came from or went to the prompt cache. */
export const inputTokensOf = (usage: Usage): number =>
  usage.inputTokens + usage.cacheReadInputTokens + usage.cacheCreationInputTokens

/** What was added with these attributes. */
type Series<Value> = readonly [attributes: ReadonlyArray<Attribute>, value: Value]

/** Made when it is first added to. */
const histogramOf = (all: Map<string, Histogram>, key: string): Histogram => {
  const known = all.get(key)
  if (known !== undefined) return known
  const made = new Histogram()
  all.set(key, made)
  return made
}

const ofModel = (model: string) => (model === "" ? [] : [attribute("gen_ai.request.model", model)])

export class Metrics {
  /** Requests on their way. */
  inFlight = 0
  readonly #calls = new Map<string, Calls>()
  /** The latest, as most calls are like the one before. */
  #latest: Calls | undefined
  /** By model, reason and cause; of runs by their attributes, joined by commas. */
  readonly #costs = new Map<string, number>()
  readonly #refusals = new Map<string, number>()
  readonly #waits = new Map<string, Histogram>()
  readonly #runs = new Map<string, Histogram>()
  readonly #isDelta: boolean
  #startedAt: number

  /** `isDelta`: each snapshot has what is new since the one before, and not all since `startedAt`. */
  constructor(startedAt: number, isDelta: boolean) {
    this.#startedAt = startedAt
    this.#isDelta = isDelta
  }

  /** Adds a call that has ended. Tokens of failed calls are added too, as 0 where none were billed. */
  addCall(alike: Alike, seconds: number, firstChunkSeconds: number | undefined, usage: Usage): void {
    const calls = this.#callsLike(alike)
    calls.duration.add(seconds)
    if (firstChunkSeconds !== undefined) calls.timeToFirstChunk.add(firstChunkSeconds)
    calls.inputTokens += inputTokensOf(usage)
    calls.outputTokens += usage.outputTokens
    calls.cacheReadTokens += usage.cacheReadInputTokens
    calls.cacheWriteTokens += usage.cacheCreationInputTokens
    calls.reasoningTokens += usage.thinkingTokens
  }

  addCost(usd: number, model = ""): void {
    this.#costs.set(model, (this.#costs.get(model) ?? 0) + usd)
  }

  addRefusal(reason: string): void {
    this.#refusals.set(reason, (this.#refusals.get(reason) ?? 0) + 1)
  }

  addWait(seconds: number, cause: string): void {
    histogramOf(this.#waits, cause).add(seconds)
  }

  addRun(seconds: number, attributes: ReadonlyArray<Attribute>): void {
    histogramOf(this.#runs, attributes.join(",")).add(seconds)
  }

  #callsLike(alike: Alike): Calls {
    if (this.#latest !== undefined && areAlike(this.#latest.alike, alike)) return this.#latest
    const key = `${alike.model} ${alike.response} ${alike.error}`
    const calls = this.#calls.get(key) ?? new Calls(alike)
    this.#calls.set(key, calls)
    return (this.#latest = calls)
  }

  /** All that was added, as of `now`. */
  snapshot(now: number): ReadonlyArray<Metric> {
    const times = { startTimeUnixNano: nanos(this.#startedAt), timeUnixNano: nanos(now) }
    const aggregationTemporality = this.#isDelta ? temporality.delta : temporality.cumulative
    const pointOf = <Value extends object>(attributes: ReadonlyArray<Attribute>, value: Value) => ({
      attributes: JSON.parse(`[${attributes.join(",")}]`) as Array<KeyValue>,
      ...times,
      ...value
    })
    const histogram = (instrument: Instrument, series: ReadonlyArray<Series<Histogram>>): Metric => {
      const dataPoints = series.map(([attributes, each]) => pointOf(attributes, each.value()))
      return { ...metric[instrument], histogram: { aggregationTemporality, dataPoints } }
    }
    const sum = (
      instrument: Instrument,
      field: "asInt" | "asDouble",
      series: ReadonlyArray<Series<number>>
    ): Metric => {
      const dataPoints = series.map(([attributes, each]) => pointOf(attributes, { [field]: each }))
      return { ...metric[instrument], sum: { aggregationTemporality, isMonotonic: true, dataPoints } }
    }
    const calls = [...this.#calls.values()]
    const streamed = calls.filter(({ timeToFirstChunk }) => timeToFirstChunk.count > 0)
    const ofText = attribute("gen_ai.token.modality", "text")
    const all = [
      histogram(
        "duration",
        calls.map((each) => [each.attributes, each.duration])
      ),
      histogram(
        "timeToFirstChunk",
        streamed.map((each) => [each.attributes, each.timeToFirstChunk])
      ),
      ...ofTokens.map((tokens) =>
        sum(
          tokens,
          "asInt",
          calls.map((each) => [[...each.attributes, ofText], each[tokens]])
        )
      ),
      sum(
        "cost",
        "asDouble",
        Array.from(this.#costs, ([model, usd]) => [ofModel(model), usd])
      ),
      sum(
        "refusals",
        "asInt",
        Array.from(this.#refusals, ([reason, count]) => [[attribute("error.type", reason)], count])
      ),
      histogram(
        "wait",
        Array.from(this.#waits, ([cause, each]) => [[attribute("fanfold.wait.cause", cause)], each])
      ),
      histogram(
        "runDuration",
        Array.from(this.#runs, ([attributes, each]) => [[attributes], each])
      )
    ].filter(({ histogram, sum }) => (histogram ?? sum)!.dataPoints.length > 0)
    if (this.#isDelta) {
      this.#startedAt = now
      this.#latest = undefined
      for (const each of [this.#calls, this.#costs, this.#refusals, this.#waits, this.#runs]) each.clear()
    }
    // A state, of which no part is new.
    const state = { aggregationTemporality: temporality.cumulative, isMonotonic: false }
    const inFlight = { ...state, dataPoints: [pointOf([], { asInt: this.inFlight })] }
    return [...all, { ...metric.inFlight, sum: inFlight }]
  }
}
