/** The default stack: which layers stand around Claude, in which order, and which of them the whole process shares. */
import { type Config, Effect, Layer, MutableHashMap, Option, Schema, Scope } from "effect"
import * as Batches from "../claude/BatchApi.ts"
import { apiKey, baseUrl, type Claude, type Options as ClaudeOptions } from "../claude/Claude.ts"
import { Auth, Transport } from "../claude/Connection.ts"
import * as Endpoint from "../claude/Endpoint.ts"
import * as Clouds from "../claude/Clouds.ts"
import * as Provider from "../claude/Provider.ts"
import * as Reuse from "../journal/Reuse.ts"
import * as SharedRun from "../journal/SharedRun.ts"
import * as Issue from "../options/Issue.ts"
import { inCode, type InCode, keyOf, toEncoded } from "../options/OptionSchemas.ts"
import type { Shared } from "../scheduling/SharedRegister.ts"
import { nameOf } from "./pacing/Account.ts"
import { LearnedLimits } from "./pacing/LearnedLimits.ts"
import * as LearnedLimitsFile from "./pacing/LearnedLimitsFile.ts"
import * as Price from "../claude/Price.ts"
import * as RefusalPolicy from "../claude/RefusalPolicy.ts"
import * as Batch from "./Batch.ts"
import * as Budget from "./Budget.ts"
import * as Continue from "./Continue.ts"
import * as Fallback from "./Fallback.ts"
import * as Hedge from "./Hedge.ts"
import * as Journal from "./Journal.ts"
import * as Pacing from "./Pacing.ts"
import * as Queue from "./Queue.ts"
import * as Refusals from "./Refusals.ts"
import * as Retry from "./Retry.ts"
import * as Timeout from "./Timeout.ts"
import * as Warm from "./Warm.ts"

/** The options of the layers that all runs of a process share. */
const sharedFields = {
  pacing: Schema.optionalKey(Pacing.Options),
  timeout: Schema.optionalKey(Timeout.Options),
  /** Of requests to the API; without effect on a `fetch` or `Claude` of your own. */
  transport: Schema.optionalKey(Transport),
  /** Of the requests to the API, or to a gateway. */
  auth: Schema.optionalKey(Auth),
  /** Without effect on a `fetch` or `Claude` of your own. */
  provider: Schema.optionalKey(Provider.Provider)
}

/** The options of the layers that send an ask, which a worker needs where another process has it from the queue. */
const deliveryFields = {
  refusals: Schema.optionalKey(Refusals.Options),
  retry: Schema.optionalKey(Retry.Options),
  /** Off by default; `{}` turns it on. */
  hedge: Schema.optionalKey(Hedge.Options),
  budget: Schema.optionalKey(Budget.Budget),
  warm: Schema.optionalKey(Warm.Options),
  ...sharedFields,
  /** Of models without a list price, or of other than list prices; added to those that are stated around the stack. */
  prices: Schema.optionalKey(Price.Prices)
}

/** Every layer's options under the layer's name; plan keys and flags are derived from this. */
export const Options = Schema.Struct({
  /** Off in code unless given, on in the command line. */
  journal: Schema.optionalKey(Journal.Options),
  reuse: Schema.optionalKey(Reuse.Option),
  continue: Schema.optionalKey(Continue.Options),
  queue: Schema.optionalKey(Queue.Options),
  /** Off by default; `{}` turns it on. */
  batch: Schema.optionalKey(Batch.Options),
  ...deliveryFields
})
export interface Options extends Omit<InCode<typeof Options>, "journal" | "budget" | "prices"> {
  readonly journal?: Journal.Options | undefined
  readonly budget?: number | Budget.Options | undefined
  readonly prices?: Price.Prices | undefined
}

const assertOptions = Issue.assert(inCode(Options))

/** Throws for an option that is wrong or unknown, before anything is built. */
const check = (
  options: Options & { readonly [K in keyof ClaudeOptions | keyof Endpoint.ClientOptions]?: unknown }
): void => {
  const { apiKey: _key, baseUrl: _url, client: _client, fetch: _fetch, secrets: _secrets, ...layers } = options
  assertOptions(layers)
}

type Around = Layer.Layer<Claude, never, Claude>

/** Beside `Claude`, as events are stamped with prices, and a synthesis is planned, where a program is as well as where its calls are. */
const stating = ({ batch, prices, refusals = RefusalPolicy.standard }: Options, layer: Around): Around => {
  const withPolicy = Layer.mergeAll(
    layer,
    Layer.succeed(RefusalPolicy.Current, refusals),
    Layer.succeed(Batches.AreUsed, batch !== undefined)
  )
  return prices === undefined
    ? withPolicy
    : Layer.merge(
        withPolicy,
        Layer.effect(
          Price.Overrides,
          Effect.map(Price.Overrides, (around) => ({ ...around, ...prices }))
        )
      )
}

