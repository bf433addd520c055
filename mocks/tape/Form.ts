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

const textOf = ({ chunks }: Recorded): string => chunks.map(({ text }) => text).join("")

/** Some gateways stream with another content type. */
const isStream = (response: Recorded): boolean =>
  /event-stream/i.test(response.headers["content-type"] ?? "") || /^\s*(?:event|data):/.test(textOf(response))

/**
 * The response in the form asked for; one that was recorded for a request of that form is given as it is, whatever it is. In
 * another form, a body arrives whole at the time of the recorded end; an error event of a stream becomes an error response, and
 * what was cut a body that breaks off.
 */
export const inForm = (response: Recorded, recordedFor: string, streamed: boolean): Recorded => {
  const isAsRecorded = wantsStream(recordedFor) === streamed || isStream(response) === streamed
  if (response.status !== 200 || isAsRecorded) return response
  const text = textOf(response)
  const endsAtMillis = Math.max(response.headersAtMillis, response.chunks.at(-1)?.atMillis ?? 0)
  if (!streamed) return plain(response, text, endsAtMillis)
  const message = parse(text)
  if (response.cut || message?.["type"] !== "message") return response
  const headers = { ...response.headers, ...Headers.stream }
  return { ...response, headers, chunks: [{ text: eventsOf(message), atMillis: endsAtMillis }] }
}

/** Whether a body is a stream that came to its last event, so that the end of the connection cuts nothing. */
export const isEndedStream = (text: string): boolean =>
  eventsIn(text).some(({ type }) => type === "message_stop" || type === "error")

const plain = (response: Recorded, text: string, endsAtMillis: number): Recorded => {
  const events = eventsIn(text)
  const error = events.find(({ type }) => type === "error")
  const message = response.cut && !isEndedStream(text) ? undefined : messageOf(events)
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
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  timeout_error: 504,
  overloaded_error: 529
}

/** The message that the events of a stream build; `undefined` where they do not begin one. */
const messageOf = (events: ReadonlyArray<UncheckedJson>): Json | undefined => {
  let message: Json | undefined
  const blocks = new Map<unknown, Json>()
  const inputs = new Map<unknown, string>()
  for (const { content_block, delta, index, message: begun, type, usage, ...others } of events) {
    if (type === "message_start") message = { ...objectOf(begun) }
    else if (type === "content_block_start") blocks.set(index, { ...objectOf(content_block) })
    else if (type === "content_block_delta") {
      const { partial_json, ...rest } = objectOf(delta) ?? {}
      const block = blocks.get(index) ?? begunBy(rest)
      if (block !== undefined) blocks.set(index, block)
      if (typeof partial_json === "string") inputs.set(index, (inputs.get(index) ?? "") + partial_json)
      else if (block !== undefined) extend(block, rest)
    } else if (type === "message_delta" && message !== undefined) {
      const counts = Object.entries(objectOf(usage) ?? {}).filter(([name, count]) => isCounted(name, count))
      Object.assign(message, others, objectOf(delta), {
        usage: { ...objectOf(message["usage"]), ...Object.fromEntries(counts) }
      })
    }
  }
  for (const [index, input] of inputs) Object.assign(blocks.get(index) ?? {}, { input: parse(input) ?? {} })
  return message === undefined ? undefined : { ...message, content: [...blocks.values()] }
}

/** Some gateways send text without the start of its block. */
const begunBy = ({ type }: UncheckedJson): Json | undefined =>
  type === "text_delta" ? { type: "text", text: "" } : undefined

/** Whether the end of a stream counts this anew: some gateways end every stream with `input_tokens: 0`. */
const isCounted = (name: string, count: unknown): boolean =>
  count !== null && !(name.includes("input_tokens") && count === 0)

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
