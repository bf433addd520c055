import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import Anthropic from "@anthropic-ai/sdk"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { clock, fault, latency, mockClaude, record, replay } from "fanfold/mocks"

const folder = await mkdtemp(join(tmpdir(), "fanfold-tape-"))
afterAll(() => rm(folder, { recursive: true }))

const key = "the-key-of-a-proxy-0123456789"
const clientOf = (fetch: typeof globalThis.fetch): Anthropic => new Anthropic({ apiKey: key, fetch, maxRetries: 0 })
const params = (content: string, model = "claude-haiku-4-5") => ({
  model,
  max_tokens: 500,
  messages: [{ role: "user" as const, content }]
})
const textOf = (message: Anthropic.Message): string =>
  message.content.map((block) => (block.type === "text" ? block.text : "")).join("")

const caught = (error: Error): string => error.constructor.name

describe("a tape", () => {
  it("records answers, streams and errors, and replays them without a server", async () => {
    const file = join(folder, "whole.jsonl")
    const claude = mockClaude({ seed: 9 })
    claude.when({ user: "again" }).reply("first").once()
    claude.when({ user: "again" }).reply("second")
    claude.fault(fault.overloaded(), { when: { user: "fails" } })
    claude.fault(fault.cut({ afterDeltas: 2 }), { when: { user: "cut" } })
    claude.fault(fault.reset(), { when: { user: "reset" } })
    const see = async (client: Anthropic): Promise<ReadonlyArray<unknown>> => {
      return [
        textOf(await client.messages.create(params("plain"))),
        textOf(await client.messages.stream(params("streamed")).finalMessage()),
        textOf(await client.messages.create(params("again"))),
        textOf(await client.messages.create(params("again"))),
        await client.messages.create(params("fails")).catch(caught),
        await client.messages.create(params(`cut, and the key is ${key}`)).catch(caught),
        await client.messages.create(params("reset")).catch(caught),
        (await client.models.list({ limit: 3 })).data.length
      ]
    }
    await using server = await claude.serve()
    const recorded = await see(clientOf(record(file, { upstream: server.url }).fetch))
    await server.close()
    const replayed = await see(clientOf((await replay(file, { speed: Number.POSITIVE_INFINITY })).fetch))
    assert.deepStrictEqual(replayed, recorded)
    assert.deepStrictEqual(recorded.slice(2, 7), [
      "first",
      "second",
      "OverloadedError",
      "TypeError",
      "APIConnectionError"
    ])
    const text = await readFile(file, "utf8")
    assert.notInclude(text, key)
    assert.notInclude(text, "organization-id")
    assert.strictEqual(text.trim().split("\n").length, 8)
  })

  it("records the time of each piece", async () => {
    const file = join(folder, "times.jsonl")
    const claude = mockClaude({ latency: latency.fixed(300, { firstTokenMillis: 150 }) })
    await clientOf(record(file, { fetch: claude.fetch }).fetch)
      .messages.stream(params("pace"))
      .finalMessage()
    const { response } = JSON.parse(await readFile(file, "utf8"))
    assert.isAtLeast(response.headersAtMillis, 145)
    assert.isAtLeast(response.chunks.at(-1).atMillis, 295)
    assert.isAbove(response.chunks.length, 2)
  })

  it("replays the recorded times divided by speed", async () => {
    const file = join(folder, "pace.jsonl")
    const chunks = [100, 200, 300].map((atMillis) => ({ atMillis, text: `${atMillis} ` }))
    const response = { status: 200, headers: {}, headersAtMillis: 100, chunks, cut: false }
    await writeFile(file, JSON.stringify({ request: { method: "GET", path: "/x", body: "" }, response }))
    for (const [speed, most] of [
      [1, 300],
      [5, 60]
    ] as const) {
      const time = clock.manual(0)
      const { fetch } = await replay(file, { speed, clock: time })
      const text = fetch("http://tape/x").then(async (reply) => `${await reply.text()}at ${time.now()}`)
      for (let step = 0; step < 40; step++) await time.advance(10)
      assert.strictEqual(await text, `100 200 300 at ${most}`)
    }
  })

  it("rejects a request that is not on it, and names the most similar one", async () => {
    const file = join(folder, "nearest.jsonl")
    const recording = clientOf(record(file, { fetch: mockClaude().fetch }).fetch)
    await recording.messages.create(params("What is the capital of France?"))
    await recording.messages.create(params("How deep is the sea?"))
    const client = clientOf((await replay(file)).fetch)
    const message = (content: string, model?: string): Promise<string> =>
      client.messages.create(params(content, model)).then(
        () => "answered",
        (error: Error) => error.message
      )
    assert.match(
      await message("What is the capital of Spain?"),
      /not on the tape.*nearest one differs in messages.*capital of France/
    )
    assert.match(await message("How deep is the sea?", "claude-sonnet-4-5"), /differs in model:.*How deep/)
    assert.strictEqual(await message("How deep is the sea?"), "answered")
    assert.match(await message("How deep is the sea?"), /holds this request, but not so often/)
  })

  it("holds no key, also if a key is split between pieces", async () => {
    const file = join(folder, "pieces.jsonl")
    const other = "sk-ant-api03-another-KEY_0123456789"
    const body = `start ${key}, ${other} and org: 01234567-89ab-cdef-0123-456789abcdef. end`
    for (const size of [1, 3, 20, body.length]) {
      const pieces = body.match(new RegExp(`.{1,${size}}`, "g")) ?? []
      const stream = () =>
        new ReadableStream({
          start: (controller) => {
            for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece))
            controller.close()
          }
        })
      await rm(file, { force: true })
      const { fetch } = record(file, { fetch: () => Promise.resolve(new Response(stream())) })
      assert.strictEqual(await (await fetch("http://x/y", { headers: { "x-api-key": key } })).text(), body)
      const { response } = JSON.parse(await readFile(file, "utf8"))
      assert.strictEqual(response.chunks.length, pieces.length)
      assert.strictEqual(
        response.chunks.map(({ text }: { readonly text: string }) => text).join(""),
        "start redacted, redacted and org: 00000000-0000-0000-0000-000000000000. end"
      )
    }
  })

  it("that cannot be written affects no answer, and is reported once", async () => {
    const claude = mockClaude()
    claude.when({}).reply("far away")
    const gone = join(folder, "gone")
    await mkdir(gone)
    const reported: Array<unknown> = []
    const client = clientOf(
      record(join(gone, "t.jsonl"), { fetch: claude.fetch, onLost: (e) => reported.push(e) }).fetch
    )
    const ask = async () => textOf(await client.messages.create(params("x")))
    assert.strictEqual(await ask(), "far away")
    assert.deepStrictEqual(reported, [])
    await rm(gone, { recursive: true })
    assert.deepStrictEqual(await Promise.all([ask(), ask()]), ["far away", "far away"])
    assert.match(String(reported), /^Error: ENOENT[^,]*, open [^,]*$/)
    // Lines after a gap would make the tape look complete.
    await mkdir(gone)
    assert.strictEqual(await ask(), "far away")
    assert.deepStrictEqual(await readdir(gone), [])
  })

  it("can be switched on in a mock that is in use", async () => {
    const file = join(folder, "switch.jsonl")
    const upstream = mockClaude()
    upstream.when({}).reply("from upstream")
    await using server = await upstream.serve()
    const claude = mockClaude()
    const client = clientOf(claude.fetch)
    claude.record(file, { upstream: server.url })
    assert.strictEqual(textOf(await client.messages.create(params("x"))), "from upstream")
    await server.close()
    await claude.replay(file)
    assert.strictEqual(textOf(await client.messages.create(params("x"))), "from upstream")
  })
})
