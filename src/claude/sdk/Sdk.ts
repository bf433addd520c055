/** `Claude` over `@anthropic-ai/sdk`: one request, one reply, plain or as a stream. Loaded when the first Claude is made. */
import { Effect, Redacted } from "effect"
import * as Transport from "../../transport/Transport.ts"
import { AskError, Authentication } from "../AskError.ts"
import * as Attempt from "../Attempt.ts"
import { defaultBaseUrl, type Options } from "../Connection.ts"
import type { Reply, Request } from "../Message.ts"
import { MessagesClient } from "./MessagesClient.ts"
import { readPlain } from "./PlainReply.ts"
import { askErrorOf, sdkTimeoutMillis } from "./SdkError.ts"
import * as Secret from "./Secret.ts"
import { readStream } from "./StreamedReply.ts"
import { bodyOf } from "../RequestBody.ts"

/** Builds the SDK's client and gives its `send`. */
export const send = (options: Options): ((request: Request) => Effect.Effect<Reply, AskError>) => {
  const key = Redacted.value(options.apiKey).trim()
  const client = new MessagesClient({
    apiKey: key,
    baseURL: options.baseUrl ?? defaultBaseUrl,
    fetch: withOwnSignal(options.fetch ?? Transport.fetch),
    maxRetries: 0,
    timeout: sdkTimeoutMillis,
    logLevel: "off",
    openTelemetry: false
  })
  // Another character would make the platform quote the whole header in its own error.
  if (!/^[\x21-\x7e]+$/.test(key)) {
    const detail = "the key is empty or holds characters that no header can carry"
    return () => Effect.fail(new AskError({ reason: new Authentication({ detail }) }))
  }
  const cutter = Secret.cutter([key, ...Secret.ofCustomHeaders(globalThis.process?.env["ANTHROPIC_CUSTOM_HEADERS"])])
  return (request) =>
    Effect.withFiber((fiber) => {
      const attempt = Attempt.currentOf(fiber) ?? new Attempt.Attempt(request, fiber)
      const body = bodyOf(request)
      // One controller spans request and body, so that an interruption closes the connection wherever it is.
      const controller = new AbortController()
      const ended: Ended = { endedBy: controller.signal }
      const respond = Effect.tryPromise({
        try: () =>
          client.messages
            .create(attempt.isStreamed ? { ...body, stream: true } : body, { fetchOptions: ended })
            .asResponse(),
        catch: (thrown) => askErrorOf(thrown, false)
      })
      return Effect.flatMap(respond, attempt.isStreamed ? readStream(attempt, cutter) : readPlain).pipe(
        Effect.mapBoth({ onFailure: cutter.error, onSuccess: cutter.reply }),
        Effect.onError(() => Effect.sync(() => controller.abort()))
      )
    })
}

/**
 * The SDK registers every signal that it is given for when its response is collected, which takes a sixth of all that a
 * call costs. Its own signal never fires, so ours takes its place on the way out.
 */
const withOwnSignal =
  (fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  (input, init = {}) => {
    const { endedBy, ...rest } = init as RequestInit & Partial<Ended>
    return fetch(input, endedBy === undefined ? init : { ...rest, signal: endedBy })
  }

/** What the SDK hands on to `fetch` as it is. */
type Ended = Omit<RequestInit, "body" | "headers" | "method" | "signal"> & { readonly endedBy: AbortSignal }