/** Puts layers around each other, outermost first. What a layer provides beside `Claude` is there outside of all of them. */
const stack = (...layers: ReadonlyArray<Around>): Around =>
  layers.reduceRight((inner, outer) => Layer.provideMerge(outer, inner))

/** A layer that is there only where its options are. */
const where = <A>(options: A | undefined, layer: (options: A) => Around): ReadonlyArray<Around> =>
  options === undefined ? [] : [layer(options)]

/**
 * What belongs to one run. Another model is asked once retrying is over, and never for the rest of a paused turn, each part
 * of which is retried by itself. The journal keeps each of these replies, so that none is paid again where an ask breaks off, and what
 * it answers costs nothing and waits for nothing. A request that is sent again without fallbacks is no further try, and has a worst case of its own.
 * A second copy is no try of its own. Every attempt that may be paid is budgeted. What goes into a batch
 * is marked where a budget learns of it, and leaves it to be asked live with a reservation of its own. A call that waits for a batch, or
 * for the shared prefix, holds no place in `Pacing`.
 */
const run = (options: Options): Around =>
  stating(
    options,
    stack(
      Fallback.layer(options.refusals),
      Continue.layer(options.continue),
      ...where(journalOf(options), () =>
        stack(
          Journal.keeping(),
          // What goes into a batch waits for no place of any machine.
          ...where(options.batch === undefined ? (options.queue ?? {}) : undefined, (queue) =>
            Queue.layer(queue, () => JSON.stringify(toEncoded({ fields: deliveryFields }, options)))
          )
        )
      ),
      delivery(options)
    )
  )

const journalOf = ({ journal }: Options) => (journal === false ? undefined : journal)

/** Begins the run in its journal for all layers, those that the process shares too. */
const begun = <A, R>(options: Options, source: string, layers: Layer.Layer<A, never, R>): Layer.Layer<A, never, R> => {
  const journal = journalOf(options)
  return journal === undefined
    ? layers
    : Layer.provide(layers, Journal.begin(journal, { reuse: options.reuse, source }))
}

/** What sends one turn of an ask, on whichever machine. */
const delivery = (options: Options): Around =>
  stack(
    Retry.layer(options.retry),
    Refusals.layer(options.refusals),
    ...where(options.batch, Batch.layerEligible),
    ...where(options.hedge, Hedge.layer),
    ...where(options.budget, Budget.layer),
    ...where(options.batch, Batch.layer),
    Warm.layer(options.warm)
  )

const decodeDelivery = Issue.decode(Schema.fromJsonString(Schema.Struct(deliveryFields)))

/**
 * The layers of a run of another machine, by their options as the queue has them, over a `Claude` of your own. Fails with what is
 * wrong in them.
 */
export const layerDeliveryOver = (
  given: string,
  run: SharedRun.SharedRun
): Effect.Effect<Around, ReadonlyArray<Issue.Issue>> =>
  Effect.map(decodeDelivery(given), (options) =>
    stack(stating(options, delivery(options)), shared(options)).pipe(
      Layer.provide(Layer.succeed(SharedRun.Current, run))
    )
  )

/** The same over the API, with a key at hand. */
export const layerDelivery = (
  given: string,
  run: SharedRun.SharedRun,
  connection: Connection
): Effect.Effect<Layer.Layer<Claude>, ReadonlyArray<Issue.Issue>> =>
  Effect.map(decodeDelivery(given), (options) =>
    stating(options, delivery(options)).pipe(
      Layer.provide(processLayer({ ...options, ...connection })),
      Layer.provide(Layer.succeed(SharedRun.Current, run))
    )
  )

/** What all runs of a process share: one dispatcher for all, and the time limits of an attempt, which exclude its queue. */
const shared = (options: Options): Around => stack(Pacing.layer(options.pacing), Timeout.layer(options.timeout))

/** The stack around a `Claude` of your own, sharing nothing. */
export const layerOver = (options: Options = {}): Around => {
  assertOptions(options)
  return begun(options, "", stack(run(options), shared(options)))
}

/** The API with a key at hand, or a client of the SDK's family. */
export type Connection = ClaudeOptions | Endpoint.ClientOptions

