/** Reads a response that is one JSON message. */
import { Effect } from "effect"
import { AskError, NotJson } from "../AskError.ts"
import type { Reply } from "../Message.ts"
import { askErrorOf } from "./SdkError.ts"
import { headersOf } from "./ReplyHeaders.ts"
import { jsonOf, messageOf, replyOf } from "./ReplyMessage.ts"
import type * as Secret from "./Secret.ts"
import { withFallback } from "./ServerFallback.ts"

/** The error of a body that broke off. */
export const cutOff = (thrown: unknown): AskError => askErrorOf(thrown, true)

/** The reply of a response with its body, or `NotJson` where it is none of the API's. */
export const plainReply = (response: Response, text: string, cutter: Secret.Cutter): Effect.Effect<Reply, AskError> => {
  const message = messageOf(jsonOf(text))
  return message === undefined
    ? Effect.fail(notJson(response, text))
    : Effect.succeed(
        cutter.reply(withFallback(replyOf(message, headersOf(response.headers, true)), message.usage.iterations), text)
      )
}

/** Reads the body of a response for `plainReply`. */
export const readPlain = (response: Response, cutter: Secret.Cutter): Effect.Effect<Reply, AskError> =>
  Effect.flatMap(Effect.tryPromise({ try: () => response.text(), catch: cutOff }), (text) =>
    plainReply(response, text, cutter)
  )

/** Bytes of a foreign body that are shown in an error. */
const excerptLength = 120

export const notJson = (response: Response, text: string): AskError =>
  new AskError({
    reason: new NotJson({
      contentType: response.headers.get("content-type") ?? "no content type",
      excerpt: text.slice(0, excerptLength)
    }),
    headers: headersOf(response.headers, true)
  })
