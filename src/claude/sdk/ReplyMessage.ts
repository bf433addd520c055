/** The API's `message` object: how it is checked, and the `Reply` made of it. */
import { Option } from "effect"
import type { Block, Reply } from "../Message.ts"
import { stopReasonOf } from "./StopReason.ts"
import { countsOf, usageOf } from "./UsageCounts.ts"

type Text = string | null | undefined
/** Why a message ended. A streamed message has these fields only in its last `message_delta`. */
export interface ApiStop {
  readonly stop_reason?: Text
  readonly stop_sequence?: Text
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

/** Parses JSON; `undefined` where the text is not JSON. */
export const jsonOf = (text: string): unknown => Option.getOrUndefined(parse(text))
const parse = Option.liftThrowable((text: string): unknown => JSON.parse(text))

type Json = { readonly [name: string]: unknown }

/** Whether parsed JSON is an object. The checks are written by hand: a schema takes ten times as long, for every reply. */
export const isJsonObject = (json: unknown): json is Json =>
  typeof json === "object" && json !== null && !Array.isArray(json)

const isAbsent = (json: unknown): boolean => json === undefined || json === null
const isText = (json: unknown): boolean => isAbsent(json) || typeof json === "string"

export const isBlock = (json: unknown): json is Block => isJsonObject(json) && typeof json["type"] === "string"

export const isStop = (json: unknown): json is ApiStop => {
  if (!isJsonObject(json) || !isText(json["stop_reason"]) || !isText(json["stop_sequence"])) return false
  const details = json["stop_details"]
  return isAbsent(details) || (isJsonObject(details) && isText(details["category"]) && isText(details["explanation"]))
}

/** OpenAI's type of a block of text, and its `text: {value}`, as the text block of the API. */
const asTextBlock = (block: Block): Block => {
  if (block.type !== "text" && block.type !== "output_text") return block
  const { text } = block
  const value = isJsonObject(text) ? text["value"] : text
  return block.type === "text" && value === text ? block : { ...block, type: "text", text: value }
}

/** The value as a message; `undefined` where it is not one. Some gateways send the content as one text. */
export const messageOf = (json: unknown): ApiMessage | undefined => {
  if (!isJsonObject(json) || json["type"] !== "message") return undefined
  const { content, id, model } = json
  if (!isText(id) || !isText(model) || !isStop(json)) return undefined
  if (typeof content === "string")
    return { ...json, content: [{ type: "text", text: content }] } as unknown as ApiMessage
  if (!Array.isArray(content) || !content.every(isBlock)) return undefined
  return { ...json, content: content.map(asTextBlock) } as unknown as ApiMessage
}

/** Whether each text block of a complete message has its text. */
export const isWhole = ({ content }: ApiMessage): boolean =>
  content.every(({ text, type }) => type !== "text" || typeof text === "string")

/** Makes the reply of a message; `headers` as `headersOf` returns them, `asked` the model that the request named. */
export const replyOf = (message: ApiMessage, headers: Readonly<Record<string, string>>, asked: string): Reply => {
  const requestId = headers["request-id"]
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
    usage: usageOf(countsOf(message.usage)),
    ...(requestId !== undefined && { requestId }),
    headers
  }
}
