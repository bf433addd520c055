/** The API's `message` object: how it is checked, and the `Reply` made of it. */
import { Predicate } from "effect"
import type { Block, Reply } from "../Message.ts"
import { holdsAnswer, isTextType, textIn } from "./ForeignEvent.ts"
import { stopReasonOf } from "./StopReason.ts"
import { countsOf, usageOf } from "./UsageCounts.ts"

type Text = string | null | undefined
/** Why a message ended. A streamed message has these fields only in its last `message_delta`. */
export interface ApiStop {
  readonly stop_reason?: Text
  readonly stop_sequence?: Text
  /** Of the tools that the API ran: its `id`. */
  readonly container?: unknown
  readonly stop_details?: { readonly category?: Text; readonly explanation?: Text } | null
}

/** `id` and `model` are missing in messages of some gateways; `usage` is checked by `UsageCounts`. */
export interface ApiMessage extends ApiStop {
  readonly type: "message"
  readonly id?: Text
  readonly model?: Text
  readonly content: ReadonlyArray<Block>
  readonly usage?: unknown
}

const isText = (json: unknown): boolean => Predicate.isNullish(json) || typeof json === "string"

export const isBlock = (json: unknown): json is Block => Predicate.isObject(json) && typeof json["type"] === "string"

export const isStop = (json: unknown): json is ApiStop => {
  if (!Predicate.isObject(json) || !isText(json["stop_reason"]) || !isText(json["stop_sequence"])) return false
  const details = json["stop_details"]
  return (
    Predicate.isNullish(details) ||
    (Predicate.isObject(details) && isText(details["category"]) && isText(details["explanation"]))
  )
}

/** Other APIs' types of a block of text, and their `text: {value}`, as the text block of the API. */
export const asTextBlock = (block: Block): Block => {
  if (!isTextType(block.type)) return block
  const text = textIn(block)
  return block.type === "text" && text === block["text"] ? block : { ...block, type: "text", text }
}

/** The value as a message; `undefined` where it is not one. Some gateways send the content as one text. */
export const messageOf = (json: unknown): ApiMessage | undefined => {
  if (!Predicate.isObject(json) || json["type"] !== "message") return undefined
  const { content, id, model, role } = json
  // A server that echoes its request answers with the question.
  if (typeof role === "string" && /^(?:user|human|system)$/i.test(role)) return undefined
  if (!isText(id) || !isText(model) || !isStop(json)) return undefined
  if (typeof content === "string")
    return { ...json, content: [{ type: "text", text: content }] } as unknown as ApiMessage
  if (!Array.isArray(content) || !content.every(isBlock)) return undefined
  return { ...json, content: content.map(asTextBlock) } as unknown as ApiMessage
}

/** Whether each text block of a complete message has its text, and not in another field. */
export const isWhole = ({ content }: ApiMessage): boolean =>
  content.every(
    (block) => block.type !== "text" || (block["text"] === "" ? !holdsAnswer(block) : Predicate.isString(block["text"]))
  )

const containerIdOf = ({ container }: ApiStop): string | undefined =>
  Predicate.isObject(container) && typeof container["id"] === "string" ? container["id"] : undefined

/** Makes the reply of a message; `headers` as `headersOf` returns them, `asked` the model that the request named. */
export const replyOf = (message: ApiMessage, headers: Readonly<Record<string, string>>, asked: string): Reply => {
  const requestId = headers["request-id"]
  const containerId = containerIdOf(message)
  const given = message.stop_reason || null
  const stopReason = given === null ? null : stopReasonOf(given)
  return {
    id: message.id ?? "",
    model: message.model ?? asked,
    content: message.content,
    stopReason,
    stopSequence: message.stop_sequence ?? null,
    ...(stopReason === "refusal" && {
      refusal: {
        category: message.stop_details?.category ?? (given === stopReason ? null : given),
        explanation: message.stop_details?.explanation ?? null
      }
    }),
    ...(containerId !== undefined && { container: containerId }),
    usage: usageOf(countsOf(message.usage)),
    ...(requestId !== undefined && { requestId }),
    headers
  }
}
