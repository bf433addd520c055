/** `Claude` over `@anthropic-ai/sdk`: one request, one reply, plain or as a stream. Loaded when the first Claude is made. */
import { Effect } from "effect"
import * as Transport from "../../transport/Transport.ts"
import { AskError, ServerError } from "../AskError.ts"
import * as Attempt from "../Attempt.ts"
import { defaultBaseUrl, type Options } from "../Connection.ts"
import type { Reply, Request } from "../Message.ts"
import { accountOf } from "./Account.ts"
import { processQueue } from "./ConnectionQueue.ts"
import { withReply } from "./JsonReply.ts"
import { cutOff, plainReply } from "./PlainReply.ts"
import { SdkClient } from "./SdkClient.ts"
import { askErrorOf } from "./SdkError.ts"
import { readStream } from "./StreamedReply.ts"

/** Builds the SDK's client and gives its `send`. */
export const send = (options: Options): Attempt.Send => {
  const { cutter, key, problem, toError } = accountOf(options)
  const client = new SdkClient(options, key)
  if (problem !== undefined) return () => Effect.fail(problem)
  /** One promise for request and body costs less than an effect for each step. */
  const sendPlain = (request: Request) =>
    Effect.flatten(
      Effect.promise((signal) =>
        client.send(request, false, signal).then(
          (response) =>
            response.arrayBuffer().then(
              (bytes) => plainReply(response, bytes, request.model, cutter),
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
        try: () => client.send(request, true, controller.signal),
        catch: (thrown) => askErrorOf(thrown, false)
      })
      return Effect.onError(Effect.flatMap(respond, readStream(attempt, cutter)), () =>
        Effect.sync(() => controller.abort())
      )
    })

  const sendOnce: Attempt.Send = (request) =>
    Effect.withFiber((fiber) => {
      const attempt = Attempt.currentOf(fiber) ?? new Attempt.Attempt(request, fiber)
      const sent = attempt.isStreamed ? sendStreamed(request, attempt) : sendPlain(request)
      return Effect.mapError(Effect.flatMap(sent, unlessFailed), toError)
    })
  if (options.fetch !== undefined) return sendOnce
  return processQueue.around(sendOnce, Transport.maxRequestsTo(options.baseUrl ?? defaultBaseUrl, options.transport))
}

/** A server that fails while it answers may say so in the stop reason alone. */
const unlessFailed = (reply: Reply): Effect.Effect<Reply, AskError> =>
  reply.stopReason === "error"
    ? Effect.fail(
        withReply(new AskError({ reason: new ServerError({ detail: "the answer ended with an error" }) }), reply)
      )
    : Effect.succeed(reply)
