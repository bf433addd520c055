/** `Claude` over `@anthropic-ai/sdk`: one request, one reply, plain or as a stream. Loaded when the first Claude is made. */
import { Effect, Redacted } from "effect"
import * as Transport from "../../transport/Transport.ts"
import { AskError, Authentication } from "../AskError.ts"
import * as Attempt from "../Attempt.ts"
import { defaultBaseUrl, type Options } from "../Connection.ts"
import { processQueue } from "./ConnectionQueue.ts"
import { readPlain } from "./PlainReply.ts"
import { SdkClient } from "./SdkClient.ts"
import { askErrorOf } from "./SdkError.ts"
import * as Secret from "./Secret.ts"
import { readStream } from "./StreamedReply.ts"
import { bodyOf } from "../RequestBody.ts"

/** Builds the SDK's client and gives its `send`. */
export const send = (options: Options): Attempt.Send => {
  const key = Redacted.value(options.apiKey).trim()
  const client = new SdkClient(options, key)
  // Another character would make the platform quote the whole header in its own error.
  if (!/^[\x21-\x7e]+$/.test(key)) {
    const detail = "the key is empty or holds characters that no header can carry"
    return () => Effect.fail(new AskError({ reason: new Authentication({ detail }) }))
  }
  const cutter = Secret.cutter([key, ...Secret.ofCustomHeaders(globalThis.process?.env["ANTHROPIC_CUSTOM_HEADERS"])])
  const sendOnce: Attempt.Send = (request) =>
    Effect.withFiber((fiber) => {
      const attempt = Attempt.currentOf(fiber) ?? new Attempt.Attempt(request, fiber)
      // One controller spans request and body, so that an interruption closes the connection wherever it is.
      const controller = new AbortController()
      const respond = Effect.tryPromise({
        try: () => client.send(bodyOf(request), attempt.isStreamed, controller.signal),
        catch: (thrown) => askErrorOf(thrown, false)
      })
      return Effect.flatMap(respond, attempt.isStreamed ? readStream(attempt, cutter) : readPlain).pipe(
        Effect.mapBoth({ onFailure: cutter.error, onSuccess: cutter.reply }),
        Effect.onError(() => Effect.sync(() => controller.abort()))
      )
    })
  if (options.fetch !== undefined) return sendOnce
  return processQueue.around(sendOnce, Transport.maxRequestsTo(options.baseUrl ?? defaultBaseUrl))
}
