/** The recorded interactions that the mock is held against. They are read in place, and may be absent. */
import { existsSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { parse, type UncheckedJson } from "../../mocks/wire/UncheckedJson.ts"

/** One recorded interaction. */
export interface Recording {
  readonly file: string
  readonly kind: string
  readonly request: {
    readonly method: string
    readonly url: string
    readonly headers: Record<string, string>
    readonly body: UncheckedJson | undefined
    readonly raw: unknown
  }
  readonly response: { readonly status: number; readonly headers: Record<string, string>; readonly body: unknown }
}

/** Where they are: FANFOLD_RECORDINGS, or `shared/recordings` beside the project. */
export const folder = resolve(
  process.env["FANFOLD_RECORDINGS"] ?? join(import.meta.dirname, "../../../shared/recordings")
)

/** Whether they are there. */
export const present = existsSync(join(folder, "index.json"))

/** Reads all of them. */
export const all = (): ReadonlyArray<Recording> => {
  const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as ReadonlyArray<{
    file: string
    kind: string
  }>
  return index.map(({ file, kind }) => {
    const { request, response } = JSON.parse(readFileSync(join(folder, file), "utf8"))
    const body = typeof request.body === "string" ? parse(request.body) : (request.body ?? undefined)
    return { file, kind, request: { ...request, body, raw: request.body }, response }
  })
}

/** One server-sent event. */
export interface SseEvent {
  readonly name: string
  readonly data: UncheckedJson
}

/** Reads the events of a stream's text. */
export const eventsOf = (text: string): ReadonlyArray<SseEvent> =>
  text.split(/\r?\n\r?\n/).flatMap((part) => {
    const data = /^data: ?(.*)$/m.exec(part)?.[1]
    return data === undefined
      ? []
      : [{ name: /^event: ?(.*)$/m.exec(part)?.[1] ?? "", data: JSON.parse(data) as UncheckedJson }]
  })

/** Puts the content blocks of a stream together again. */
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
