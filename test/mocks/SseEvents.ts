/** Reads event streams of the API. */
import type { UncheckedJson } from "../../mocks/wire/UncheckedJson.ts"

/** One server-sent event. */
export interface SseEvent {
  readonly name: string
  readonly data: UncheckedJson
}

/** Parses the text of a stream. */
export const eventsOf = (text: string): ReadonlyArray<SseEvent> =>
  text.split(/\r?\n\r?\n/).flatMap((part) => {
    const data = /^data: ?(.*)$/m.exec(part)?.[1]
    return data === undefined
      ? []
      : [{ name: /^event: ?(.*)$/m.exec(part)?.[1] ?? "", data: JSON.parse(data) as UncheckedJson }]
  })

/** Joins the deltas of a stream to its content blocks. */
export const contentOf = (
  events: ReadonlyArray<SseEvent>
): ReadonlyArray<UncheckedJson & { readonly type: string }> => {
  const blocks: Array<Record<string, any>> = []
  for (const { data } of events) {
    const event = data as Record<string, any>
    const block = blocks[event["index"]]
    if (event["type"] === "content_block_start") blocks[event["index"]] = { ...event["content_block"], json: "" }
    if (event["type"] !== "content_block_delta" || block === undefined) continue
    const { delta } = event
    if (delta.type === "text_delta") block["text"] += delta.text
    if (delta.type === "thinking_delta") block["thinking"] += delta.thinking
    if (delta.type === "signature_delta") block["signature"] = delta.signature
    if (delta.type === "citations_delta") (block["citations"] ??= []).push(delta.citation)
    if (delta.type === "input_json_delta") block["json"] += delta.partial_json
  }
  return blocks.map(({ json, ...block }) =>
    json === "" ? block : Object.assign(block, { input: JSON.parse(json) })
  ) as never
}
