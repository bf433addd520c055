/** Reads a response that is one JSON message. */
import { Effect } from "effect"
import { AskError, NotJson } from "../AskError.ts"
import type { Reply } from "../Message.ts"
import { askErrorOf } from "./SdkError.ts"
import { headersOf } from "./ReplyHeaders.ts"
import { jsonOf, messageOf, replyOf } from "./ReplyMessage.ts"

/** The error of a body that broke off. */
export const cutOff = (thrown: unknown): AskError => askErrorOf(thrown, true)

/** The reply of a response, or `NotJson` where it is none of the API's. */
export const readPlain = (response: Response): Effect.Effect<Reply, AskError> =>
  Effect.flatMap(Effect.tryPromise({ try: () => response.text(), catch: cutOff }), (text) => {
    const message = messageOf(jsonOf(text))
    return message === undefined
      ? Effect.fail(notJson(response, text))
      : Effect.succeed(replyOf(message, headersOf(response.headers, true)))
  })

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
