import Anthropic from "@anthropic-ai/sdk"
import { assert, describe, it } from "@effect/vitest"
import { mockClaude, type MockClaude } from "fanfold/mocks"
import { ask, body, post, stream } from "../ask.ts"

const clientOf = (claude: MockClaude): Anthropic =>
  new Anthropic({ apiKey: "offline", fetch: claude.fetch, maxRetries: 0 })

const withBetas = async (claude: MockClaude, betas: string, question: string, more: object): Promise<any> => {
  const headers = { "x-api-key": "offline", "anthropic-version": "2026-10-21", "anthropic-beta": betas }
  return (await post(claude.fetch, body(question, more), { headers })).json()
}

const threads = "message-threads-2026-08-12"
const fallbacks = "server-side-fallback-2026-07-01"

const create = (claude: MockClaude): Promise<any> =>
  withBetas(claude, threads, "Remember the whale.", { system: "Be brief.", thread: { type: "create" } })

const next = (claude: MockClaude, id: string, question: string, more: object = {}): Promise<any> =>
  withBetas(claude, threads, question, { thread: { type: "continue", previous_message_id: id }, ...more })

const codeOf = async (promise: Promise<any>): Promise<unknown> => {
  const { error } = await promise
  return error.details?.error_code ?? error.message
}

const reasonOf = async (promise: Promise<any>): Promise<unknown> => (await promise).diagnostics.cache_miss_reason.type

const edit = (value: number): object => ({
  model: "claude-opus-5",
  context_management: { edits: [{ type: "compact_20260112", trigger: { type: "input_tokens", value } }] }
})

const execution = (type: string): object => ({
  tools: [{ type, name: "code_execution" }],
  container: "container_mine"
})

describe("a thread", () => {
  it("adds the turns, the system prompt and the tools that it was created with", async () => {
    const claude = mockClaude()
    claude.when({ system: "brief", user: "Which" }).reply("The whale.")
    const first = await create(claude)
    const second = await next(claude, first.id, "Which animal?")
    assert.strictEqual(second.content[0].text, "The whale.")
    assert.isAbove(second.usage.input_tokens, first.usage.input_tokens)
    assert.strictEqual((await next(claude, second.id, "And now?")).stop_reason, "end_turn")
  })

  it("is continued once, by its model, within an hour, without what it was created with", async () => {
    const claude = mockClaude()
    const first = await create(claude)
    assert.strictEqual(await codeOf(next(claude, "msg_unknown", "x")), "thread_not_found")
    assert.match(String(await codeOf(next(claude, first.id, "x", { system: "y" }))), /^system: cannot be set/)
    const other = { model: "claude-opus-5" }
    assert.strictEqual(await codeOf(next(claude, first.id, "x", other)), "thread_fingerprint_mismatch")
    await next(claude, first.id, "x")
    assert.strictEqual(await codeOf(next(claude, first.id, "y")), "thread_already_continued")
    const managed = { thread: { type: "create" }, context_management: { edits: [] } }
    const unsupported = await withBetas(claude, `${threads},context-management-2025-06-27`, "x", managed)
    assert.deepStrictEqual(unsupported.error.details, {
      error_code: "thread_unsupported_request",
      unsupported: ["context_management"]
    })
  })
})

describe("a refusal", () => {
  it("is answered by the fallback model, and usage has an entry for each model", async () => {
    const claude = mockClaude()
    claude.when({ model: "sonnet-5-5" }).reply({ $refusal: "cyber" })
    claude.when({ model: "sonnet-5" }).reply("An answer.")
    const request = { model: "claude-sonnet-5-5", fallbacks: "default" }
    const message = await withBetas(claude, fallbacks, "x", request)
    assert.strictEqual(message.model, "claude-sonnet-5")
    assert.strictEqual(message.stop_reason, "end_turn")
    assert.deepStrictEqual(message.content[0], {
      type: "fallback",
      from: { model: "claude-sonnet-5-5" },
      to: { model: "claude-sonnet-5" },
      trigger: { type: "refusal", category: "cyber" }
    })
    assert.strictEqual(message.content.at(-1).text, "An answer.")
    assert.deepStrictEqual(
      message.usage.iterations.map((one: any) => [one.type, one.model, one.output_tokens > 0]),
      [
        ["message", "claude-sonnet-5-5", false],
        ["fallback_message", "claude-sonnet-5", true]
      ]
    )
    const events = await clientOf(claude)
      .beta.messages.stream({ ...(body("x", request) as any), betas: [fallbacks] })
      .finalMessage()
    assert.deepStrictEqual(
      events.content.map(({ type }) => type),
      ["fallback", "text"]
    )
  })

  it("stays one where the fallback declines too, or the model has none", async () => {
    const claude = mockClaude()
    claude.when({}).reply({ $refusal: "bio" })
    const both = { model: "claude-opus-5-5", fallbacks: [{ model: "claude-opus-5" }, { model: "claude-opus-4-8" }] }
    const declined = await withBetas(claude, fallbacks, "x", both)
    assert.strictEqual(declined.stop_reason, "refusal")
    assert.strictEqual(declined.model, "claude-opus-4-8")
    assert.strictEqual(declined.usage.iterations.length, 3)
    const none = await withBetas(claude, fallbacks, "x", { model: "claude-haiku-5-5", fallbacks: "default" })
    assert.deepInclude(none, { stop_reason: "refusal", model: "claude-haiku-5-5" })
  })

  it("carries a credit token under its beta, which the next request redeems", async () => {
    const claude = mockClaude()
    claude.when({ model: "opus-5-5" }).reply({ $refusal: "cyber" })
    const betas = "fallback-credit-2026-07-01"
    const { stop_details: details } = await withBetas(claude, betas, "x", { model: "claude-opus-5-5" })
    assert.strictEqual(details.recommended_model, "claude-opus-5")
    const retry = { model: details.recommended_model, fallback_credit_token: details.fallback_credit_token }
    const retried = await withBetas(claude, betas, "x", retry)
    assert.deepStrictEqual(retried.usage.fallback_credit, { status: { type: "redeemed" } })
    const foreign = await withBetas(claude, betas, "x", { ...retry, fallback_credit_token: "mine" })
    assert.strictEqual(foreign.usage.fallback_credit.status.type, "not_applied")
    assert.isUndefined((await ask(claude.fetch, "x", { model: "claude-opus-5-5" })).stop_details.fallback_credit_token)
  })
})

