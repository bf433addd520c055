/** `Claude` over a client of the SDK's family: its URL, signature and transport, the errors and replies of fanfold. */
import type { MessageCreateParamsNonStreaming } from "@anthropic-ai/sdk/resources/messages"
import { Effect, Predicate, Redacted } from "effect"
import * as Transport from "../../transport/Transport.ts"
import { AskError, Authentication, Unreachable } from "../AskError.ts"
import type * as Attempt from "../Attempt.ts"
import type { Client } from "../Client.ts"
import type { Reply, Request } from "../Message.ts"
import * as ModelInfo from "../ModelInfo.ts"
import * as Provider from "../Provider.ts"
import { bodyOf, fallbackBeta } from "../RequestBody.ts"
import { toolsAt } from "../ServerTools.ts"
import { processQueue } from "./ConnectionQueue.ts"
import { sendOver } from "./Exchanges.ts"
import { askErrorOf, sdkTimeoutMillis } from "./SdkError.ts"
import * as Secret from "./Secret.ts"

/** The `send` of a client: once, without a time limit. */
export const send = (client: Client, { provider, secrets = none, transport }: Provider.Known = {}): Attempt.Send => {
  quietly(client)
  const custom = globalThis.process?.env["ANTHROPIC_CUSTOM_HEADERS"]
  const own = [...secretsOf(client), ...Secret.ofCustomHeaders(custom)]
  let sent: ReadonlyArray<string> | undefined
  let cutter = Secret.cutter(own)
  /** Tokens change while a program runs. */
  const current = (): Secret.Cutter => {
    const latest = secrets()
    if (latest !== sent) {
      sent = latest
      cutter = Secret.cutter([...own, ...latest])
    }
    return cutter
  }
  const sendOnce = sendOver({
    respond: (request, isStreamed, signal) => {
      const tools = request.tools && { tools: toolsAt(provider, request.tools) }
      const body = bodyOf({ ...request, ...tools })
      return client.messages
        .create(
          { ...body, model: Provider.modelAt(provider, body.model), ...(isStreamed && { stream: true }) },
          { signal, maxRetries: 0, timeout: sdkTimeoutMillis, ...requestOptions(body) }
        )
        .asResponse()
    },
    errorOf: (thrown) => ofProvider(provider, errorOf(thrown)),
    toError: (error) => Secret.cutter(tokensIn(error)).error(current().error(error)),
    cutter: current
  })
  const named: Attempt.Send = (request) => Effect.map(sendOnce(request), (reply) => namedAsAsked(request, reply))
  if (transport === undefined || client.baseURL === undefined) return named
  return processQueue.around(named, Transport.maxRequestsTo(client.baseURL, transport))
}

const none = (): ReadonlyArray<string> => noSecrets
const noSecrets: ReadonlyArray<string> = []

/** The client of Vertex AI looks for credentials when it is made; that it finds none is an error of the first request. */
const quietly = (client: Client): void => {
  const { _authClientPromise: pending } = client as { readonly _authClientPromise?: unknown }
  if (pending instanceof Promise) pending.catch(() => {})
}

/** Bedrock answers `us.anthropic.claude-…` under the name without its region, on which the price depends. */
const namedAsAsked = (request: Request, reply: Reply): Reply =>
  request.model !== reply.model && ModelInfo.canonicalOf(request.model) === ModelInfo.canonicalOf(reply.model)
    ? { ...reply, model: request.model }
    : reply

/** Tokens in the text of an error, as a server may echo the header that the client has made. */
const tokensIn = (error: AskError): ReadonlyArray<string> =>
  [...JSON.stringify([error.reason, error.partialText ?? ""]).matchAll(/\b(?:Bearer\s+|ya29\.)([\w.~+/=-]{8,})/g)].map(
    ([, token = ""]) => token
  )

/** A redirect may lead to another origin, which must not get the credentials. */
const requestOptions = (body: MessageCreateParamsNonStreaming) => ({
  fetchOptions: { redirect: "manual" },
  ...("fallbacks" in body && { headers: { "anthropic-beta": fallbackBeta } })
})

/** The values of a client's own properties that are named like secrets. */
const secretsOf = (client: object): ReadonlyArray<string> =>
  Object.entries(client).flatMap(([name, value]) => {
    if (!/key|token|secret|password/i.test(name)) return []
    if (Redacted.isRedacted(value))
      return Predicate.isString(Redacted.value(value)) ? [Redacted.value(value) as string] : []
    return typeof value === "string" ? [value] : []
  })

/** The credentials of a cloud are no key of Anthropic's. */
const ofProvider = (provider: Provider.Known["provider"], error: AskError): AskError => {
  const cloud = Provider.cloudOf(provider)
  if (cloud === undefined || error.reason._tag !== "Authentication") return error
  return error.with({ reason: new Authentication({ detail: error.reason.detail, provider: Provider.titles[cloud] }) })
}

/** The clients of clouds get their credentials before a request, where no retry finds any. */
const errorOf = (thrown: unknown): AskError => {
  const {
    cause,
    message = "",
    name,
    status
  } = Object(thrown) as {
    readonly cause?: unknown
    readonly message?: string
    readonly name?: string
    readonly status?: number
  }
  if (status === undefined && noCredentials.test(message)) {
    const why = cause instanceof Error ? ` ${cause.message}` : ""
    return new AskError({ reason: new Authentication({ detail: `${message}${why}` }) })
  }
  // The limit of the SDK is beyond all others: only a connection can have taken too long.
  if (name === "APIConnectionTimeoutError") {
    return new AskError({ reason: new Unreachable({ detail: "connecting took too long", isPassing: true }) })
  }
  return askErrorOf(thrown, false)
}

/** Words of the clients of Amazon Bedrock, Vertex AI and Foundry, and of the SDK itself. */
const noCredentials =
  /credential|authentication method|azureADTokenProvider|`apiKey` function|projectId|awsRegion|OAuth/i
