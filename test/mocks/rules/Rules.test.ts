import { assert, describe, it } from "@effect/vitest"
import { mockClaude } from "fanfold/mocks"
import { body } from "../ask.ts"
import type { Row } from "./Row.ts"
import { accepted, rejected } from "./rows.ts"

const send = async (
  row: Row,
  path = "/v1/messages"
): Promise<{ readonly status: number; readonly message: string }> => {
  const { fetch } = mockClaude()
  const response = await fetch(`https://api.anthropic.com${path}`, {
    method: "POST",
    headers: {
      "x-api-key": "offline",
      "anthropic-version": row.older === true ? "2023-06-01" : "2026-10-21",
      ...(row.betas === undefined ? {} : { "anthropic-beta": row.betas })
    },
    body: JSON.stringify(body("Hello", row.body))
  })
  const json = (await response.json()) as { readonly error?: { readonly message: string } }
  return { status: response.status, message: json.error?.message ?? "" }
}

/** The JSON of a question, in which `text` stands with its escapes as they are. */
const question = (text: string): string => JSON.stringify(body("X")).replace("X", text)

describe("rejected", () => {
  it.each(rejected.map((row) => [row.name, row] as const))("%s", async (_, row) => {
    const { message, status } = await send(row)
    assert.strictEqual(message.slice(0, row.says.length), row.says)
    assert.strictEqual(status, row.status)
  })
})

describe("accepted", () => {
  it.each(accepted.map((row) => [row.name, row] as const))("%s", async (_, row) => {
    assert.deepStrictEqual(await send(row), { status: 200, message: "" })
  })
})

describe("the mock", () => {
  const headers = { "x-api-key": "offline", "anthropic-version": "2026-10-21" }
  const statusOf = async (method: string, path: string, more: HeadersInit = headers): Promise<number> =>
    (await mockClaude().fetch(`https://api.anthropic.com${path}`, { method, headers: more })).status

  const counted = async (more: object): Promise<string> => {
    const { max_tokens: _, ...rest } = body("Hello", more)
    const init = { method: "POST", headers, body: JSON.stringify(rest) }
    const json = await (await mockClaude().fetch("https://api.anthropic.com/v1/messages/count_tokens", init)).json()
    return json.error?.message ?? "counted"
  }

  it("answers a wrong method with 405, and an unknown path with 404", async () => {
    assert.strictEqual(await statusOf("GET", "/v1/messages"), 405)
    assert.strictEqual(await statusOf("POST", "/v1/models"), 405)
    assert.strictEqual(await statusOf("GET", "/v1/messages/count_tokens"), 405)
    assert.strictEqual(await statusOf("DELETE", "/v1/messages/batches"), 405)
    assert.strictEqual(await statusOf("GET", "/v1/nonsense"), 404)
    assert.strictEqual(await statusOf("HEAD", "/", {}), 404)
    assert.strictEqual(await statusOf("GET", "/v1/files"), 200)
    assert.strictEqual(await statusOf("POST", "/v1/complete"), 400)
    assert.strictEqual(await statusOf("GET", "/v1/models/claude-3-opus-20240229"), 404)
  })

  it("rejects an unknown version, and half a surrogate pair", async () => {
    const { fetch } = mockClaude()
    const post = async (more: object, text: string): Promise<string> => {
      const init = { method: "POST", headers: { ...headers, ...more }, body: text }
      const { error } = await (await fetch("https://api.anthropic.com/v1/messages", init)).json()
      return error?.message ?? "accepted"
    }
    assert.strictEqual(
      await post({ "anthropic-version": "2024-01-01" }, "{}"),
      'anthropic-version: "2024-01-01" is not a valid version'
    )
    assert.match(await post({}, question("\\ud83d")), /^The request body is not valid JSON: no low surrogate/)
    assert.match(await post({}, question("a\\ude00b")), /^The request body is not valid JSON: no low surrogate/)
    assert.strictEqual(await post({}, question("\\ud83d\\ude00 and \\\\ud83d")), "accepted")
  })

  it("counts no tokens of what it rejects, and takes no max_tokens there", async () => {
    const forced = { model: "claude-opus-5-5", tools: [{ name: "f", input_schema: { type: "object" } }] }
    assert.match(await counted({ ...forced, tool_choice: { type: "any" } }), /^tool_choice: type "tool" and "any"/)
    assert.strictEqual(await counted({ stream: true }), "stream: Extra inputs are not permitted")
    assert.strictEqual(await counted({}), "counted")
  })
})
