/** Who is asked: the API or a gateway with a key, or a client of the SDK's family; and what the layers around it need to know of that. */
import { Effect, Layer, Redacted } from "effect"
import * as BaseUrl from "./BaseUrl.ts"
import * as Batches from "./Batches.ts"
import { Claude, fromClient, make } from "./Claude.ts"
import type { Client } from "./Client.ts"
import { defaultBaseUrl, type Options } from "./Connection.ts"
import type { Known } from "./Provider.ts"
import * as TokenCounter from "./TokenCounter.ts"

/** A client of your own, or one that `Clouds.connect` has made. */
export interface ClientOptions extends Known {
  readonly client: Client
  readonly apiKey?: undefined
  readonly baseUrl?: undefined
  readonly fetch?: undefined
}

export interface Endpoint {
  readonly claude: Layer.Layer<Claude>
  /** Provides the Message Batches; `undefined` where there are none. */
  readonly batches: Layer.Layer<never> | undefined
  /** Counts tokens, where there is a way to ask for that. */
  readonly tokenCounter: Layer.Layer<never>
  /** Whose limits they are. A client keeps its credentials to itself: its base URL stands for its account. */
  readonly account: { readonly apiKey: Redacted.Redacted; readonly baseUrl: string }
  /** Whether requests go to the account itself: a replaced `fetch` may answer in its place, and of a client it is not known. */
  readonly isAccount: boolean
  /** Who answers, as far as it matters for the reuse of answers: a `fetch` of a program's own may be a simulation. */
  readonly source: string
  /** Equal for equal endpoints. A redacted key compares by its value, and stays redacted. */
  readonly identity: ReadonlyArray<unknown>
}

export const of = (options: Options | ClientOptions): Endpoint =>
  options.client === undefined ? ofKey(options) : ofClient(options)

const ofKey = ({ apiKey, auth, baseUrl: given, fetch, transport }: Options): Endpoint => {
  const baseUrl = given === undefined ? defaultBaseUrl : BaseUrl.ofOption(given)
  const connection = { apiKey, auth, baseUrl: given === undefined ? undefined : baseUrl, fetch, transport }
  return {
    claude: Layer.effect(Claude, make(connection)),
    batches: Layer.effect(Batches.Current, Batches.make(connection)),
    tokenCounter: Layer.succeed(TokenCounter.Current, (request) =>
      Effect.flatMap(
        Effect.promise(() => import("./sdk/SdkTokenCounter.ts")),
        (sdk) => sdk.counter(connection)(request)
      )
    ),
    account: { apiKey, baseUrl },
    isAccount: fetch === undefined,
    source: fetch === undefined ? baseUrl : "fetch",
    identity: [apiKey, baseUrl, fetch]
  }
}

const noKey = Redacted.make("")

/** A client stands for itself: to compare two by what they hold would call their getters, some of which throw. */
const identities = new WeakMap<Client, symbol>()

const identityOf = (client: Client): symbol => {
  const known = identities.get(client) ?? Symbol("client")
  identities.set(client, known)
  return known
}

const ofClient = ({ client, provider, secrets, transport }: ClientOptions): Endpoint => {
  const baseUrl = client.baseURL ?? "client"
  return {
    claude: fromClient(client, { provider, secrets, transport }),
    batches: undefined,
    tokenCounter: Layer.empty,
    account: { apiKey: noKey, baseUrl },
    isAccount: false,
    source: baseUrl,
    identity: [identityOf(client)]
  }
}
