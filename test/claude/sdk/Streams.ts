/** Event streams of any disorder, made of a list of numbers or by hand, and the bytes that they arrive in. */
import * as fc from "fast-check"

/** One event of a stream; text of it that must stand in the reply is a token of its own. */
export interface StreamEvent {
  readonly data: unknown
  readonly token?: string
  /** Its text may also be of a block that is none of text. */
  readonly isOfAnyBlock?: true
  readonly isError?: true
}

const usage = { input_tokens: 12, output_tokens: 1 }

export const start = (id: string | undefined): StreamEvent => ({
  data: {
    type: "message_start",
    message: {
      type: "message",
      role: "assistant",
      id,
      model: "claude-haiku-5-5",
      content: [],
      stop_reason: null,
      usage
    }
  }
})
export const block = (index: unknown, type = "text", token?: string): StreamEvent => ({
  data: {
    type: "content_block_start",
    index,
    content_block:
      type === "text"
        ? { type, text: token ?? "" }
        : type === "tool_use"
          ? { type, id: "t", name: "n", input: {} }
          : { type }
  },
  ...(type === "text" && token !== undefined && { token })
})
const delta = (index: unknown, fields: object): StreamEvent => ({
  data: { type: "content_block_delta", index, delta: fields }
})
export const text = (index: unknown, token: string): StreamEvent => ({
  ...delta(index, { type: "text_delta", text: token }),
  token
})
/** A delta of text, as so many gateways write it. */
const styles: ReadonlyArray<object> = [
  { type: "text_delta" },
  { type: "text" },
  { type: "output_text_delta" },
  { type: null },
  {}
]
const styledText = (index: unknown, token: string, style: number): StreamEvent => ({
  ...delta(index, { ...styles[style % styles.length], text: token }),
  token
})
export const stopBlock = (index: unknown): StreamEvent => ({ data: { type: "content_block_stop", index } })
export const end = (reason: string | null = "end_turn"): StreamEvent => ({
  data: { type: "message_delta", delta: { stop_reason: reason }, usage: { output_tokens: 7 } }
})
export const stop: StreamEvent = { data: { type: "message_stop" } }

/** A message of so many blocks and deltas, as the API sends it. */
export const whole = (blocks: number, deltas: number, token: () => string, style = 0): Array<StreamEvent> => [
  start("msg_1"),
  { data: { type: "ping" } },
  ...Array.from({ length: blocks }, (_, index) => [
    block(index),
    ...Array.from({ length: deltas }, (_, nth) => styledText(index, token(), nth * style)),
    stopBlock(index)
  ]).flat(),
  end(),
  stop
]

const error = { type: "overloaded_error", message: "busy" }
const holding = (token: string, dataOf: (token: string) => object): StreamEvent => ({ data: dataOf(token), token })
const beginning = (token: string, index: number, fields: object): StreamEvent =>
  holding(token, (text) => ({ type: "content_block_start", index, content_block: { ...fields, text } }))

/** Events that stand where none should, with text, without, or broken. */
const strays: ReadonlyArray<(index: number, token: () => string) => StreamEvent> = [
  (index, token) => text(index, token()),
  (index, token) => styledText(index, token(), index + 1),
  (index) => block(index),
  (index, token) => block(index, "text", token()),
  (index) => block(index, "thinking"),
  (index) => block(index, "tool_use"),
  (index) => block(index, "of_the_future"),
  (index) => delta(index, { type: "thinking_delta", thinking: "hm" }),
  (index) => delta(index, { type: "input_json_delta", partial_json: '{"a":' }),
  (index) => delta(index, { type: "citations_delta", citation: { url: "https://example.org" } }),
  (index) => stopBlock(index),
  () => start("msg_1"),
  () => start("msg_2"),
  () => start(undefined),
  () => end(),
  () => end(null),
  () => end("of_the_future"),
  () => stop,
  (index, token) => ({ ...delta(index, { type: "of_the_future", text: token() }), isOfAnyBlock: true }),
  (index, token) => beginning(token(), index, { type: "output_text" }),
  (index, token) => beginning(token(), index, {}),
  (_, token) => holding(token(), (content) => ({ choices: [{ delta: { content } }] })),
  (_, token) => holding(token(), (delta) => ({ type: "response.output_text.delta", delta })),
  (_, token) => holding(token(), (text) => ({ type: "text", text })),
  (_, token) => holding(token(), (text) => ({ type: "message", id: "msg_1", content: [{ type: "text", text }] })),
  (_, token) => holding(token(), (text) => ({ type: "message_delta", delta: { stop_reason: "end_turn", text } })),
  (index, token) => holding(token(), (text) => ({ type: "content_block_delta", index, text })),
  () => ({ data: { choices: [{ delta: { content: "" } }] } }),
  () => ({ data: { type: "response.created", response: { id: "r" } } }),
  (index) => ({ data: { type: "content_block_delta", index, delta: null } }),
  () => ({ data: { type: "message_delta", delta: null } }),
  () => ({ data: { code: 500, msg: "upstream error" }, isError: true }),
  () => ({ data: { type: "message_start", message: { type: "message", content: [], error } }, isError: true }),
  () => ({ data: { type: "message_delta", delta: { stop_reason: "end_turn" }, error }, isError: true }),
  () => ({ data: { type: "error", error }, isError: true }),
  () => ({ data: { error: { message: "busy", code: 500 } }, isError: true }),
  () => ({ data: { type: "of_the_future", text: "no text of the answer" } }),
  () => ({ data: "[DONE]" }),
  () => ({ data: '{"type":"content_block_delta","ind' })
]

