/** Sends message requests with the URL, headers and errors of `@anthropic-ai/sdk`, whose own way of sending costs more CPU time. */
import type { MessageCreateParams, MessageCreateParamsNonStreaming } from "@anthropic-ai/sdk/resources/messages"
import * as Transport from "../../transport/Transport.ts"
import { defaultBaseUrl, type Options } from "../Connection.ts"
import type { Request } from "../Message.ts"
import { bodyOf, documentsOf, fallbackBeta } from "../RequestBody.ts"
import * as BodyParts from "./BodyParts.ts"
import { keyed, MessagesClient } from "./MessagesClient.ts"
import { sdkTimeoutMillis } from "./SdkError.ts"

type Fetch = typeof globalThis.fetch

/** Where a request is sent. The SDK gives the same URL and headers to all requests that differ only in their bodies; a beta is a header. */
interface Address {
  readonly url: string | URL
  readonly headers: () => HeadersInit
}

/** What the SDK hands on to its `fetch` as it is. */
type WithFetch = Omit<RequestInit, "body" | "headers" | "method" | "signal"> & { readonly fetchOnce: Fetch }

export class SdkClient {
  readonly #sdk: MessagesClient
  readonly #fetch: Fetch | undefined
  readonly #protocol: Transport.Protocol
  /** By whether the request is streamed, and whether it has fallbacks. */
  readonly #addresses = new Map<string, Promise<Address>>()

  constructor({ auth, baseUrl = defaultBaseUrl, fetch, transport = "auto" }: Options, key: string) {
    this.#fetch = fetch
    this.#protocol = transport
    this.#sdk = new MessagesClient({
      ...keyed(key, auth),
      baseURL: baseUrl,
      fetch: (input, init) => (init as unknown as WithFetch).fetchOnce(input, init),
      maxRetries: 0,
      timeout: sdkTimeoutMillis,
      logLevel: "off",
      openTelemetry: false
    })
  }

  /** Sends a request; rejects, as the SDK does, where no response comes, and where its status is no 2xx. */
  send(request: Request, isStreamed: boolean, signal: AbortSignal): Promise<Response> {
    const hasDocuments = documentsOf(request).length > 0
    // The SDK needs no document to make headers and errors.
    const light: MessageCreateParamsNonStreaming = bodyOf(request, undefined, () => "")
    const body = isStreamed ? { ...light, stream: true as const } : light
    return this.#addressOf(body)
      .then(({ headers, url }) => {
        // A redirect may lead to another origin, which must not get the key.
        const init = { method: "POST", headers: headers(), signal, redirect: "manual" as const }
        if (this.#fetch === undefined) {
          const json = hasDocuments ? BodyParts.of(request, isStreamed) : JSON.stringify(body)
          return Transport.fetchOver(this.#protocol, url, { ...init, body: json })
        }
        const whole = hasDocuments ? { ...body, ...bodyOf(request) } : body
        return this.#fetch(url, { ...init, body: JSON.stringify(whole) })
      })
      .then(
        (response) => (response.ok ? response : this.#through(body, () => Promise.resolve(response))),
        (error: unknown) => this.#through(body, () => Promise.reject(error))
      )
  }

  /** Lets the SDK send a request with this `fetch`: it makes the headers before, and the error after. */
  #through(body: MessageCreateParams, fetchOnce: Fetch): Promise<Response> {
    const fetchOptions: WithFetch = { fetchOnce }
    return this.#sdk.messages.create(body, { fetchOptions }).asResponse()
  }

  #addressOf(body: MessageCreateParams): Promise<Address> {
    const hasFallbacks = "fallbacks" in body
    const key = `${body.stream === true} ${hasFallbacks}`
    const known = this.#addresses.get(key)
    if (known !== undefined) return known
    const address = new Promise<Address>((resolve, reject) => {
      const fetchOnce: Fetch = (input, init) => {
        const url = input as string
        const all = new Headers(init?.headers)
        // Added to betas that ANTHROPIC_CUSTOM_HEADERS may name.
        if (hasFallbacks) all.append("anthropic-beta", fallbackBeta)
        if (this.#fetch === undefined) {
          const prepared = Transport.prepareHeaders(all)
          resolve({ url: new URL(url), headers: () => prepared })
        } else resolve({ url, headers: () => new Headers(all) })
        return Promise.reject(new Error("not sent: only the address was wanted"))
      }
      this.#through(body, fetchOnce).catch(reject)
    })
    this.#addresses.set(key, address)
    return address
  }
}
