import Anthropic from "@anthropic-ai/sdk"
import { record, replay } from "fanfold/mocks"

const ask = async (fetch: typeof globalThis.fetch, apiKey?: string) => {
  const client = new Anthropic({ fetch, ...(apiKey !== undefined && { apiKey }) })
  const { content } = await client.messages.create({
    model: "claude-haiku-5-5",
    max_tokens: 100,
    messages: [{ role: "user", content: "What is the capital of France?" }]
  })
  return content
}
const recording = record("capital.jsonl")
const recorded = await ask(recording.fetch)
const tape = await replay("capital.jsonl", { speed: Number.POSITIVE_INFINITY })
console.log(recorded, await ask(tape.fetch, "any"))
