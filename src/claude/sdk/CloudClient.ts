/** The clients of clouds: loaded from their packages, which are the user's, and made from the environment. */
import { Effect, Result } from "effect"
import * as Transport from "../../transport/Transport.ts"
import type { Client } from "../Client.ts"
import { type Cloud, ProviderProblem, titles } from "../Provider.ts"
import { sdkTimeoutMillis } from "./SdkError.ts"

interface Package {
  readonly name: string
  readonly client: string
  readonly load: () => Promise<object>
}

const packages: Readonly<Record<Cloud, Package>> = {
  bedrock: {
    name: "@anthropic-ai/bedrock-sdk",
    client: "AnthropicBedrock",
    load: () => import("@anthropic-ai/bedrock-sdk")
  },
  vertex: {
    name: "@anthropic-ai/vertex-sdk",
    client: "AnthropicVertex",
    load: () => import("@anthropic-ai/vertex-sdk")
  },
  foundry: {
    name: "@anthropic-ai/foundry-sdk",
    client: "AnthropicFoundry",
    load: () => import("@anthropic-ai/foundry-sdk")
  }
}

type Constructor = new (options: object) => Client

/** Loads beside fanfold, else from the folder of the program, as fanfold may be installed elsewhere, for all programs. */
const loaded = ({ load, name }: Package): Effect.Effect<object, unknown> =>
  Effect.catch(Effect.tryPromise({ try: load, catch: (thrown) => thrown }), (thrown) =>
    isMissing(thrown, name)
      ? Effect.try({
          try: (): object => {
            const { createRequire } = process.getBuiltinModule("node:module")
            return createRequire(`${process.cwd()}/package.json`)(name)
          },
          catch: (thrown) => thrown
        })
      : Effect.fail(thrown)
  )

const isMissing = (thrown: unknown, name: string): boolean => {
  const { code, message } = Object(thrown) as { readonly code?: unknown; readonly message?: unknown }
  return /^(?:ERR_)?MODULE_NOT_FOUND$/.test(String(code)) && String(message).includes(name)
}

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))

export const connect = Effect.fnUntraced(function* (provider: Cloud, transport: Transport.Protocol) {
  const { client: className, name } = packages[provider]
  const title = titles[provider]
  const module = yield* Effect.mapError(
    loaded(packages[provider]),
    (thrown) =>
      new ProviderProblem({
        message: isMissing(thrown, name)
          ? `${title} is asked by the package ${name}, which is not installed: npm install ${name}`
          : `${name} cannot be loaded: ${messageOf(thrown)}`
      })
  )
  let secrets: ReadonlyArray<string> = []
  const fetch: typeof globalThis.fetch = (input, init) => {
    const [, token] = /^Bearer (.+)$/.exec(new Headers(init?.headers).get("authorization") ?? "") ?? []
    if (token !== undefined && !secrets.includes(token)) secrets = [...secrets.slice(-1), token]
    return Transport.fetchOver(transport, input, init)
  }
  const options = { fetch, maxRetries: 0, timeout: sdkTimeoutMillis, logLevel: "off", openTelemetry: false }
  const client = Result.try(() => new (module as Readonly<Record<string, Constructor>>)[className]!(options))
  return Result.isFailure(client)
    ? yield* new ProviderProblem({ message: `${title}: ${messageOf(client.failure)}` })
    : { client: client.success, provider, secrets: () => secrets, transport }
})