describe("a message", () => {
  it("diagnoses a cache miss when the request asks for it", async () => {
    const { fetch } = mockClaude()
    const asked = (id: string | null, more: object = {}): Promise<any> =>
      ask(fetch, "x", { system: "a", diagnostics: { previous_message_id: id }, ...more })
    const { diagnostics, id } = await asked(null)
    assert.deepStrictEqual(diagnostics, { cache_miss_reason: null })
    assert.isNull((await asked(id)).diagnostics.cache_miss_reason)
    assert.strictEqual(await reasonOf(asked(id, { system: "b" })), "system_changed")
    assert.strictEqual(await reasonOf(asked(id, { model: "claude-opus-5" })), "model_changed")
    assert.strictEqual(await reasonOf(asked(id, { messages: [{ role: "user", content: "y" }] })), "messages_changed")
    assert.strictEqual(await reasonOf(asked("msg_unknown")), "previous_message_not_found")
    assert.isNull((await ask(fetch, "x")).diagnostics)
  })

  it("compacts the conversation when asked to, and an edit's threshold is passed", async () => {
    const claude = mockClaude()
    const whole = await withBetas(claude, "compact-2026-09-04", "x", { compaction: { type: "summarize" } })
    assert.deepStrictEqual([whole.stop_reason, whole.content.length], ["compaction", 1])
    assert.strictEqual(whole.content[0].type, "compaction")
    assert.strictEqual(whole.usage.iterations[0].type, "compaction")
    const long = await withBetas(claude, "compact-2026-01-12", "word ".repeat(900), edit(500))
    assert.strictEqual(long.content[0].type, "compaction")
    assert.deepStrictEqual(
      long.usage.iterations.map(({ type }: any) => type),
      ["compaction", "message"]
    )
    const short = await withBetas(claude, "compact-2026-01-12", "word", edit(500))
    assert.notStrictEqual(short.content[0].type, "compaction")
    const streamed = await clientOf(claude)
      .beta.messages.stream({
        ...(body("x", { compaction: { type: "summarize" } }) as any),
        betas: ["compact-2026-09-04"]
      })
      .finalMessage()
    assert.match(String((streamed.content[0] as any).content), /^Simulated summary/)
  })

  it("has the blocks of code execution and MCP, and the container that the request names", async () => {
    const claude = mockClaude()
    const first = await ask(claude.fetch, "x", execution("code_execution_20250522"))
    assert.strictEqual(first.content[1].type, "code_execution_tool_result")
    assert.deepInclude(first.container, { id: "container_mine", skills: null })
    const later = await ask(claude.fetch, "x", execution("code_execution_20260521"))
    assert.strictEqual(later.content[1].type, "bash_code_execution_tool_result")
    const servers = {
      mcp_servers: [{ type: "url", url: "https://example.org/mcp", name: "docs" }],
      tools: [{ type: "mcp_toolset", mcp_server_name: "docs" }]
    }
    const { content } = await withBetas(claude, "mcp-client-2025-11-20", "x", servers)
    assert.deepStrictEqual(
      content.map(({ type }: any) => type),
      ["mcp_tool_use", "mcp_tool_result", "text"]
    )
    assert.strictEqual(content[0].server_name, "docs")
  })

  it("hides thinking on newer models, and counts it within max_tokens", async () => {
    const claude = mockClaude()
    const thinking = { model: "claude-opus-5", thinking: { type: "adaptive" } }
    const hidden = await ask(claude.fetch, "x", thinking)
    assert.deepInclude(hidden.content[0], { type: "thinking", thinking: "" })
    assert.isAbove(hidden.content[0].signature.length, 0)
    assert.isAbove(hidden.usage.output_tokens_details.thinking_tokens, 0)
    const shown = await ask(claude.fetch, "x", { ...thinking, thinking: { type: "adaptive", display: "summarized" } })
    assert.isAbove(shown.content[0].thinking.length, 0)
    for (const max_tokens of [1, 10, 20, 40]) {
      const { stop_reason, usage } = await ask(claude.fetch, "x", { ...thinking, max_tokens })
      assert.isAtMost(usage.output_tokens, max_tokens)
      assert.strictEqual(stop_reason, "max_tokens")
    }
    const events = await stream(claude.fetch, "x", { ...thinking, max_tokens: 10 })
    assert.strictEqual((events.at(-2)!.data as any).delta.stop_reason, "max_tokens")
  })
})

describe("a mock with unmatched: error", () => {
  it("rejects a request that no reply was registered for, and names it", async () => {
    const claude = mockClaude({ unmatched: "error" })
    claude.when({ user: "known" }).reply("Yes.")
    assert.strictEqual((await ask(claude.fetch, "known")).content[0].text, "Yes.")
    const response = await post(claude.fetch, body("What is new?"))
    assert.strictEqual(response.status, 400)
    assert.strictEqual(response.headers.get("x-should-retry"), "false")
    const { error } = await response.json()
    assert.match(error.message, /^mock: no reply is registered.*claude-haiku-4-5.*"What is new\?"/)
  })
})
