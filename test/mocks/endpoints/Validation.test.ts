import { assert, describe, it } from "@effect/vitest"
import { mockClaude } from "fanfold/mocks"
import { body, post } from "../ask.ts"

const marked = { type: "text", text: "x", cache_control: { type: "ephemeral" } }
const format = (schema: object) => ({ output_config: { format: { type: "json_schema", schema } } })
const closed = { type: "object", additionalProperties: false }
const call = { type: "tool_use", id: "t1", name: "f", input: {} }
const result = { type: "tool_result", tool_use_id: "t1", content: "ok" }

/** The mistake, the status, and the pattern of the message. */
const invalid: ReadonlyArray<readonly [string, object, number, RegExp]> = [
  ["no max_tokens", { max_tokens: undefined }, 400, /^max_tokens: Field required$/],
  ["no messages", { messages: undefined }, 400, /^messages: Field required$/],
  ["empty messages", { messages: [] }, 400, /at least one message/],
  [
    "a message that is not an object",
    { messages: ["hello"] },
    400,
    /^messages\.0: Input does not match the expected shape\.$/
  ],
  ["an unknown role", { messages: [{ role: "robot", content: "x" }] }, 400, /^messages\.0\.role/],
  ["an empty text", { messages: [{ role: "user", content: [{ type: "text", text: "" }] }] }, 400, /non-empty/],
  ["no model", { model: undefined }, 400, /^model: Field required$/],
  ["an unknown model", { model: "gpt" }, 404, /^model: gpt$/],
  ["too many output tokens", { max_tokens: 1_000_000 }, 400, /maximum allowed number of output tokens/],
  ["an unknown field", { max_token: 1 }, 400, /^max_token: Extra inputs are not permitted$/],
  ["temperature", { temperature: 1 }, 400, /^`temperature` is deprecated/],
  ["top_p", { top_p: 0.9 }, 400, /^`top_p` is deprecated/],
  ["top_k", { top_k: 5 }, 400, /^`top_k` is deprecated/],
  [
    "five breakpoints",
    { system: [marked, marked, marked, marked, marked] },
    400,
    /maximum of 4 blocks with cache_control.*Found 5/
  ],
  [
    "an effort the model lacks",
    { model: "claude-opus-4-6", output_config: { effort: "xhigh" } },
    400,
    /'xhigh'. Supported levels: high, low, max, medium/
  ],
  [
    "limits in a schema",
    format({ ...closed, properties: { a: { type: "number", minimum: 0 } } }),
    400,
    /'number' type, property 'minimum'/
  ],
  ["an open schema", format({ type: "object", properties: {} }), 400, /additionalProperties/],
  [
    "a recursive schema",
    format({
      ...closed,
      properties: { next: { $ref: "#/$defs/n" } },
      $defs: { n: { ...closed, properties: { n: { $ref: "#/$defs/n" } } } }
    }),
    400,
    /Recursive/
  ],
  [
    "citations with a schema",
    {
      ...format(closed),
      messages: [
        {
          role: "user",
          content: [
            {
              type: "document",
              source: { type: "text", media_type: "text/plain", data: "x" },
              citations: { enabled: true }
            }
          ]
        }
      ]
    },
    400,
    /citations/
  ],
  [
    "a budget above max_tokens",
    { thinking: { type: "enabled", budget_tokens: 2000 } },
    400,
    /greater than `thinking.budget_tokens`/
  ],
  [
    "a forced tool that is not defined",
    { tools: [{ name: "g", input_schema: { type: "object" } }], tool_choice: { type: "tool", name: "f" } },
    400,
    /'f' not found/
  ],
  [
    "a tool call without its result",
    {
      messages: [
        { role: "user", content: "x" },
        { role: "assistant", content: [call] },
        { role: "user", content: "y" }
      ]
    },
    400,
    /`tool_use` ids were found without/
  ],
  ["a result without its call", { messages: [{ role: "user", content: [result] }] }, 400, /unexpected `tool_use_id`/],
  [
    "prefill for a new model",
    {
      model: "claude-sonnet-5-5",
      messages: [
        { role: "user", content: "x" },
        { role: "assistant", content: "{" }
      ]
    },
    400,
    /prefill/
  ]
]

describe("a request is rejected", () => {
  it.each(invalid)("for %s", async (_, more, status, message) => {
    const claude = mockClaude()
    const response = await post(claude.fetch, body("x", more))
    const { error, request_id } = await response.json()
    assert.strictEqual(response.status, status)
    assert.match(error.message, message)
    assert.strictEqual(request_id, response.headers.get("request-id"))
    assert.strictEqual(response.headers.get("x-should-retry"), "false")
    assert.isNull(response.headers.get("anthropic-ratelimit-requests-limit"))
  })

  it("without a key, with a wrong one, without a version, with no JSON, or above 32 MB", async () => {
    const { fetch } = mockClaude()
    const send = async (headers: HeadersInit, text: string): Promise<string> => {
      const response = await fetch("https://api.anthropic.com/v1/messages", { method: "POST", headers, body: text })
      return `${response.status} ${(await response.json()).error.message}`
    }
    const good = { "x-api-key": "offline", "anthropic-version": "2026-10-21" }
    assert.strictEqual(await send({}, "{}"), "401 x-api-key header is required")
    assert.strictEqual(await send({ "x-api-key": "invalid-key" }, "{}"), "401 invalid x-api-key")
    assert.strictEqual(await send({ "x-api-key": "offline" }, "{}"), "400 anthropic-version: header is required")
    assert.match(await send(good, "{nonsense"), /^400 The request body is not valid JSON/)
    assert.match(await send(good, "x".repeat(33 * 1024 * 1024)), /^413/)
  })

  it("but not for sampling in the older version, nor for a paused turn that continues", async () => {
    const older = mockClaude({ apiVersion: "2023-06-01" })
    assert.strictEqual((await post(older.fetch, body("x", { temperature: 0.5 }))).status, 200)
    const { fetch } = mockClaude()
    const paused = [
      { role: "user", content: "x" },
      { role: "assistant", content: [{ type: "server_tool_use", id: "s", name: "web_search", input: {} }] }
    ]
    assert.strictEqual((await post(fetch, body("x", { model: "claude-sonnet-5-5", messages: paused }))).status, 200)
  })
})
