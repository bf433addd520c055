/** `Claude` over `@anthropic-ai/sdk`: one request, one reply, plain or as a stream. Loaded when the first Claude is made. */
import { Effect, Redacted } from "effect"
import * as Transport from "../../transport/Transport.ts"
import { AskError, Authentication } from "../AskError.ts"
import * as Attempt from "../Attempt.ts"
import { defaultBaseUrl, type Options } from "../Connection.ts"
import type { Request } from "../Message.ts"
import { processQueue } from "./ConnectionQueue.ts"
import { cutOff, plainReply } from "./PlainReply.ts"
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
  /** One promise for request and body costs less than an effect for each step. */
  const sendPlain = (request: Request) =>
    Effect.flatten(
      Effect.promise((signal) =>
        client.send(bodyOf(request), false, signal).then(
          (response) =>
            response.text().then(
              (text) => plainReply(response, text, cutter),
              (thrown: unknown) => Effect.fail(cutOff(thrown))
            ),
          (thrown: unknown) => Effect.fail(askErrorOf(thrown, false))
        )
      )
    )

  const sendStreamed = (request: Request, attempt: Attempt.Attempt) =>
    Effect.suspend(() => {
      // One controller spans request and body, so that an interruption closes the connection wherever it is.
      const controller = new AbortController()
      const respond = Effect.tryPromise({
        try: () => client.send(bodyOf(request), true, controller.signal),
        catch: (thrown) => askErrorOf(thrown, false)
      })
      return Effect.onError(Effect.flatMap(respond, readStream(attempt, cutter)), () =>
        Effect.sync(() => controller.abort())
      )
    })

  const sendOnce: Attempt.Send = (request) =>
    Effect.withFiber((fiber) => {
      const attempt = Attempt.currentOf(fiber) ?? new Attempt.Attempt(request, fiber)
      return Effect.mapError(attempt.isStreamed ? sendStreamed(request, attempt) : sendPlain(request), cutter.error)
    })
  if (options.fetch !== undefined) return sendOnce
  return processQueue.around(sendOnce, Transport.maxRequestsTo(options.baseUrl ?? defaultBaseUrl, options.transport))
}
