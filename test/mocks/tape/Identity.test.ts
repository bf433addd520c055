/** Which requests a tape takes for the same, and which not. */
import type Anthropic from "@anthropic-ai/sdk"
import { assert, describe, it } from "@effect/vitest"
import { mockClaude, record, replay } from "fanfold/mocks"
import { answer, clientOf, type Form, key, params, player, recorder, tapes, ways } from "./RoundTrip.ts"

const tape = await tapes()
type Request = Anthropic.MessageCreateParamsNonStreaming

const mark = { cache_control: { type: "ephemeral" as const } }
const hour = { cache_control: { type: "ephemeral" as const, ttl: "1h" as const } }
const text = (content: string, marks: object = {}) => ({ type: "text" as const, text: content, ...marks })
const turns = (...content: ReadonlyArray<Anthropic.MessageParam["content"]>): Partial<Request> => ({
  messages: content.map((content, index) => ({ role: index % 2 === 0 ? "user" : "assistant", content }))
})
const tool = (schema: object, marks: object = {}) => ({
  name: "t",
  input_schema: { type: "object" as const, ...schema },
  ...marks
})
const property = (name: string, schema: object = { type: "string" }) => ({ properties: { [name]: schema } })
const call = (input: object) => ({ type: "tool_use" as const, id: "toolu_1", name: "t", input })
const result = (content: Anthropic.ToolResultBlockParam["content"], marks: object = {}) => ({
  type: "tool_result" as const,
  tool_use_id: "toolu_1",
  ...(content !== undefined && { content }),
  ...marks
})
const withResult = (input: object, content: Parameters<typeof result>[0], marks: object = {}): Partial<Request> => ({
  tools: [tool({})],
  ...turns("go", [call(input)], [result(content, marks)])
})
const answering = (schema: object): Partial<Request> => ({
  output_config: {
    format: { type: "json_schema", schema: { type: "object", additionalProperties: false, ...schema } }
  }
})
const document = (content: string, marks: object = {}) => ({
  type: "document" as const,
  source: { type: "content" as const, content: [text(content, marks)] }
})

const same: Readonly<Record<string, readonly [Partial<Request>, Partial<Request>]>> = {
  "a text and a block of it": [turns("q"), turns([text("q")])],
  "a system text and a block of it": [{ system: "s" }, { system: [text("s")] }],
  "the result of a tool as text and as a block": [withResult({}, "r"), withResult({}, [text("r")])],
  "a marked block": [turns("q"), turns([text("q", mark)])],
  "another life of a mark": [turns([text("q", mark)]), turns([text("q", hour)])],
  "a mark that is null": [turns("q"), turns([text("q", { cache_control: null })])],
  "a marked system block": [{ system: "s" }, { system: [text("s", mark)] }],
  "a marked tool": [{ tools: [tool({})] }, { tools: [tool({}, mark)] }],
  "a marked result": [withResult({}, "r"), withResult({}, [text("r", mark)], mark)],
  "a mark in a document": [turns([document("d"), text("q")]), turns([document("d", mark), text("q")])],
  "a mark of the request": [{}, mark],
  "another user": [{ metadata: { user_id: "one" } }, { metadata: { user_id: "two" } }]
}

const apart: Readonly<Record<string, readonly [Partial<Request>, Partial<Request>]>> = {
  "one block and two": [turns("ab"), turns([text("a"), text("b")])],
  "answers with properties named stream": [answering({}), answering(property("stream"))],
  "answers with properties named cache_control": [
    answering(property("cache_control")),
    answering(property("cache_control", { type: "integer" }))
  ],
  "answers with properties of two names": [answering(property("stream")), answering(property("cache_control"))],
  "tools with properties named cache_control": [{ tools: [tool(property("cache_control"))] }, { tools: [tool({})] }],
  "tools with properties named stream": [{ tools: [tool(property("stream"))] }, { tools: [tool({})] }],
  "tools with properties named metadata": [{ tools: [tool(property("metadata"))] }, { tools: [tool({})] }],
  "inputs with a field named cache_control": [withResult({}, "r"), withResult(mark, "r")],
  "inputs with a field named stream": [withResult({ stream: true }, "r"), withResult({ stream: false }, "r")],
  "inputs with a content": [withResult({ content: "c" }, "r"), withResult({ content: [text("c")] }, "r")]
}

