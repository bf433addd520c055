/** The default stack: which layers stand around Claude, in which order, and which of them the whole process shares. */
import { type Config, Effect, Layer, MutableHashMap, Option, Schema, Scope } from "effect"
import * as BaseUrl from "../claude/BaseUrl.ts"
import { apiKey, baseUrl, Claude, defaultBaseUrl, make, type Options as ClaudeOptions } from "../claude/Claude.ts"
import * as Issue from "../options/Issue.ts"
import { inCode } from "../options/OptionSchemas.ts"
import { LearnedLimits } from "./pacing/LearnedLimits.ts"
import * as LearnedLimitsFile from "./pacing/LearnedLimitsFile.ts"
import * as Price from "../claude/Price.ts"
import * as Budget from "./Budget.ts"
import * as Continue from "./Continue.ts"
import * as Fallback from "./Fallback.ts"
import * as Hedge from "./Hedge.ts"
import * as Pacing from "./Pacing.ts"
import * as Retry from "./Retry.ts"
import * as Timeout from "./Timeout.ts"
import * as Warm from "./Warm.ts"

/** Every layer's options under the layer's name; plan keys and flags are derived from this. */
export const Options = Schema.Struct({
  continue: Schema.optionalKey(Continue.Options),
  retry: Schema.optionalKey(Retry.Options),
  hedge: Schema.optionalKey(Hedge.Options),
  budget: Schema.optionalKey(Budget.Budget),
  warm: Schema.optionalKey(Warm.Options),
  pacing: Schema.optionalKey(Pacing.Options),
  timeout: Schema.optionalKey(Timeout.Options),
  prices: Schema.optionalKey(Price.Prices)
})
export interface Options {
  readonly continue?: Continue.Options | undefined
  readonly retry?: Retry.Options | undefined
  /** Off by default; `{}` turns it on. */
  readonly hedge?: Hedge.Options | undefined
  readonly budget?: number | Budget.Options | undefined
  readonly warm?: Warm.Options | undefined
  readonly pacing?: Pacing.Options | undefined
  readonly timeout?: Timeout.Options | undefined
  /** Of models without a list price, or of other than list prices; added to those that are stated around the stack. */
  readonly prices?: Price.Prices | undefined
}

const assertOptions = Issue.assert(inCode(Options))

/** Throws for an option that is wrong or unknown, before anything is built. */
const check = (options: Options & { readonly [K in keyof ClaudeOptions]?: unknown }): void => {
  const { apiKey: _key, baseUrl, fetch: _fetch, ...layers } = options
  assertOptions(layers)
  if (typeof baseUrl === "string") BaseUrl.assert(baseUrl)
}

type Around = Layer.Layer<Claude, never, Claude>

/** Beside `Claude`, as events are stamped with prices where a program is as well as where its calls are. */
const stating = (prices: Price.Prices | undefined, layer: Around): Around =>
  prices === undefined
    ? layer
    : Layer.merge(
        layer,
        Layer.effect(
          Price.Stated,
          Effect.map(Price.Stated, (around) => ({ ...around, ...prices }))
        )
      )

/** Puts layers around each other, outermost first. */
const stack = (...layers: readonly [Around, ...ReadonlyArray<Around>]): Around =>
  layers.reduceRight((inner, outer) => Layer.provide(outer, inner))

/** A layer that is there only where its options are. */
const where = <A>(options: A | undefined, layer: (options: A) => Around): ReadonlyArray<Around> =>
  options === undefined ? [] : [layer(options)]

/**
 * What belongs to one run: another model is asked once retrying is over, and never for the rest of a paused turn, each part
 * of which is retried by itself; a second copy is no try of its own, every attempt that may be paid is budgeted, and who
 * waits for the one that leads holds no place in the gate.
 */
const run = (options: Options): Around =>
  stating(
    options.prices,
    stack(
      Fallback.layer,
      Continue.layer(options.continue),
      Retry.layer(options.retry),
      ...where(options.hedge, Hedge.layer),
      ...where(options.budget, Budget.layer),
      Warm.layer(options.warm)
    )
  )

