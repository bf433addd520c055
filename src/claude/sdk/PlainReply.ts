/** Reads a response whose body has come at once: one JSON message, or an event stream. */
import { Effect } from "effect"
import type { AskError } from "../AskError.ts"
import type { Reply } from "../Message.ts"
import { EventStream, isEventStream } from "./EventStream.ts"
import { jsonReply } from "./JsonReply.ts"
import { askErrorOf } from "./SdkError.ts"
import type * as Secret from "./Secret.ts"

/** The error of a body that broke off. */
export const cutOff = (thrown: unknown): AskError => askErrorOf(thrown, true)

/** The reply of a response with its body, whatever its content type says; `asked` is the model of the request. */
export const plainReply = (response: Response, text: string, asked: string, cutter: Secret.Cutter) =>
  Effect.map(isEventStream(text) ? streamReply(response, text, asked) : jsonReply(response, text, asked), (reply) =>
    cutter.reply(reply, text)
  )

/** Some gateways answer each request with a stream. */
const streamReply = (response: Response, text: string, asked: string): Effect.Effect<Reply, AskError> => {
  const stream = new EventStream(response, asked)
  stream.feed(text)
  return stream.end()
}

/** Reads the body of a response for `plainReply`. */
export const readPlain = (response: Response, asked: string, cutter: Secret.Cutter): Effect.Effect<Reply, AskError> =>
  Effect.flatMap(Effect.tryPromise({ try: () => response.text(), catch: cutOff }), (text) =>
    plainReply(response, text, asked, cutter)
  )
