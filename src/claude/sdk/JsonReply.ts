/** Reads the text of a body that is one JSON value: a message, or an error. */
import { Effect, Predicate } from "effect"
import { AskError, BrokenStream, NotJson } from "../AskError.ts"
import { type Reply, textOf } from "../Message.ts"
import { errorWithin, isErrorBody } from "./ApiFailure.ts"
import { isJsonLines } from "./ForeignEvent.ts"
import { headersOf } from "./ReplyHeaders.ts"
import { jsonOf } from "./Json.ts"
import { isWhole, messageOf, replyOf } from "./ReplyMessage.ts"
import { apiErrorOf, excerptOf } from "./SdkError.ts"
import { iterationsOf, withFallback } from "./ServerFallback.ts"

/** The reply of a body; fails with the error that the body is, or with `NotJson` where it is none of the API's. `asked`: the model. */
export const jsonReply = (response: Response, text: string, asked: string): Effect.Effect<Reply, AskError> => {
  const json = jsonOf(text)
  const message = messageOf(json)
  const headers = headersOf(response.headers, true)
  if (message !== undefined) {
    const reply = withFallback(replyOf(message, headers, asked), iterationsOf(message.usage))
    if (errorWithin(json) !== undefined)
      return Effect.fail(withReply(apiErrorOf(undefined, json, headers, excerptOf(text)), reply))
    if (isWhole(message)) return Effect.succeed(reply)
    return Effect.fail(
      withReply(new AskError({ reason: new BrokenStream({ detail: "a text block has no text" }) }), reply)
    )
  }
  // A 200 can carry an error: gateways have sent their status before they know of it.
  if (isErrorBody(json)) return Effect.fail(apiErrorOf(undefined, json, headers, excerptOf(text)))
  // A message that is not complete may be a passing fault; complete JSON of another kind is another service.
  const isDamaged =
    (json === undefined && !isJsonLines(text) && !isPage(text)) ||
    json === null ||
    (Predicate.isObject(json) && json["type"] === "message")
  return Effect.fail(notJson(response, text, !isDamaged))
}

/** Whether a text is a page, such as that of a login, whatever its content type says. */
const isPage = (text: string): boolean => /^\s*<(?:!doctype|html)\b/i.test(text)

/** Adds to an error what the reply has, which is paid. */
export const withReply = (error: AskError, reply: Reply): AskError => {
  const { headers, model, requestId = error.requestId, usage } = reply
  return error.with({ headers, model, requestId, usage, partialText: textOf(reply) || undefined })
}

/** Characters of a foreign body that are shown in an error. */
const excerptLength = 120

/** `isForeign`: it is complete, and of another service. */
export const notJson = (response: Response, text: string, isForeign = false): AskError =>
  new AskError({
    reason: new NotJson({
      contentType: response.headers.get("content-type") ?? "no content type",
      excerpt: text.slice(0, excerptLength),
      ...(isForeign && { isForeign })
    }),
    headers: headersOf(response.headers, true)
  })