/** The stack over the API with a key at hand, or over a client. Runs with the same key, base URL and fetch, or client, share their limits. */
export const layer = (options: Options & Connection): Layer.Layer<Claude> => {
  check(options)
  const cloud = Provider.cloudOf(options.provider)
  if (cloud !== undefined && options.client === undefined && options.fetch === undefined) {
    throw new RangeError(`provider: ${Provider.titles[cloud]} takes no API key; give its client, or use layerConfig`)
  }
  const { batches, source, tokenCounter } = Endpoint.of(options)
  const stacked = begun(options, source, Layer.merge(Layer.provide(run(options), processLayer(options)), tokenCounter))
  if (options.batch === undefined) return stacked
  if (batches === undefined) throw new RangeError("batch: a client of your own has no Message Batches")
  return Layer.provide(stacked, batches)
}

/** The stack over the API or the client of `provider`, with what the environment has for it, or the places that the options name. */
export const layerConfig = (
  options: Options & {
    readonly apiKey?: Config.Config<ClaudeOptions["apiKey"]> | undefined
    readonly baseUrl?: Config.Config<string | undefined> | undefined
    readonly fetch?: typeof globalThis.fetch | undefined
  } = {}
): Layer.Layer<Claude, Config.ConfigError | Provider.ProviderProblem> => {
  check(options)
  return Layer.unwrap(
    Effect.gen(function* () {
      const { apiKey: _key, baseUrl: _url, fetch, ...layers } = options
      const cloud = fetch === undefined ? Provider.cloudOf(options.provider) : undefined
      if (cloud !== undefined) {
        return layer({ ...layers, ...(yield* Clouds.connect(cloud, options.transport)) })
      }
      const key = yield* options.apiKey ?? apiKey
      return layer({ ...layers, fetch, apiKey: key, baseUrl: yield* options.baseUrl ?? baseUrl })
    })
  )
}

/** What the runs of one account share, and where it is built, once. */
interface SharedLayer {
  readonly layer: Layer.Layer<Claude>
  readonly memoMap: Layer.MemoMap
  readonly scope: Scope.Scope
}

/** In the order of their last use; one that was removed lives on in the runs that have it. `LayerMap` does not bound their number. */
const sharedLayers = MutableHashMap.empty<ReadonlyArray<unknown>, SharedLayer>()

/** More than the keys and settings of one program; a server that has a key for each of its users must not keep them all. */
const maxSharedLayers = 64

const storage = ({ account, isAccount }: Endpoint.Endpoint): Layer.Layer<never> =>
  isAccount
    ? Layer.effect(
        LearnedLimits,
        Effect.map(
          Effect.promise(() => import("../transport/Transport.ts")),
          (transport) => (transport.isOwn() ? LearnedLimitsFile.make(account) : undefined)
        )
      )
    : Layer.empty

/** Processes share limits where they use the same account: its name is in that of what they share. */
const sharedLimits = ({ account }: Endpoint.Endpoint, shared: Shared | undefined): Layer.Layer<never> =>
  Layer.succeed(
    Pacing.SharedLimits,
    shared && { ...shared, name: `${shared.name} ${nameOf(account, "fanfold: shared limits")}` }
  )

/**
 * Two programs that are run each with this layer build it twice; what they share is built once, in a scope of its own. Where their
 * journal is in a database, all that use the account share its limits.
 */
const processLayer = (options: Options & Connection): Layer.Layer<Claude> => {
  const alone = processLayerWith(options, undefined)
  return Layer.unwrap(
    Effect.gen(function* () {
      const run = options.fetch === undefined ? yield* SharedRun.Current : undefined
      const limits = (yield* Pacing.SharedLimits) ?? (run && { register: run.register, name: "limits" })
      return limits === undefined ? alone : processLayerWith(options, limits)
    })
  )
}

const processLayerWith = (options: Options & Connection, limits: Shared | undefined): Layer.Layer<Claude> => {
  const endpoint = Endpoint.of(options)
  const key = [...endpoint.identity, keyOf({ fields: sharedFields }, options), limits?.register, limits?.name]
  const known = Option.getOrElse(MutableHashMap.get(sharedLayers, key), (): SharedLayer => ({
    layer: shared(options).pipe(Layer.provide([endpoint.claude, storage(endpoint), sharedLimits(endpoint, limits)])),
    memoMap: Layer.makeMemoMapUnsafe(),
    scope: Scope.makeUnsafe()
  }))
  MutableHashMap.remove(sharedLayers, key)
  MutableHashMap.set(sharedLayers, key, known)
  const [oldest] = MutableHashMap.keys(sharedLayers)
  if (MutableHashMap.size(sharedLayers) > maxSharedLayers && oldest !== undefined) {
    MutableHashMap.remove(sharedLayers, oldest)
  }
  const { layer, memoMap, scope } = known
  return Layer.effectContext(Effect.uninterruptible(Layer.buildWithMemoMap(layer, memoMap, scope)))
}
