/** LangChain's Anthropic client, unmodified, over the server. */
import { assert, describe, it } from "@effect/vitest"
import { ChatAnthropic } from "@langchain/anthropic"
import { HumanMessage, SystemMessage } from "@langchain/core/messages"
import { tool } from "@langchain/core/tools"
import { z } from "zod"
import { served } from "./Served.ts"

const chat = (url: string): ChatAnthropic =>
  new ChatAnthropic({ model: "claude-haiku-4-5", apiKey: "offline", anthropicApiUrl: url, maxTokens: 200 })

const weather = tool(({ city }: { readonly city: string }) => `20 degrees in ${city}`, {
  name: "weather",
  description: "The weather of a city",
  schema: z.object({ city: z.string() })
})

describe("LangChain", () => {
  it("invokes", async () => {
    const { problems, value } = await served({}, (claude, url) => {
      claude.when({ system: "brief", user: "capital" }).reply("Paris")
      return chat(url).invoke([new SystemMessage("Be brief."), new HumanMessage("The capital?")])
    })
    assert.strictEqual(value.text, "Paris")
    assert.isAbove((value.usage_metadata as { readonly input_tokens: number } | undefined)!.input_tokens, 0)
    assert.deepStrictEqual(problems, [])
  })

  it("streams", async () => {
    const { problems, value } = await served({}, async (claude, url) => {
      claude.when({}).reply("Paris is the capital of France.")
      let text = ""
      for await (const chunk of await chat(url).stream("The capital?")) text += chunk.text
      return text
    })
    assert.strictEqual(value, "Paris is the capital of France.")
    assert.deepStrictEqual(problems, [])
  })

  it("calls tools, and sends their results back", async () => {
    const { problems, value } = await served({}, async (claude, url) => {
      claude.when({ user: "weather", nth: 1 }).reply({ $tool: { name: "weather", input: { city: "Lisbon" } } })
      claude.when({}).reply("It is 20 degrees.")
      const model = chat(url).bindTools([weather])
      const question = new HumanMessage("What is the weather in Lisbon?")
      const call = await model.invoke([question])
      const result = await weather.invoke(call.tool_calls![0]! as never)
      return (await model.invoke([question, call, result])).text
    })
    assert.strictEqual(value, "It is 20 degrees.")
    assert.deepStrictEqual(problems, [])
  })

  it("reads structured answers", async () => {
    const { problems, value } = await served({}, (_, url) =>
      chat(url)
        .withStructuredOutput(z.object({ verdict: z.enum(["good", "bad"]), stars: z.number() }))
        .invoke("Rate it.")
    )
    assert.include(["good", "bad"], value.verdict)
    assert.isNumber(value.stars)
    assert.deepStrictEqual(problems, [])
  })
})
