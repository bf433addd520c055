/** Counts and times of calls, as OTLP metrics: each instrument has a series for each set of attributes. */
import type { MetricsData } from "effect/observability/OtlpMetrics"
import type { KeyValue } from "effect/observability/OtlpResource"
import { type Attribute, attribute, bounds, metric } from "./Names.ts"
import { nanos } from "./Span.ts"

type Metric = MetricsData["resourceMetrics"][number]["scopeMetrics"][number]["metrics"][number]
type HistogramPoint = NonNullable<Metric["histogram"]>["dataPoints"][number]
type NumberPoint = NonNullable<Metric["sum"]>["dataPoints"][number]
export type Instrument = keyof typeof metric

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
    this.min = Math.min(this.min, value)
    this.max = Math.max(this.max, value)
    let bucket = 0
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++
    this.buckets[bucket]!++
  }
}

class Sum {
  value = 0
  add(value: number): void {
    this.value += value
  }
}

interface Series<State> {
  readonly attributes: Array<KeyValue>
  state: State
}

type AnyState = Histogram | Sum

/** Takes a value. */
interface Adding {
  readonly add: (value: number) => void
}

type CallInstrument =
  | "duration"
  | "inputTokens"
  | "outputTokens"
  | "cacheReadTokens"
  | "cacheWriteTokens"
  | "reasoningTokens"

/** The series of calls that are alike. */
interface OfCall extends Readonly<Record<CallInstrument, Adding>> {
  readonly model: string | undefined
  readonly response: string | undefined
  readonly error: string | undefined
  /** Tells them apart from others. */
  readonly key: string
}

/** Seconds are of histograms. */
const isHistogram = (instrument: Instrument): boolean => metric[instrument].unit === "s"

export class Metrics {
  readonly #series = new Map<Instrument, Map<string, Series<AnyState>>>()
  /** Of the latest call, as most are like the one before. */
  #latest: OfCall | undefined
  #inFlight: Adding | undefined
  readonly #isDelta: boolean
  #startedAt: number

  /** `isDelta`: each snapshot has what is new since the one before, and not all since `startedAt`. */
  constructor(startedAt: number, isDelta: boolean) {
    this.#startedAt = startedAt
    this.#isDelta = isDelta
  }

  /** Adds to the series of these attributes, which `key` tells apart. */
  add(instrument: Instrument, value: number, key: string, attributes: () => ReadonlyArray<Attribute>): void {
    this.series(instrument, key, attributes).add(value)
  }

  /** The series itself, for what adds to it often. Begins anew with each snapshot of a delta. */
  series(instrument: Instrument, key: string, attributes: () => ReadonlyArray<Attribute>): Adding {
    let all = this.#series.get(instrument)
    if (all === undefined) this.#series.set(instrument, (all = new Map()))
    let series = all.get(key)
    if (series === undefined) {
      series = {
        attributes: attributes().map((each): KeyValue => JSON.parse(each)),
        state: isHistogram(instrument) ? new Histogram() : new Sum()
      }
      all.set(key, series)
    }
    return series.state
  }

  /** Requests on their way. */
  get inFlight(): Adding {
    return (this.#inFlight ??= this.series("inFlight", "", () => []))
  }

  /** What every call of these models and this `error` adds to: its duration, and its tokens. */
  ofCall(
    model: string | undefined,
    response: string | undefined,
    error: string | undefined,
    attributes: () => ReadonlyArray<Attribute>
  ): OfCall {
    const latest = this.#latest
    if (latest?.model === model && latest?.response === response && latest?.error === error) return latest!
    const key = `${model} ${response} ${error}`
    const ofText = () => [...attributes(), attribute("gen_ai.token.modality", "text")]
    return (this.#latest = {
      model,
      response,
      error,
      key,
      duration: this.series("duration", key, attributes),
      inputTokens: this.series("inputTokens", key, ofText),
      outputTokens: this.series("outputTokens", key, ofText),
      cacheReadTokens: this.series("cacheReadTokens", key, ofText),
      cacheWriteTokens: this.series("cacheWriteTokens", key, ofText),
      reasoningTokens: this.series("reasoningTokens", key, ofText)
    })
  }

  /** All that was added, as of `now`. */
  snapshot(now: number): Array<Metric> {
    const times = { startTimeUnixNano: nanos(this.#startedAt), timeUnixNano: nanos(now) }
    const metrics = Array.from(this.#series, ([instrument, all]) =>
      this.#metricOf(instrument, [...all.values()], times)
    )
    if (this.#isDelta) {
      this.#startedAt = now
      this.#latest = undefined
      // What is on its way is a state, of which there are no parts to be reset.
      for (const instrument of this.#series.keys()) if (instrument !== "inFlight") this.#series.delete(instrument)
    }
    return metrics
  }

  #metricOf(
    instrument: Instrument,
    all: ReadonlyArray<Series<AnyState>>,
    times: { readonly startTimeUnixNano: string; readonly timeUnixNano: string }
  ): Metric {
    const isState = instrument === "inFlight"
    const aggregationTemporality = this.#isDelta && !isState ? temporality.delta : temporality.cumulative
    const isInt = instrument !== "cost"
    const numbers: Array<NumberPoint> = []
    const histograms: Array<HistogramPoint> = []
    for (const { attributes, state } of all) {
      if (state instanceof Histogram) {
        const { buckets, count, max, min, sum } = state
        histograms.push({
          attributes,
          ...times,
          count,
          sum,
          min,
          max,
          bucketCounts: buckets.slice(),
          explicitBounds: [...bounds]
        })
      } else numbers.push({ attributes, ...times, ...(isInt ? { asInt: state.value } : { asDouble: state.value }) })
    }
    return {
      ...metric[instrument],
      ...(isHistogram(instrument)
        ? { histogram: { aggregationTemporality, dataPoints: histograms } }
        : { sum: { aggregationTemporality, isMonotonic: !isState, dataPoints: numbers } })
    }
  }
}
