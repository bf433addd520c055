/** Reads a response whose body has come at once: one JSON message, or an event stream. */
import { Effect } from "effect"
import type { AskError } from "../AskError.ts"
import type { Reply } from "../Message.ts"
import { BodyText, damaged } from "./BodyText.ts"
import { EventStream, isEventStream } from "./EventStream.ts"
import { jsonReply, withReply } from "./JsonReply.ts"
import { askErrorOf } from "./SdkError.ts"
import type * as Secret from "./Secret.ts"

/** The error of a body that broke off. */
export const cutOff = (thrown: unknown): AskError => askErrorOf(thrown, true)

/** The reply of a response with its body, whatever its content type says; `asked` is the model of the request. */
export const plainReply = (
  response: Response,
  bytes: Uint8Array | ArrayBuffer,
  asked: string,
  cutter: Secret.Cutter
) => {
  const body = new BodyText(response.headers.get("content-type") ?? "")
  const text = body.decode(ArrayBuffer.isView(bytes) ? bytes : new Uint8Array(bytes), true)
  const read = isEventStream(text) ? streamReply(response, text, asked) : jsonReply(response, text, asked)
  return Effect.flatMap(read, (reply) =>
    body.isDamaged ? Effect.fail(withReply(damaged(), reply)) : Effect.succeed(cutter.reply(reply, text))
  )
}

/** Some gateways answer each request with a stream. */
const streamReply = (response: Response, text: string, asked: string): Effect.Effect<Reply, AskError> => {
  const stream = new EventStream(response, asked)
  stream.feed(text)
  return stream.end()
}

/** Reads the body of a response for `plainReply`. */
export const readPlain = (response: Response, asked: string, cutter: Secret.Cutter): Effect.Effect<Reply, AskError> =>
  Effect.flatMap(Effect.tryPromise({ try: () => response.arrayBuffer(), catch: cutOff }), (bytes) =>
    plainReply(response, bytes, asked, cutter)
  )
