/** Decodes the value of a reply, and makes an error of a reply that is not a complete answer. */
import { Effect } from "effect"
import { AskError, EmptyAnswer, type Reason, Undecodable } from "../claude/AskError.ts"
import { incompletenessOf } from "../claude/Incompleteness.ts"
import { type Reply, type Request, textOf } from "../claude/Message.ts"
import { isBlank } from "../options/BlankText.ts"
import type { AnswerFormat } from "../schema/AnswerFormat.ts"
import { candidates, type Parsed } from "./AnswerJson.ts"
import type { Format } from "./AskData.ts"

/** The value of a reply. The error of a reply without one has the reply's model, usage and headers. */
export const decode = <A, R>(format: Format<A, R>, request: Request, reply: Reply): Effect.Effect<A, AskError, R> => {
  const reason = incompletenessOf(reply, request.maxTokens)
  if (reason !== undefined) {
    return Effect.fail(errorOf(reason, reply, reason._tag === "Refused" ? undefined : textOf(reply)))
  }
  return format._tag === "Text" ? decodeText(format.value, reply) : decodeJson(format, reply)
}

/** Whether a reply that decodes ended for a reason that was not there when this was written. */
export const isUnknownStop = (reply: Reply): reply is Reply & { readonly stopReason: string } =>
  reply.stopReason !== null && reply.stopReason !== "end_turn" && reply.stopReason !== "stop_sequence"

const decodeText = <A>(value: (text: string) => A, reply: Reply): Effect.Effect<A, AskError> => {
  const text = textOf(reply)
  return isBlank(text)
    ? Effect.fail(errorOf(new EmptyAnswer({ stopReason: reply.stopReason }), reply))
    : Effect.succeed(value(text))
}

const decodeJson = <A, R>(format: AnswerFormat<A, R>, reply: Reply): Effect.Effect<A, AskError, R> => {
  const text = textOf(reply)
  const undecodable = (issue: string) => errorOf(new Undecodable({ issue }), reply, text)
  const [best, ...others] = candidates(reply)
  if (best === undefined) return Effect.fail(undecodable("expected JSON, and nothing beside it"))
  const decoded = (parsed: Parsed) => Effect.mapError(decodeParsed(format, parsed), undecodable)
  // The issue is that of the best candidate, which is where Claude meant to answer.
  return others.reduce<Effect.Effect<A, AskError, R>>(
    (first, other) => Effect.catch(first, (error) => Effect.mapError(decoded(other), () => error)),
    decoded(best)
  )
}

const decodeParsed = <A, R>(
  { decode }: AnswerFormat<A, R>,
  { hasKeyTwice, inexact, json }: Parsed
): Effect.Effect<A, string, R> => {
  if (hasKeyTwice) return Effect.fail("expected each key of an object once")
  if (inexact.length > 0) {
    return Effect.fail(`${inexact.join(", ")}: no number can hold this exactly; a schema of type string can`)
  }
  // Code of the schema may throw; only this answer fails then, and its siblings go on.
  return Effect.catchDefect(decode(json), (defect) => Effect.fail(String(defect)))
}

const errorOf = (reason: Reason, reply: Reply, partialText?: string): AskError => {
  const { headers, model, requestId, usage } = reply
  return new AskError({ reason, model, usage, headers, requestId, partialText })
}
