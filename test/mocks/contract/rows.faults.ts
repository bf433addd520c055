/** Rows of broken connections, stalls and invalid replies, and of clients that abort. */
import { fault, latency } from "fanfold/mocks"
import { errorOf, faulty, final, params, paris, raw, type Row, shown } from "./Row.ts"
import type { Reached } from "./Transport.ts"

const afterAbort = async ({ client }: Reached, millis: number, stream: boolean): Promise<unknown> => {
  const control = new AbortController()
  setTimeout(() => control.abort(), millis)
  if (!stream) return shown(client.messages.create(params, { signal: control.signal }))
  const events = await client.messages.create({ ...params, stream: true }, { signal: control.signal })
  let last = ""
  try {
    for await (const event of events) last = event.type
  } catch (error) {
    return errorOf(error)
  }
  return last === "message_stop" ? "complete" : "ended without an error"
}

export const faults: ReadonlyArray<Row> = [
  faulty("connection refused", fault.refuse(), "APIConnectionError"),
  faulty("reset before headers", fault.reset(), "APIConnectionError"),
  faulty("plain body cut by a reset", fault.cut(), "TypeError"),
  faulty("stream cut by a reset", fault.cut({ afterDeltas: 2 }), { deltas: 2, error: "TypeError" }, raw),
  faulty(
    "stream that ends early",
    fault.cut({ afterDeltas: 2, how: "end" }),
    { deltas: 2, starts: 1, stopped: false },
    raw
  ),
  faulty("stream that ends early, final message", fault.cut({ how: "end" }), "AnthropicError", final),
  faulty(
    "error event in a stream",
    fault.errorEvent({ afterDeltas: 1 }),
    { deltas: 1, error: "APIError overloaded_error" },
    raw
  ),
  faulty("hang, client's timeout", fault.hang(), "APIConnectionTimeoutError", ({ client }) =>
    shown(client.messages.create(params, { timeout: 100 }))
  ),
  faulty("hang, client's abort", fault.hang(), "APIUserAbortError", (reached) => afterAbort(reached, 80, false)),
  faulty("stall in a stream, client's abort", fault.stall(), "ended without an error", (reached) =>
    afterAbort(reached, 150, true)
  ),
  faulty("stall that passes", fault.stall({ millis: 60 }), paris, final),
  faulty("slow drip", fault.drip({ everyMillis: 5 }), paris, final),
  faulty("HTML with a 200", fault.html(), "string", ({ client }) =>
    client.messages.create(params).then((value) => typeof value)
  ),
  faulty("broken JSON with a 200", fault.brokenJson(), "SyntaxError"),
  faulty("content-length too large", fault.contentLength(), "TypeError"),
  faulty("message_start twice", fault.duplicateStart(), { deltas: 5, starts: 2, stopped: true }, raw),
  faulty("event of unknown type", fault.unknownEvent(), { deltas: 5, starts: 1, stopped: true }, raw),
  {
    name: "abort while waiting",
    options: { latency: latency.fixed(5000) },
    see: (reached) => afterAbort(reached, 80, false),
    expected: "APIUserAbortError"
  },
  {
    name: "abort while streaming",
    options: { latency: latency.fixed(5000, { firstTokenMillis: 10 }) },
    see: (reached) => afterAbort(reached, 200, true),
    expected: "ended without an error"
  }
]
