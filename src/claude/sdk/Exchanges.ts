/** Sends a request and reads its reply, plain or as a stream, over whatever responds to it. */
import { Effect } from "effect"
import { AskError, ServerError } from "../AskError.ts"
import * as Attempt from "../Attempt.ts"
import type { Reply, Request } from "../Message.ts"
import { withReply } from "./JsonReply.ts"
import { cutOff, plainReply } from "./PlainReply.ts"
import type * as Secret from "./Secret.ts"
import { readStream } from "./StreamedReply.ts"

/** What a `send` is made of. */
export interface Responding {
  /** Rejects, as the SDK does, where no response comes, and where its status is no 2xx. */
  readonly respond: (request: Request, isStreamed: boolean, signal: AbortSignal) => Promise<Response>
  /** The error of what `respond` rejects with. */
  readonly errorOf: (thrown: unknown) => AskError
  /** The error without secrets. */
  readonly toError: (error: AskError) => AskError
  readonly cutter: () => Secret.Cutter
}

export const sendOver = ({ cutter, errorOf, respond, toError }: Responding): Attempt.Send => {
  /** One promise for request and body costs less than an effect for each step. */
  const sendPlain = (request: Request) =>
    Effect.flatten(
      Effect.promise((signal) =>
        respond(request, false, signal).then(
          (response) =>
            response.arrayBuffer().then(
              (bytes) => plainReply(response, bytes, request.model, cutter()),
              (thrown: unknown) => Effect.fail(cutOff(thrown))
            ),
          (thrown: unknown) => Effect.fail(errorOf(thrown))
        )
      )
    )

  const sendStreamed = (request: Request, attempt: Attempt.Attempt) =>
    Effect.suspend(() => {
      // One controller spans request and body, so that an interruption closes the connection wherever it is.
      const controller = new AbortController()
      const responding = Effect.tryPromise({
        try: () => respond(request, true, controller.signal),
        catch: errorOf
      })
      return Effect.onError(
        Effect.flatMap(responding, (response) => readStream(attempt, cutter())(response)),
        () => Effect.sync(() => controller.abort())
      )
    })

  return (request) =>
    Effect.withFiber((fiber) => {
      const attempt = Attempt.currentOf(fiber) ?? new Attempt.Attempt(request, fiber)
      const sent = attempt.isStreamed ? sendStreamed(request, attempt) : sendPlain(request)
      return Effect.mapError(Effect.flatMap(sent, unlessFailed), toError)
    })
}

/** A server that fails while it answers may say so in the stop reason alone. */
const unlessFailed = (reply: Reply): Effect.Effect<Reply, AskError> =>
  reply.stopReason === "error"
    ? Effect.fail(
        withReply(new AskError({ reason: new ServerError({ detail: "the answer ended with an error" }) }), reply)
      )
    : Effect.succeed(reply)
