/** A tape plays failures and the replies of gateways as they were recorded, in either form. */
import { readFile } from "node:fs/promises"
import { assert, describe, it } from "@effect/vitest"
import { fault, mockClaude, record, replay } from "fanfold/mocks"
import { answer, answers, type Form, forms, params, player, recorder, tapes, ways } from "./RoundTrip.ts"

const tape = await tapes()

const message = {
  type: "message",
  id: "msg_1",
  role: "assistant",
  model: "m",
  content: [{ type: "text", text: "blue" }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 5, output_tokens: 2 }
}
const start = {
  type: "message_start",
  message: { ...message, content: [], stop_reason: null, usage: { input_tokens: 5, output_tokens: 0 } }
}
const block = { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }
const delta = { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "blue" } }
const blockEnd = { type: "content_block_stop", index: 0 }
const stop = {
  type: "message_delta",
  delta: { stop_reason: "end_turn", stop_sequence: null },
  usage: { input_tokens: 0, output_tokens: 2 }
}
const end = { type: "message_stop" }

interface Event {
  readonly type: string
  readonly index?: number
}
const all: ReadonlyArray<Event> = [start, block, delta, blockEnd, stop, end]

const streamOf = (events: ReadonlyArray<Event>): string =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("")

/** A server that answers every request with this body, and then resets the connection if it is `cut`. */
const serving = (text: string, contentType: string, cut = false): typeof globalThis.fetch => {
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    if (cut) controller.error(new TypeError("terminated"))
    else controller.close()
  }
  const begin = (controller: ReadableStreamDefaultController<Uint8Array>) =>
    controller.enqueue(new TextEncoder().encode(text))
  const body = () => new ReadableStream({ start: begin, pull }, { highWaterMark: 0 })
  return () => Promise.resolve(new Response(body(), { headers: { "content-type": contentType } }))
}
const sse = "text/event-stream"
const json = "application/json"

/** The content type and text of a reply, with the error that broke it off. */
const raw = async (fetch: typeof globalThis.fetch, form: Form): Promise<ReadonlyArray<unknown>> => {
  const body = JSON.stringify({ ...params("q"), ...(form === "streamed" && { stream: true }) })
  const reply = await fetch("http://x/v1/messages", { method: "POST", body })
  const decoder = new TextDecoder()
  let text = ""
  const reader = reply.body!.getReader()
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += decoder.decode(part.value)
  } catch (error) {
    return [reply.headers.get("content-type"), text, (error as Error).message]
  }
  return [reply.headers.get("content-type"), text]
}

const played = async (file: string, form: Form) =>
  raw((await replay(file, { speed: Number.POSITIVE_INFINITY })).fetch, form)

describe("a tape plays", () => {
  it.each(ways)("a reply and an error in their order, $recorded played $played", async ({ played, recorded }) => {
    for (const errorFirst of [true, false]) {
      const file = tape(`order-${recorded}-${played}-${errorFirst}`)
      const claude = mockClaude()
      claude.when({}).reply("blue")
      const client = recorder(file, claude.fetch)
      const fail = async () => {
        claude.fault(fault.overloaded(), { times: 1 })
        await answer(client, recorded === "plain" ? "streamed" : "plain", params("q"))
      }
      if (errorFirst) await fail()
      await answer(client, recorded, params("q"))
      if (!errorFirst) await fail()
      const expected = errorFirst ? ["529", "blue"] : ["blue", "529"]
      assert.deepStrictEqual(await answers(await player(file), played, [params("q"), params("q")]), expected)
    }
  })

  it("a message that answered a request for a stream, and a stream that answered one for a message", async () => {
    const cases = [
      ["streamed", JSON.stringify(message), json],
      ["plain", streamOf(all), `${sse}; charset=utf-8`]
    ] as const
    for (const [form, text, type] of cases) {
      const file = tape(`gateway-${form}`)
      const { fetch } = record(file, { fetch: serving(text, type) })
      assert.deepStrictEqual(await raw(fetch, form), [type, text])
      assert.deepStrictEqual(await played(file, form), [type, text])
    }
    // In the other form, either is what was asked for.
    assert.deepStrictEqual(await answer(await player(tape("gateway-streamed")), "plain", params("q")), "blue")
    assert.deepStrictEqual(await answer(await player(tape("gateway-plain")), "streamed", params("q")), "blue")
  })

  it("the streams of gateways as messages", async () => {
    const cases: ReadonlyArray<readonly [string, string]> = [
      ["another content type", streamOf(all)],
      ["no block start", streamOf([start, delta, stop, end])],
      ["another index", streamOf([start, block, { ...delta, index: 1 }, stop, end])],
      ["no message_stop", streamOf([start, block, delta, blockEnd, stop])],
      ["no event lines", streamOf(all).replaceAll(/^event: .*\n/gm, "")]
    ]
    for (const [name, text] of cases) {
      const file = tape(name)
      const type = name === "another content type" ? "text/plain" : sse
      await raw(record(file, { fetch: serving(text, type) }).fetch, "streamed")
      const reply = await forms.plain(await player(file), params("q"))
      assert.strictEqual(reply.content.map((block) => (block.type === "text" ? block.text : "")).join(""), "blue", name)
      assert.deepInclude(reply.usage, { input_tokens: 5, output_tokens: 2 }, name)
    }
  })

  it("a stream that broke off as a body that breaks off", async () => {
    const cases: ReadonlyArray<readonly [name: string, events: ReadonlyArray<Event>, cut: boolean]> = [
      ["cut in a block", [start, block, delta], true],
      ["cut after the stop reason", [start, block, delta, blockEnd, stop], true],
      ["closed without a stop reason", [start, block, delta, blockEnd], false],
      ["closed before the first event", [], false]
    ]
    for (const [name, events, cut] of cases) {
      const file = tape(name)
      const text = streamOf(events)
      const recorded = await raw(record(file, { fetch: serving(text, sse, cut) }).fetch, "streamed")
      assert.deepStrictEqual(await played(file, "streamed"), recorded, name)
      assert.deepStrictEqual(await played(file, "plain"), [json, "", "terminated"], name)
      assert.strictEqual(await answer(await player(file), "plain", params("q")), "TypeError", name)
    }
  })

  it("a stream that was cut behind its last event as a message", async () => {
    const file = tape("late")
    const recorded = await raw(record(file, { fetch: serving(streamOf(all), sse, true) }).fetch, "streamed")
    assert.deepStrictEqual(recorded, [sse, streamOf(all), "terminated"])
    assert.deepStrictEqual(await played(file, "streamed"), recorded)
    assert.strictEqual(await answer(await player(file), "plain", params("q")), "blue")
  })

  it("a message that was cut as a body that breaks off", async () => {
    const text = JSON.stringify(message)
    for (const body of [text.slice(0, 40), text]) {
      const file = tape(`message-${body.length}`)
      await raw(record(file, { fetch: serving(body, json, true) }).fetch, "plain")
      assert.deepStrictEqual(await played(file, "streamed"), [json, body, "terminated"])
    }
  })

  it("a stream that the client left at its last event", async () => {
    const file = tape("left")
    const { fetch } = record(file, { fetch: serving(streamOf(all), sse, true) })
    const reply = await fetch("http://x/v1/messages", {
      method: "POST",
      body: JSON.stringify({ ...params("q"), stream: true })
    })
    const reader = reply.body!.getReader()
    await reader.read()
    await reader.cancel()
    assert.include(await readFile(file, "utf8"), `"cut":false`)
    assert.deepStrictEqual(await played(file, "streamed"), [sse, streamOf(all)])
  })
})