/** A mock whose replies tell how many requests it has answered. */
const counting = () => {
  const claude = mockClaude()
  for (const count of ["first", "second"]) claude.when({}).reply({ $text: count }).once()
  return claude.fetch
}

const pairs = (cases: typeof same) =>
  Object.entries(cases).flatMap(([name, pair]) => ways.map((way) => [name, pair, way] as const))

describe("a tape finds", () => {
  it.each(pairs(same))("%s", async (name, [one, other], { played, recorded }) => {
    const file = tape(`same-${name}-${recorded}-${played}`)
    assert.strictEqual(await answer(recorder(file, counting()), recorded, params("q", one)), "first")
    const client = await player(file)
    assert.strictEqual(await answer(client, played, params("q", other)), "first")
  })

  it("a request that goes through a proxy, with the path of its own, and with beta fields", async () => {
    const prefixes = ["", "/proxy", "/v1/team/proxy"]
    for (const [at, recordedAt] of prefixes.entries()) {
      const file = tape(`prefix-${at}`)
      const urls: Array<string> = []
      const mock = mockClaude()
      const upstream: typeof globalThis.fetch = (input, init) => {
        const url = new Request(input).url
        urls.push(url)
        return mock.fetch(url.replace(/^.*\/v1\//, "http://x/v1/"), init)
      }
      const { fetch } = record(file, { fetch: upstream, upstream: `https://gateway${recordedAt}` })
      // The client may be configured with the proxy, or with the API.
      const clients = [`http://x${recordedAt}`, "http://x"].map((baseURL) => clientOf(fetch, { baseURL }))
      for (const client of clients) await client.messages.create(params("q"))
      assert.deepStrictEqual(new Set(urls), new Set([`https://gateway${recordedAt}/v1/messages`]))
      const played = (await replay(file, { speed: Number.POSITIVE_INFINITY })).fetch
      const [first = "", second = ""] = prefixes.filter((prefix) => prefix !== recordedAt)
      await clientOf(played, { baseURL: `http://x${first}` }).messages.create(params("q"))
      await clientOf(played, { baseURL: `http://x${second}` }).beta.messages.create(params("q") as never)
    }
  })
})

describe("a recording", () => {
  it("sends requests where the client addresses them", async () => {
    const urls: Array<string> = []
    const { fetch } = record(tape("addressed"), {
      fetch: (url) => {
        urls.push(new Request(url).url)
        return Promise.resolve(Response.json({}))
      }
    })
    for (const baseURL of ["https://gateway/proxy", "https://api.anthropic.com"]) {
      await clientOf(fetch, { baseURL }).messages.create(params("q"))
    }
    assert.deepStrictEqual(urls, ["https://gateway/proxy/v1/messages", "https://api.anthropic.com/v1/messages"])
  })
})

describe("a tape tells apart", () => {
  it.each(pairs(apart))("%s", async (name, [one, other], { played, recorded }) => {
    const file = tape(`apart-${name}-${recorded}-${played}`)
    const replies = [`{"n":1}`, `{"n":2}`]
    let sent = 0
    const upstream: typeof globalThis.fetch = (input, init) => {
      const claude = mockClaude()
      claude.when({}).reply({ $text: replies[sent++]! })
      return claude.fetch(input, init)
    }
    const client = recorder(file, upstream)
    for (const request of [one, other]) assert.include(replies, await answer(client, recorded, params("q", request)))
    const playing = await player(file)
    const play = (form: Form, request: Partial<Request>) => answer(playing, form, params("q", request))
    assert.deepStrictEqual([await play(played, other), await play(played, one)], replies.toReversed())
    assert.strictEqual(await play(played, one), "400")
  })

  it("paths", async () => {
    const file = tape("paths")
    const { fetch } = record(file, { fetch: mockClaude().fetch })
    await fetch("http://x/v1/models?limit=1", {
      headers: { "x-api-key": key, "anthropic-version": "2023-06-01" }
    }).then((reply) => reply.text())
    const played = (await replay(file)).fetch
    const status = async (path: string) => (await played(`http://x${path}`)).status
    assert.deepStrictEqual([await status("/v1/models?limit=2"), await status("/v1/models?limit=1")], [400, 200])
  })
})
