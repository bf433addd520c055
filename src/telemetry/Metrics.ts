/** Counts and times of calls: each instrument has a series for each set of attributes. */
import type { Usage } from "../claude/Message.ts"
import type { Attribute, Encoding, Metric, Point } from "./Encoding.ts"
import { Histogram } from "./Histogram.ts"
import { type Instrument, instruments, metric, operation, provider } from "./Names.ts"

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

  attributes({ attribute }: Encoding): ReadonlyArray<Attribute> {
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

type Tokens = keyof typeof metric & `${string}Tokens`

/** Those of input include what came from or went to the prompt cache. */
export const inputTokensOf = (usage: Usage): number =>
  usage.inputTokens + usage.cacheReadInputTokens + usage.cacheCreationInputTokens

/** Made when it is first added to. */
const histogramOf = (all: Map<string, Histogram>, key: string): Histogram => {
  const known = all.get(key)
  if (known !== undefined) return known
  const made = new Histogram()
  all.set(key, made)
  return made
}

export class Metrics {
  /** Requests on their way. */
  inFlight = 0
  readonly #calls = new Map<string, Calls>()
  /** The latest, as most calls are like the one before. */
  #latest: Calls | undefined
  /** By model, reason and cause; of runs by their attributes, joined. */
  readonly #costs = new Map<string, number>()
  readonly #refusals = new Map<string, number>()
  readonly #waits = new Map<string, Histogram>()
  readonly #runs = new Map<string, Histogram>()
  readonly #encoding: Encoding
  readonly #isDelta: boolean
  #startedAt: number

  /** `isDelta`: each snapshot has what is new since the one before, and not all since `startedAt`. */
  constructor(encoding: Encoding, startedAt: number, isDelta: boolean) {
    this.#encoding = encoding
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
    histogramOf(this.#runs, this.#encoding.several(attributes)).add(seconds)
  }

  #callsLike(alike: Alike): Calls {
    if (this.#latest !== undefined && areAlike(this.#latest.alike, alike)) return this.#latest
    const key = `${alike.model} ${alike.response} ${alike.error}`
    const calls = this.#calls.get(key) ?? new Calls(alike)
    this.#calls.set(key, calls)
    return (this.#latest = calls)
  }

  /** All that was added, as of `now`; to be read at once, as its histograms are still added to. */
  snapshot(now: number): ReadonlyArray<Metric> {
    const startedAt = this.#startedAt
    const points = this.#points()
    const all = instruments.flatMap((key): ReadonlyArray<Metric> => {
      const instrument: Instrument = metric[key]
      // Of a state no part is new.
      const isDelta = this.#isDelta && instrument.kind !== "state"
      return points[key].length === 0 ? [] : [{ instrument, isDelta, startedAt, at: now, points: points[key] }]
    })
    if (this.#isDelta) {
      this.#startedAt = now
      this.#latest = undefined
      for (const each of [this.#calls, this.#costs, this.#refusals, this.#waits, this.#runs]) each.clear()
    }
    return all
  }

  #points(): Readonly<Record<keyof typeof metric, ReadonlyArray<Point>>> {
    const { attribute } = this.#encoding
    const calls = Array.from(this.#calls.values(), (of) => ({ of, attributes: of.attributes(this.#encoding) }))
    const ofText = attribute("gen_ai.token.modality", "text")
    const tokens = (kind: Tokens) =>
      calls.map(({ attributes, of }) => ({ attributes: [...attributes, ofText], value: of[kind] }))
    return {
      duration: calls.map(({ attributes, of }) => ({ attributes, value: of.duration })),
      timeToFirstChunk: calls.flatMap(({ attributes, of: { timeToFirstChunk: value } }) =>
        value.count === 0 ? [] : [{ attributes, value }]
      ),
      inputTokens: tokens("inputTokens"),
      outputTokens: tokens("outputTokens"),
      cacheReadTokens: tokens("cacheReadTokens"),
      cacheWriteTokens: tokens("cacheWriteTokens"),
      reasoningTokens: tokens("reasoningTokens"),
      runDuration: pointsOf(this.#runs, (attributes) => [attributes]),
      inFlight: [{ attributes: [], value: this.inFlight }],
      wait: pointsOf(this.#waits, (cause) => [attribute("fanfold.wait.cause", cause)]),
      refusals: pointsOf(this.#refusals, (reason) => [attribute("error.type", reason)]),
      cost: pointsOf(this.#costs, (model) => (model === "" ? [] : [attribute("gen_ai.request.model", model)]))
    }
  }
}

const pointsOf = (
  all: ReadonlyMap<string, Point["value"]>,
  attributesOf: (key: string) => ReadonlyArray<Attribute>
): ReadonlyArray<Point> => Array.from(all, ([key, value]) => ({ attributes: attributesOf(key), value }))
