/** The client of `@anthropic-ai/sdk` with `messages` alone: a bundle of it is a third of the SDK's own client with all resources. */
import { BaseAnthropic } from "@anthropic-ai/sdk/client"
import { Messages } from "@anthropic-ai/sdk/resources/messages"
import * as Transport from "../../transport/Transport.ts"
import { defaultBaseUrl, type Options } from "../Connection.ts"
import { sdkTimeoutMillis } from "./SdkError.ts"

export class MessagesClient extends BaseAnthropic {
  readonly messages = new Messages(this)
}

/** How a key is sent, for the options of a client. Headers of a client's own come after those of its key. */
export const keyed = (key: string, auth: "bearer" | "x-api-key" = "bearer") => ({
  apiKey: key,
  ...(auth === "x-api-key" && { defaultHeaders: { authorization: null, "x-api-key": key } })
})

/** A client that sends over `transport`, or the `fetch` that is given, each request once. */
export const clientOf = (options: Options, key: string): MessagesClient => {
  const { auth, baseUrl = defaultBaseUrl, fetch, transport = "auto" } = options
  return new MessagesClient({
    ...keyed(key, auth),
    baseURL: baseUrl,
    // A redirect may lead to another origin, which must not get the key.
    fetch: (input, init) => {
      const own = { ...init, redirect: "manual" as const } as RequestInit
      return fetch === undefined ? Transport.fetchOver(transport, input, own) : fetch(input, own)
    },
    maxRetries: 0,
    timeout: sdkTimeoutMillis,
    logLevel: "off",
    openTelemetry: false
  })
}
