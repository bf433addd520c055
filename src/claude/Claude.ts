/** Who answers: one service with one method. How a call is made is a layer around it; who delivers it is `make`. */
import { Config, Context, Effect, Layer, Redacted, Schema, type Scope } from "effect"
import * as ApiKey from "./ApiKey.ts"
import type { Send } from "./Attempt.ts"
import * as BaseUrl from "./BaseUrl.ts"
import type { Client } from "./Client.ts"
import { defaultBaseUrl, type Options } from "./Connection.ts"
import type { Known } from "./Provider.ts"
import { mark, observe } from "./ObservedSend.ts"

export { defaultBaseUrl, type Options } from "./Connection.ts"

export class Claude extends Context.Service<
  Claude,
  {
    /** Sends one request and gives the reply as it came, whatever its stop reason. */
    readonly send: Send
  }
>()("fanfold/claude/Claude") {}

/** Model of an ask that names none. Haiku: many small questions want the fastest and cheapest. */
export const askModel = "claude-haiku-5-5"

/** Model of a synthesis that names none. Sonnet: one long text that weighs everything. */
export const synthesisModel = "claude-sonnet-5-5"

/**
 * Makes a layer around `send`. `around` is called once, and gets the `send` of the `Claude` below; the attempts that it
 * makes can be observed with `Attempt.observing`. Every layer of fanfold is made by this.
 */
export const layerAround = (
  around: (send: Send) => Send | Effect.Effect<Send, never, Scope.Scope>
): Layer.Layer<Claude, never, Claude> =>
  Layer.effect(
    Claude,
    Effect.flatMap(Claude, (inner) => {
      const made = around(observe(inner.send))
      return Effect.map(Effect.isEffect(made) ? made : Effect.succeed(made), (send) => Claude.of({ send: mark(send) }))
    })
  )

const loadTransport = () => import("../transport/Transport.ts")
const loadSdk = () => import("./sdk/Sdk.ts")

/** Begins to read the files of transport and SDK, for a program that does other things before its first Claude is made. */
export const loadAhead: Effect.Effect<void> = Effect.sync(() => void Promise.allSettled([loadTransport(), loadSdk()]))

/**
 * Sends over `@anthropic-ai/sdk`, once: no retry and no time limit of its own (`Retry`, `Timeout` and `Stack` add them).
 * The reply is the same whether it was streamed or not.
 */
export const make = Effect.fnUntraced(function* (options: Options) {
  const baseUrl = options.baseUrl === undefined ? defaultBaseUrl : BaseUrl.ofOption(options.baseUrl)
  if (options.fetch === undefined) {
    const transport = yield* Effect.promise(loadTransport)
    // The connection is made while the SDK is being loaded.
    transport.prepare(baseUrl, options.transport)
  }
  const sdk = yield* Effect.promise(loadSdk)
  return Claude.of({ send: observe(sdk.send({ ...options, baseUrl })) })
})

/**
 * Sends over a client of the SDK's family, once: no retry and no time limit of its own. `Stack.layerOver` puts the layers around it.
 * What the client does to a request (signature, URL, middleware) stays its own, and so does its transport. `provider`: by whose names
 * models of Anthropic's table are asked, where that is not the API itself.
 */
export const fromClient = (client: Client, known: Known = {}): Layer.Layer<Claude> =>
  Layer.effect(
    Claude,
    Effect.map(
      Effect.promise(() => import("./sdk/FamilyClient.ts")),
      (family) => Claude.of({ send: observe(family.send(client, known)) })
    )
  )

const missing = { message: "no key: set ANTHROPIC_API_KEY to your key, or give the layer an apiKey of your own" }

/** A variable that is set to nothing counts as not set. */
const secret = (name: string) =>
  Config.schema(
    Schema.Redacted(Schema.String.annotate(missing).check(Schema.makeFilter((text) => text.trim() !== "", missing))),
    name
  ).pipe(Config.map((key) => ({ key, name })))

/**
 * Where `layerConfig` reads the key: `ANTHROPIC_API_KEY`, else `ANTHROPIC_AUTH_TOKEN`. Both travel as a bearer token. A key in
 * quotes, with `Bearer` before it or a blank in it is an error that says so.
 */
export const apiKey: Config.Config<Redacted.Redacted> = secret("ANTHROPIC_API_KEY").pipe(
  Config.orElse(() => secret("ANTHROPIC_AUTH_TOKEN")),
  // Read again, so that the error of a missing key names the variable that is usual.
  Config.orElse(() => secret("ANTHROPIC_API_KEY")),
  Config.mapEffect(({ key, name }) => ApiKey.ofVariable(Redacted.value(key), name))
)

/** Where `layerConfig` reads the base URL: `ANTHROPIC_BASE_URL`, without blanks, quotes or `/v1`; `undefined` where it is blank. */
export const baseUrl: Config.Config<string | undefined> = Config.String("ANTHROPIC_BASE_URL").pipe(
  Config.withDefault(""),
  Config.mapEffect((url) =>
    url.trim() === "" ? Effect.succeed(undefined) : BaseUrl.ofVariable(url, "ANTHROPIC_BASE_URL")
  )
)

/** Provides `Claude` with a key at hand. */
export const layer = (options: Options): Layer.Layer<Claude> => Layer.effect(Claude, make(options))

/** Provides `Claude` with the key and base URL of the environment, or of the places that the options name. */
export const layerConfig = (options?: {
  readonly apiKey?: Config.Config<Redacted.Redacted> | undefined
  readonly baseUrl?: Config.Config<string | undefined> | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
  readonly transport?: Options["transport"]
}): Layer.Layer<Claude, Config.ConfigError> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const key = yield* options?.apiKey ?? apiKey
      const url = yield* options?.baseUrl ?? baseUrl
      return layer({ apiKey: key, baseUrl: url, fetch: options?.fetch, transport: options?.transport })
    })
  )