/** What all runs of a process share: one gate for all, whose waiting does not count against the time of an attempt. */
const shared = (options: Options): Around => stack(Pacing.layer(options.pacing), Timeout.layer(options.timeout))

/** The stack around a `Claude` of your own, sharing nothing. */
export const layerOver = (options: Options = {}): Around => {
  assertOptions(options)
  return stack(run(options), shared(options))
}

/** The stack over the API with a key at hand. Runs with the same key, base URL and fetch share their limits. */
export const layer = (options: Options & ClaudeOptions): Layer.Layer<Claude> => {
  check(options)
  return run(options).pipe(Layer.provide(processLayer(options)))
}

/** The stack over the API, with the key and base URL of the environment, or of the places that the options name. */
export const layerConfig = (
  options: Options & {
    readonly apiKey?: Config.Config<ClaudeOptions["apiKey"]> | undefined
    readonly baseUrl?: Config.Config<string | undefined> | undefined
    readonly fetch?: typeof globalThis.fetch | undefined
  } = {}
): Layer.Layer<Claude, Config.ConfigError> => {
  check(options)
  return Layer.unwrap(
    Effect.gen(function* () {
      const key = yield* options.apiKey ?? apiKey
      return layer({ ...options, apiKey: key, baseUrl: yield* options.baseUrl ?? baseUrl })
    })
  )
}

/** What some runs share, and where it is built, once. */
interface Place {
  readonly layer: Layer.Layer<Claude>
  readonly memoMap: Layer.MemoMap
  readonly scope: Scope.Scope
}

/** In the order of their last use. A forgotten one lives on in the runs that have it, and has nothing to be closed. */
const places = MutableHashMap.empty<ReadonlyArray<unknown>, Place>()

/** More than the keys and settings of one program; a server that has a key for each of its users must not keep them all. */
const mostPlaces = 64

/** Limits are remembered where requests really go to an account: whoever replaces `fetch` may answer by himself. */
const memory = ({ apiKey, baseUrl = defaultBaseUrl, fetch }: ClaudeOptions): Layer.Layer<never> =>
  fetch !== undefined
    ? Layer.empty
    : Layer.effect(
        LearnedLimits,
        Effect.map(
          Effect.promise(() => import("../transport/Transport.ts")),
          (transport) => (transport.isOwn() ? LearnedLimitsFile.make({ apiKey, baseUrl }) : undefined)
        )
      )

/** Two provides of one layer build it twice, so what a process shares is built in a place and a scope that outlive them. */
const processLayer = (options: Options & ClaudeOptions): Layer.Layer<Claude> => {
  const { apiKey, baseUrl, fetch, pacing, timeout } = options
  const { itpm, otpm, rpm } = pacing?.limits ?? {}
  // A redacted key compares by its value, and stays redacted.
  const told = [pacing?.inFlight, rpm, itpm, otpm, pacing?.remember ?? true]
  const key = [apiKey, baseUrl, fetch, ...told, JSON.stringify(Timeout.millisOf(timeout))]
  const place = Option.getOrElse(MutableHashMap.get(places, key), (): Place => ({
    layer: shared(options).pipe(
      Layer.provide([Layer.effect(Claude, make({ apiKey, baseUrl, fetch })), memory({ apiKey, baseUrl, fetch })])
    ),
    memoMap: Layer.makeMemoMapUnsafe(),
    scope: Scope.makeUnsafe()
  }))
  MutableHashMap.remove(places, key)
  MutableHashMap.set(places, key, place)
  const [oldest] = MutableHashMap.keys(places)
  if (MutableHashMap.size(places) > mostPlaces && oldest !== undefined) MutableHashMap.remove(places, oldest)
  const { layer, memoMap, scope } = place
  return Layer.effectContext(Effect.uninterruptible(Layer.buildWithMemoMap(layer, memoMap, scope)))
}
