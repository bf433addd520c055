/** Gives a recorded response in the form that a request asks for: one JSON body, or an event stream. */
import * as EventStream from "effect/encoding/Sse"
import * as Headers from "../wire/Headers.ts"
import * as Sse from "../wire/Sse.ts"
import { split } from "../wire/Stream.ts"
import { objectOf, objectsOf, parse, type UncheckedJson } from "../wire/UncheckedJson.ts"
import type { Line } from "./Tape.ts"

type Recorded = NonNullable<Line["response"]>
type Json = Record<string, unknown>

/** Whether a request asks for an event stream. */
export const wantsStream = (body: string): boolean => parse(body)?.["stream"] === true

const isStream = ({ headers }: Recorded): boolean => /event-stream/i.test(headers["content-type"] ?? "")

/** Whether a line is a reply: not an error, nor a broken connection. */
export const isReply = ({ response }: Line): boolean => response?.status === 200

/** Whether the reply of a line has this form. */
export const hasForm = ({ response }: Line, streamed: boolean): boolean =>
  response !== undefined && isStream(response) === streamed

/**
 * The response in the form asked for. In another form than the recorded one, a body arrives whole at the time of the recorded
 * end; an error event of a stream becomes an error response, and a stream that was cut a body that breaks off.
 */
export const inForm = (response: Recorded, streamed: boolean): Recorded => {
  if (response.status !== 200 || isStream(response) === streamed) return response
  const text = response.chunks.map((chunk) => chunk.text).join("")
  const endsAtMillis = Math.max(response.headersAtMillis, response.chunks.at(-1)?.atMillis ?? 0)
  if (!streamed) return plain(response, text, endsAtMillis)
  const message = parse(text)
  if (message?.["type"] !== "message") return response
  const headers = { ...response.headers, ...Headers.stream }
  return { ...response, headers, chunks: [{ text: eventsOf(message), atMillis: endsAtMillis }] }
}

const plain = (response: Recorded, text: string, endsAtMillis: number): Recorded => {
  const events = eventsIn(text)
  const error = events.find(({ type }) => type === "error")
  const message = response.cut ? undefined : messageOf(events)
  // Without a stop reason the stream broke off, also where its connection was closed in order.
  const body = error ?? (typeof message?.["stop_reason"] === "string" ? message : undefined)
  return {
    status: error === undefined ? 200 : (statusOf[String(objectOf(error["error"])?.["type"])] ?? 500),
    headers: { ...response.headers, ...Headers.json },
    headersAtMillis: endsAtMillis,
    chunks: body === undefined ? [] : [{ text: JSON.stringify(body), atMillis: endsAtMillis }],
    cut: body === undefined
  }
}

/** The JSON of each event of a stream. */
const eventsIn = (text: string): ReadonlyArray<UncheckedJson> => {
  const events: Array<UncheckedJson> = []
  const parser = EventStream.makeParser((event) => {
    const json = event._tag === "Event" ? parse(event.data) : undefined
    if (json !== undefined) events.push(json)
  })
  parser.feed(`${text}\n\n`)
  return events
}

/** The statuses of the API's error types that occur within streams; any other is a server error. */
const statusOf: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  rate_limit_error: 429,
  timeout_error: 504,
  overloaded_error: 529
}

/** The message that the events of a stream build; `undefined` where they do not begin one. */
const messageOf = (events: ReadonlyArray<UncheckedJson>): Json | undefined => {
  let message: Json | undefined
  const blocks = new Map<unknown, Json>()
  const inputs = new Map<unknown, string>()
  for (const { content_block, delta, index, message: begun, type, usage } of events) {
    if (type === "message_start") message = { ...objectOf(begun) }
    else if (type === "content_block_start") blocks.set(index, { ...objectOf(content_block) })
    else if (type === "content_block_delta") {
      const { partial_json, ...rest } = objectOf(delta) ?? {}
      const block = blocks.get(index)
      if (typeof partial_json === "string") inputs.set(index, (inputs.get(index) ?? "") + partial_json)
      else if (block !== undefined) extend(block, rest)
    } else if (type === "message_delta" && message !== undefined) {
      Object.assign(message, objectOf(delta), { usage: { ...objectOf(message["usage"]), ...objectOf(usage) } })
    }
  }
  for (const [index, input] of inputs) Object.assign(blocks.get(index) ?? {}, { input: parse(input) ?? {} })
  return message === undefined ? undefined : { ...message, content: [...blocks.values()] }
}

/** Adds a delta to its block: text is appended, a citation joins the list, any other field is set. */
const extend = (block: Json, { citation, type, ...fields }: UncheckedJson): void => {
  if (type === "citations_delta") block["citations"] = [...objectsOf(block["citations"]), citation]
  for (const [name, value] of Object.entries(fields)) {
    const before = block[name]
    block[name] = typeof value === "string" && typeof before === "string" ? before + value : value
  }
}

/** The fields of a message that a stream gives only in its last `message_delta`. */
const stopNames = ["stop_reason", "stop_sequence", "stop_details", "container"]

/** The events of a message, as the API sends them. */
const eventsOf = (message: UncheckedJson): string => {
  const stop = Object.fromEntries(stopNames.flatMap((name) => (name in message ? [[name, message[name]]] : [])))
  const unset = Object.fromEntries(Object.keys(stop).map((name) => [name, null]))
  const usage = objectOf(message["usage"])
  const begun = {
    ...message,
    ...unset,
    content: [],
    ...(usage !== undefined && { usage: { ...usage, output_tokens: 0 } })
  }
  const events: Array<Json> = [{ type: "message_start", message: begun }]
  for (const [index, block] of objectsOf(message["content"]).entries()) {
    const { deltas, start } = split(block as Parameters<typeof split>[0])
    events.push({ type: "content_block_start", index, content_block: start })
    for (const delta of deltas) events.push({ type: "content_block_delta", index, delta })
    events.push({ type: "content_block_stop", index })
  }
  events.push({ type: "message_delta", delta: stop, usage }, { type: "message_stop" })
  return events.map((event) => Sse.text(String(event["type"]), event, 0)).join("")
}