/** What is done to the list of events, one after the other: events are dropped, sent again, exchanged, moved or added. */
const change = (
  events: Array<StreamEvent>,
  [kind, a, b]: readonly [number, number, number],
  token: () => string
): void => {
  const at = a % (events.length + 1)
  const one = events[at]
  const other = events[b % Math.max(1, events.length)]
  if (kind < 2 && one !== undefined) events.splice(at, 1)
  else if (kind < 4 && other !== undefined) events.splice(at, 0, other)
  else if (kind < 6 && one !== undefined && other !== undefined) {
    events[at] = other
    events[b % events.length] = one
  } else events.splice(at, 0, strays[b % strays.length]!((a + b) % 4, token))
}

/** How a stream is written: names of events, the end of a line, comments, JSON over several lines, and where it is cut. */
export interface Writing {
  readonly named: boolean
  readonly ending: string
  readonly comments: boolean
  readonly isPretty: boolean
  /** The pieces end at these shares of all bytes. */
  readonly cuts: ReadonlyArray<number>
  /** The share of the bytes that arrives. */
  readonly arriving: number
}

const typeOf = ({ data }: StreamEvent): string | undefined =>
  typeof data === "string" ? undefined : (data as { readonly type?: string }).type

export const write = (
  { data }: StreamEvent,
  { comments, ending, isPretty, named }: Pick<Writing, "named" | "ending" | "comments" | "isPretty">
): string => {
  const json = typeof data === "string" ? data : JSON.stringify(data, undefined, isPretty ? 1 : undefined)
  const type = typeOf({ data })
  const lines = [
    ...(comments ? [": keep-alive", "retry: 3000", ""] : []),
    ...(named && type !== undefined ? [`event: ${type}`] : []),
    ...json.split("\n").map((line) => `data: ${line}`),
    "",
    ""
  ]
  return lines.join(ending)
}

export interface Streamed {
  readonly events: ReadonlyArray<StreamEvent>
  readonly pieces: ReadonlyArray<Uint8Array>
  /** Tokens of the events that arrive whole, as often as they arrive: those of the text, and those of any block. */
  readonly tokens: ReadonlyArray<string>
  readonly blockTokens: ReadonlyArray<string>
  /** An error arrives whole before the message has ended. */
  readonly hasError: boolean
}

export const arrival = (events: ReadonlyArray<StreamEvent>, writing: Writing): Streamed => {
  const encoder = new TextEncoder()
  const written = events.map((event) => ({ event, bytes: encoder.encode(write(event, writing)) }))
  const all = Buffer.concat(written.map(({ bytes }) => bytes))
  const length = Math.round(all.length * writing.arriving)
  let at = 0
  const arrived = written.flatMap(({ bytes, event }) => ((at += bytes.length) <= length ? [event] : []))
  // A whole message that comes again repeats the text, and adds none.
  const distinct = arrived.filter((event, nth) => typeOf(event) !== "message" || arrived.indexOf(event) === nth)
  const tokensOf = (some: ReadonlyArray<StreamEvent>) => some.flatMap(({ token }) => token ?? [])
  const errorAt = arrived.findIndex(({ isError }) => isError === true)
  const endAt = arrived.findIndex(isEnd)
  const ends = [...new Set(writing.cuts.map((share) => Math.round(share * length)))].toSorted((a, b) => a - b)
  const pieces = [0, ...ends].map((begin, index) => all.subarray(begin, ends[index] ?? length))
  return {
    events,
    pieces,
    tokens: tokensOf(distinct.filter(({ isOfAnyBlock }) => isOfAnyBlock !== true)),
    blockTokens: tokensOf(distinct),
    hasError: errorAt >= 0 && (endAt < 0 || errorAt < endAt)
  }
}

/** Whether an event ends the message; errors after it do not concern the answer. */
const isEnd = (event: StreamEvent): boolean =>
  event.data === "[DONE]" || ["message", "message_stop"].includes(typeOf(event) ?? "")

const writing: fc.Arbitrary<Writing> = fc.record({
  named: fc.boolean(),
  ending: fc.constantFrom("\n", "\n", "\r\n", "\r"),
  comments: fc.boolean(),
  isPretty: fc.boolean(),
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
  arriving: fc.oneof({ arbitrary: fc.constant(1), weight: 4 }, fc.double({ min: 0, max: 1, noNaN: true }))
})

/** A token has a character of four bytes, so that a cut may part it. */
const tokens = () => {
  let count = 0
  return () => `<${count++}🌿>`
}

/** A well-formed message with up to six changes. */
export const disordered = fc
  .tuple(
    fc.integer({ min: 0, max: 3 }),
    fc.integer({ min: 0, max: 3 }),
    fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.nat(50), fc.nat(50)), { maxLength: 6 }),
    writing
  )
  .map(([blocks, deltas, changes, writing]) => {
    const token = tokens()
    const events = whole(blocks, deltas, token)
    for (const one of changes) change(events, one, token)
    return arrival(events, writing)
  })

/** A well-formed message, as gateways write it. */
export const wellFormed = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }), fc.nat(4), fc.boolean(), writing)
  .map(([blocks, deltas, style, hasStop, writing]) => {
    const events = whole(blocks, deltas, tokens(), style).slice(0, hasStop ? undefined : -1)
    return arrival(events, Object.assign(writing, { arriving: 1 }))
  })
