/** What an event says that is none of the API's: an error, text of an answer in the form of another API, or neither. */
import { Predicate } from "effect"
import { isErrorBody } from "./ApiFailure.ts"
import { type Json, jsonOf } from "./Json.ts"

/** Fields in which APIs send an answer: those of OpenAI, Google, Cohere, Ollama, AWS and Hugging Face. */
const answerFields: ReadonlySet<string> = new Set([
  "answer",
  "arguments",
  "bytes",
  "completion",
  "content",
  "delta",
  "generated_text",
  "output",
  "output_text",
  "response",
  "text",
  "textDelta",
  "value"
])

/** No API nests its answer deeper; JSON of any depth must not exceed the stack. */
const maxDepth = 8

/** Whether JSON has text in a field that some API uses for its answer. */
export const holdsAnswer = (json: unknown, isAnswer = false, depth = 0): boolean => {
  if (typeof json === "string") return isAnswer && json !== ""
  if (typeof json !== "object" || json === null || depth > maxDepth) return false
  return Array.isArray(json)
    ? json.some((one) => holdsAnswer(one, isAnswer, depth + 1))
    : Object.entries(json).some(([name, value]) => holdsAnswer(value, answerFields.has(name), depth + 1))
}

/** Whether a text is JSON objects, one a line, as Ollama streams them; the API does not. */
export const isJsonLines = (text: string): boolean => {
  const end = text.trimStart().indexOf("\n")
  return end > 0 && Predicate.isObject(jsonOf(text.trimStart().slice(0, end)))
}

/** Types of text, as gateways name them in blocks and deltas. */
export const isTextType = (type: unknown): boolean =>
  typeof type === "string" && /^(?:output_|input_)?text(?:_(?:delta|block))?$/.test(type)

/** The text of a block or delta of text; OpenAI writes `{value}`. */
export const textIn = ({ text }: Json): unknown => (Predicate.isObject(text) ? text["value"] : text)

/** Names of errors: the API's, and those of AWS, such as `modelStreamErrorException`. */
const isErrorName = (name: unknown): boolean => typeof name === "string" && /(?:error|exception)$/i.test(name)

/** Whether an event of no known type is an error. */
export const isErrorEvent = (name: string, event: Json): boolean =>
  isErrorBody(event) || isErrorName(name) || isErrorName(event["type"])

/** Whether a type is spelled as those of the API are not: `response.created`, `text-delta`, `contentBlockDelta`. */
const isForeignType = (type: string): boolean => /[^a-z0-9_]/.test(type)

/** Events of OpenAI's Responses; other types without an answer, such as `keep-alive`, do not tell whose they are. */
const isResponses = (type: string): boolean => type.startsWith("response.")

/**
 * What an event of no known type means for the reply: `answer` is text that would be missing in it; `other` is of another API
 * where no event of the API comes; `nothing` is to be ignored, as the API documentation requires for unknown types.
 */
export const meaningOf = (name: string, event: Json): "answer" | "other" | "nothing" => {
  const { type } = event
  const isAnswer = holdsAnswer(event)
  if (typeof type === "string") {
    const isOther = isAnswer || isResponses(type)
    return isAnswer && isForeignType(type) ? "answer" : isOther ? "other" : "nothing"
  }
  if (isAnswer) return "answer"
  if (name !== "message" || Object.keys(event).length === 0) return "nothing"
  return isMessage(event["message"] ?? event["msg"] ?? event["detail"]) && !isSuccess(event["code"])
    ? "answer"
    : "other"
}

const isMessage = (text: unknown): boolean => typeof text === "string" && text !== ""
const isSuccess = (code: unknown): boolean => /^(?:0|2\d\d)$/.test(String(code))
