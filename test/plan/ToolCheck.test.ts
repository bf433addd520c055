/** Tools that are not there where Claude is asked are told of before anything is sent. */
import { describe } from "@effect/vitest"
import { tell } from "./PlanText.ts"

const mend = "leave it out, or ask the API itself (provider: anthropic)"
const noSchema = "citations and an answer schema exclude each other: leave out one of them"
const answer = "answer: { type: object, properties: {}, required: [], additionalProperties: false }"

describe("tools in a plan", () => {
  tell("plan.yaml", [
    [
      "of Bedrock, which has none",
      "provider: bedrock\nasks:\n  a: { question: x, webSearch: true }\n  b: { question: x, tools: { webFetch: {}, codeExecution: true } }\nsynthesis: { instruction: y, webSearch: { maxUses: 1 } }",
      `3:21 asks.a.webSearch: Amazon Bedrock has no web search: ${mend}`,
      `4:30 asks.b.tools.webFetch: Amazon Bedrock has no web fetch: ${mend}`,
      `4:44 asks.b.tools.codeExecution: Amazon Bedrock has no code execution: ${mend}`,
      `5:30 synthesis.webSearch: Amazon Bedrock has no web search: ${mend}`
    ],
    [
      "of Vertex AI, which has web search alone",
      "provider: vertex\nasks:\n  a: { question: x, webSearch: true, tools: { webFetch: true } }",
      `3:47 asks.a.tools.webFetch: Google Vertex AI has no web fetch: ${mend}`
    ],
    [
      "with citations and a schema",
      `provider: foundry\nasks:\n  a: { question: x, tools: { webFetch: { citations: true } }, ${answer} }`,
      `3:42 asks.a.tools.webFetch.citations: ${noSchema}`
    ]
  ])
})
