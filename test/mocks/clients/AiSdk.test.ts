/** The AI SDK with its Anthropic provider, unmodified, over the server. */
import { createAnthropic } from "@ai-sdk/anthropic"
import { assert, describe, it } from "@effect/vitest"
import { generateText, Output, stepCountIs, streamText, tool } from "ai"
import { fault } from "fanfold/mocks"
import { z } from "zod"
import { served } from "./Served.ts"

const model = (url: string, name = "claude-haiku-5-5") =>
  createAnthropic({ baseURL: `${url}/v1`, apiKey: "offline" })(name)

describe("the AI SDK", () => {
  it("generates text", async () => {
    const { problems, value } = await served({}, (claude, url) => {
      claude.when({ user: "capital" }).reply("Paris")
      return generateText({ model: model(url), prompt: "The capital?", system: "Be brief.", maxOutputTokens: 50 })
    })
    assert.strictEqual(value.text, "Paris")
    assert.strictEqual(value.finishReason, "stop")
    assert.isAbove(value.usage.inputTokens!, 0)
    assert.deepStrictEqual(problems, [])
  })

  it("streams text", async () => {
    const { problems, value } = await served({}, async (claude, url) => {
      claude.when({}).reply("Paris is the capital of France.")
      const pieces: Array<string> = []
      for await (const piece of streamText({ model: model(url), prompt: "The capital?" }).textStream) pieces.push(piece)
      return pieces
    })
    assert.strictEqual(value.join(""), "Paris is the capital of France.")
    assert.isAbove(value.length, 1)
    assert.deepStrictEqual(problems, [])
  })

  it("calls tools, and answers with their results", async () => {
    const { problems, value } = await served({}, (claude, url) => {
      claude.when({ user: "weather", nth: 1 }).reply({ $tool: { name: "weather", input: { city: "Lisbon" } } })
      claude.when({}).reply("It is 20 degrees in Lisbon.")
      return generateText({
        model: model(url),
        prompt: "What is the weather in Lisbon?",
        stopWhen: stepCountIs(3),
        tools: {
          weather: tool({
            description: "The weather of a city",
            inputSchema: z.object({ city: z.string() }),
            execute: ({ city }) => ({ city, celsius: 20 })
          })
        }
      })
    })
    assert.strictEqual(value.text, "It is 20 degrees in Lisbon.")
    assert.strictEqual(value.steps.length, 2)
    assert.deepStrictEqual(problems, [])
  })

  it("reads structured answers", async () => {
    const { problems, value } = await served({}, (_, url) =>
      generateText({
        model: model(url, "claude-sonnet-5-5"),
        prompt: "Rate it.",
        output: Output.object({ schema: z.object({ verdict: z.enum(["good", "bad"]), stars: z.number() }) })
      })
    )
    assert.include(["good", "bad"], value.output.verdict)
    assert.isNumber(value.output.stars)
    assert.deepStrictEqual(problems, [])
  })

  it("tries an overload again, and not what was rejected", async () => {
    const { problems, value } = await served({}, async (claude, url) => {
      claude.fault(fault.overloaded(), { times: 1 })
      const { text } = await generateText({ model: model(url), prompt: "x" })
      const error: unknown = await generateText({ model: model(url, "claude-3-opus-20240229"), prompt: "x" }).catch(
        (cause: unknown) => cause
      )
      return { text, error: String(error), attempts: claude.journal.attempts }
    })
    assert.match(value.text, /^Simulated/)
    assert.match(value.error, /model: claude-3-opus-20240229/)
    assert.strictEqual(value.attempts, 3)
    assert.deepStrictEqual(problems, [])
  })
})
