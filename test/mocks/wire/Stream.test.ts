import { assert, describe, it } from "@effect/vitest"
import { mockClaude } from "fanfold/mocks"
import { ask, stream } from "../ask.ts"
import { contentOf } from "../SseEvents.ts"

describe("a stream", () => {
  it("has the content and usage of the plain reply, and does not split characters", async () => {
    const claude = mockClaude()
    const text = "Zwölf Boxkämpfer 😀😀😀😀😀😀😀😀 jagen Viktor quer über den großen Sylter Deich. ".repeat(3)
    claude.when({}).reply({ $text: text, $thinking: "Hm. ".repeat(20) })
    const plain = await ask(claude.fetch, "same?")
    const events = await stream(claude.fetch, "same?")
    assert.deepStrictEqual(
      contentOf(events).map((block) => block["text"] ?? block["thinking"]),
      ["Hm. ".repeat(20), text]
    )
    for (const { data } of events) assert.isTrue(((data as any).delta?.text ?? "").isWellFormed())
    const { usage } = events.find(({ name }) => name === "message_delta")!.data as any
    assert.strictEqual(usage.output_tokens, plain.usage.output_tokens)
    assert.strictEqual(usage.input_tokens, plain.usage.input_tokens)
    assert.isAbove(usage.output_tokens_details.thinking_tokens, 10)
    assert.deepStrictEqual(events.filter(({ name }) => name === "ping").length, 1)
  })
})
