/** A tape gives streams where messages were recorded, and messages where streams were, with the recorded content and time. */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import Anthropic from "@anthropic-ai/sdk"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { clock, fault, mockClaude, record, replay } from "fanfold/mocks"

const folder = await mkdtemp(join(tmpdir(), "fanfold-tape-form-"))
afterAll(() => rm(folder, { recursive: true }))

const clientOf = (fetch: typeof globalThis.fetch): Anthropic =>
  new Anthropic({ apiKey: "the-key-of-a-proxy-0123456789", fetch, maxRetries: 0 })
const params = (content: string) => ({
  model: "claude-sonnet-5-5",
  max_tokens: 3000,
  messages: [{ role: "user" as const, content }]
})
const weather = {
  ...params("call"),
  tools: [{ name: "weather", input_schema: { type: "object" as const, properties: { city: { type: "string" } } } }]
}
const search = { ...params("search"), tools: [{ type: "web_search_20260318" as const, name: "web_search" as const }] }

const plain = (client: Anthropic, request: Anthropic.MessageCreateParamsNonStreaming): Promise<Anthropic.Message> =>
  client.messages.create(request)
const streamed = (client: Anthropic, request: Anthropic.MessageCreateParamsNonStreaming): Promise<Anthropic.Message> =>
  client.messages.stream(request).finalMessage()
type Ask = typeof plain

const caught = (error: { readonly status?: unknown; readonly name: string }) => [error.name, error.status]

/** Records the requests in one form, and plays the tape in another. */
const play = async (name: string, first: Ask, second: Ask, requests: ReadonlyArray<Parameters<Ask>[1]>) => {
  const file = join(folder, `${name}.jsonl`)
  const claude = mockClaude({ seed: 3 })
  const all = (client: Anthropic, ask: Ask) =>
    requests.reduce<Promise<ReadonlyArray<unknown>>>(
      async (before, request) => [...(await before), await ask(client, request).catch(caught)],
      Promise.resolve([])
    )
  claude.when({ user: "call" }).reply({ $tool: { name: "weather", input: { city: "Lisbon" } } })
  claude.fault(fault.overloaded(), { when: { user: "fails" } })
  await using server = await claude.serve()
  const recorded = await all(clientOf(record(file, { upstream: server.url }).fetch), first)
  const { fetch } = await replay(file, { speed: Number.POSITIVE_INFINITY })
  return { recorded, replayed: await all(clientOf(fetch), second), again: await all(clientOf(fetch), second) }
}

/** The SDK's stream adds `parsed_output`. */
const bare = (values: ReadonlyArray<unknown>): unknown =>
  JSON.parse(JSON.stringify(values, (name, value: unknown) => (name === "parsed_output" ? undefined : value)))

describe("a tape that is played in another form", () => {
  const requests = [params("text"), weather, search, params("fails")]

  it("gives the message that the recorded stream built", async () => {
    const { again, recorded, replayed } = await play("streams", streamed, plain, requests)
    assert.deepStrictEqual(bare(replayed), bare(recorded))
    // Each reply is given once.
    assert.deepStrictEqual(again[0], ["BadRequestError", 400])
  })

  it("gives the recorded message as a stream", async () => {
    const { recorded, replayed } = await play("messages", plain, streamed, requests)
    assert.deepStrictEqual(bare(replayed), bare(recorded))
  })

  it("gives an error event as the error, and breaks off where the stream did", async () => {
    const file = join(folder, "faults.jsonl")
    const claude = mockClaude()
    claude.fault(fault.errorEvent({ afterDeltas: 1 }), { when: { user: "error" } })
    claude.fault(fault.cut({ afterDeltas: 1 }), { when: { user: "cut" } })
    claude.fault(fault.cut({ afterDeltas: 1, how: "end" }), { when: { user: "closed" } })
    await using server = await claude.serve()
    const recording = clientOf(record(file, { upstream: server.url }).fetch)
    for (const text of ["error", "cut", "closed"]) await streamed(recording, params(text)).catch(() => {})
    const playing = clientOf((await replay(file, { speed: Number.POSITIVE_INFINITY })).fetch)
    const failed = await plain(playing, params("error")).catch((error: { readonly status?: number }) => error.status)
    assert.strictEqual(failed, 529)
    for (const text of ["cut", "closed"]) {
      assert.instanceOf(await plain(playing, params(text)).catch((error: Error) => error), Error, text)
    }
  })

  it("plays a reply and the error after it in their order", async () => {
    const file = join(folder, "order.jsonl")
    const claude = mockClaude()
    await using server = await claude.serve()
    const recording = clientOf(record(file, { upstream: server.url }).fetch)
    await streamed(recording, params("again"))
    claude.fault(fault.overloaded())
    await plain(recording, params("again")).catch(() => {})
    const playing = clientOf((await replay(file, { speed: Number.POSITIVE_INFINITY })).fetch)
    const ask = () => plain(playing, params("again")).then(({ type }) => type, caught)
    assert.deepStrictEqual([await ask(), await ask()], ["message", ["OverloadedError", 529]])
  })

  it("arrives whole at the recorded end", async () => {
    const file = join(folder, "times.jsonl")
    const message = { type: "message", id: "msg_1", role: "assistant", content: [], stop_reason: "end_turn" }
    const event = `event: message_start\ndata: ${JSON.stringify({ type: "message_start", message })}\n\n`
    const chunks = [100, 300].map((atMillis) => ({ atMillis, text: event }))
    const headers = { "content-type": "text/event-stream" }
    const body = JSON.stringify({ ...params("slow"), stream: true })
    const request = { method: "POST", path: "/v1/messages", body }
    await writeFile(
      file,
      JSON.stringify({ request, response: { status: 200, headers, headersAtMillis: 50, chunks, cut: false } })
    )
    const time = clock.manual(0)
    const { fetch } = await replay(file, { clock: time })
    const init = { method: "POST", body: JSON.stringify(params("slow")) }
    const text = fetch("http://tape/v1/messages", init).then(async (reply) => `${await reply.text()} at ${time.now()}`)
    for (let step = 0; step < 40; step++) await time.advance(10)
    assert.strictEqual(await text, `${JSON.stringify(message)} at 300`)
  })
})
