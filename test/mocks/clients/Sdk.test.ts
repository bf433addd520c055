/** The helpers of the Anthropic SDK over the server: its tool runner, threads, structured answers and streams. */
import Anthropic from "@anthropic-ai/sdk"
import { betaZodTool } from "@anthropic-ai/sdk/helpers/beta/zod"
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod"
import { assert, describe, it } from "@effect/vitest"
import type { MockClaude } from "fanfold/mocks"
import { z } from "zod"
import { served } from "./Served.ts"

const clientOf = (url: string): Anthropic => new Anthropic({ baseURL: url, apiKey: "offline", maxRetries: 0 })
const question = (content: string): { role: "user"; content: string } => ({ role: "user", content })
const params = { model: "claude-haiku-5-5", max_tokens: 500, messages: [question("What is the weather in Lisbon?")] }

const weather = betaZodTool({
  name: "weather",
  description: "The weather of a city",
  inputSchema: z.object({ city: z.string() }),
  run: ({ city }) => `20 degrees in ${city}`
})

const scripted = (claude: MockClaude): void => {
  claude.when({ user: "weather", nth: 1 }).reply({ $tool: { name: "weather", input: { city: "Lisbon" } } })
  claude.when({}).reply("It is 20 degrees.")
}

const textOf = ({ content }: { readonly content: ReadonlyArray<{ readonly type: string }> }): string =>
  content.map((block) => (block.type === "text" ? (block as { readonly text?: string }).text : "")).join("")

describe("the tool runner of the SDK", () => {
  it.each([false, true])("runs the tool and answers, streamed: %s", async (stream) => {
    const { problems, value } = await served({}, async (claude, url) => {
      scripted(claude)
      const runner = clientOf(url).beta.messages.toolRunner({ ...params, tools: [weather], stream })
      return { text: textOf(await runner.runUntilDone()), attempts: claude.journal.attempts }
    })
    assert.deepStrictEqual(value, { text: "It is 20 degrees.", attempts: 2 })
    assert.deepStrictEqual(problems, [])
  })

  it("runs over a thread, whose second turn sends the result alone", async () => {
    const { problems, value } = await served({}, async (claude, url) => {
      scripted(claude)
      const { messages: _, ...fields } = params
      const thread = clientOf(url).beta.messages.thread({ ...fields, tools: [weather], messages: params.messages })
      const message = await thread.toolRunner()
      const after = await thread.send(question("And tomorrow?"))
      return { text: textOf(message), after: after.stop_reason, attempts: claude.journal.attempts }
    })
    assert.deepStrictEqual(value, { text: "It is 20 degrees.", after: "end_turn", attempts: 3 })
    assert.deepStrictEqual(problems, [])
  })

  it("replays the conversation of a thread that the server has lost", async () => {
    const { value } = await served({}, async (claude, url) => {
      const { messages: _, ...fields } = params
      const thread = clientOf(url).beta.messages.thread(fields)
      await thread.send(question("Remember the whale."))
      claude.reset()
      claude.when({ user: "Which" }).reply("The whale.")
      return { text: textOf(await thread.send(question("Which animal?"))), attempts: claude.journal.attempts }
    })
    assert.deepStrictEqual(value, { text: "The whale.", attempts: 2 })
  })
})

describe("structured answers of the SDK", () => {
  const Rating = z.object({
    verdict: z.enum(["good", "bad"]),
    stars: z.number().int().min(1).max(5),
    code: z.string().regex(/^[A-Z]{2}-\d{3}$/),
    tags: z.array(z.string().min(3).max(12)).min(2).max(4)
  })

  it.each([1, 2, 3])("keep the schema's bounds, which the helper moved to descriptions (seed %i)", async (seed) => {
    const { problems, value } = await served({ seed }, (_, url) =>
      clientOf(url).messages.parse({ ...params, output_config: { format: zodOutputFormat(Rating) } })
    )
    assert.deepStrictEqual(Rating.parse(value.parsed_output), value.parsed_output)
    assert.deepStrictEqual(problems, [])
  })
})

describe("the streams of the SDK", () => {
  it("give texts, thinking and the final message", async () => {
    const { problems, value } = await served({}, async (claude, url) => {
      claude.when({}).reply({ $text: "It is 20 degrees.", $thinking: "The city is Lisbon." })
      const stream = clientOf(url).messages.stream({ ...params, thinking: { type: "adaptive", display: "summarized" } })
      const seen = { text: "", thinking: "" }
      stream.on("text", (text) => (seen.text += text)).on("thinking", (thinking) => (seen.thinking += thinking))
      const final = textOf(await stream.finalMessage())
      return { ...seen, final }
    })
    const text = "It is 20 degrees."
    assert.deepStrictEqual(value, { text, thinking: "The city is Lisbon.", final: text })
    assert.deepStrictEqual(problems, [])
  })
})
