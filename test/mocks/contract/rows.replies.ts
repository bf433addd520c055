/** Rows of the content of replies, of usage, prompt cache and rate limits. */
import { answered, params, plain, type Row, shown, textOf } from "./Row.ts"
import type { Reached } from "./Transport.ts"

const cached = async ({ client }: Reached): Promise<unknown> => {
  const system = [
    { type: "text", text: "A long document. ".repeat(2000), cache_control: { type: "ephemeral" } }
  ] as const
  const usages = []
  for (const content of ["First?", "Second?"]) {
    const { usage } = await client.messages.create({
      ...params,
      system: [...system],
      messages: [{ role: "user", content }]
    })
    usages.push([(usage.cache_creation_input_tokens ?? 0) > 4096, (usage.cache_read_input_tokens ?? 0) > 4096])
  }
  return usages
}

const weather = {
  name: "get_weather",
  input_schema: { type: "object" as const, properties: { city: { type: "string" } } }
}
const schema = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false
}

export const replies: ReadonlyArray<Row> = [
  {
    name: "tool call",
    see: (reached) => plain(reached, { tools: [weather], tool_choice: { type: "any" } }),
    expected: "[tool_use]"
  },
  {
    name: "web search with citations",
    see: async ({ client }) => {
      const { content, usage } = await client.messages
        .stream({
          ...params,
          tools: [{ type: "web_search_20260318", name: "web_search", allowed_callers: ["direct"] }]
        })
        .finalMessage()
      const cited = content.flatMap((block) => (block.type === "text" ? (block.citations ?? []) : []))
      return [content.slice(0, 2).map((block) => block.type), cited.length, usage.server_tool_use?.web_search_requests]
    },
    expected: [["server_tool_use", "web_search_tool_result"], 2, 1]
  },
  {
    name: "structured output",
    see: async ({ client }) => {
      const message = await client.messages.create({
        ...params,
        output_config: { format: { type: "json_schema", schema } }
      })
      return typeof JSON.parse(textOf(message)).city
    },
    expected: "string"
  },
  {
    name: "thinking",
    see: ({ client }) =>
      shown(
        client.messages
          .stream({ ...params, max_tokens: 4000, thinking: { type: "enabled", budget_tokens: 1024 } })
          .finalMessage()
          .then(({ content, usage }) => [
            content.map(({ type }) => type),
            (usage.output_tokens_details?.thinking_tokens ?? 0) > 0
          ])
      ),
    expected: [["thinking", "text"], true]
  },
  {
    name: "refusal",
    see: async ({ claude, client }) => {
      claude.when({}).reply({ $refusal: "cyber" })
      const { stop_details, stop_reason } = await client.messages.create(params)
      return [stop_reason, stop_details?.category]
    },
    expected: ["refusal", "cyber"]
  },
  answered({
    name: "truncated by max_tokens",
    see: async ({ client }) => {
      const { stop_reason, usage } = await client.messages.create({ ...params, max_tokens: 8 })
      return [stop_reason, usage.output_tokens <= 8]
    },
    expected: ["max_tokens", true]
  }),
  {
    name: "prompt cache",
    see: cached,
    expected: [
      [true, false],
      [false, true]
    ]
  },
  {
    name: "limits: the third of two a minute",
    options: { limits: { rpm: 2 } },
    see: async (reached) => [typeof (await plain(reached)), typeof (await plain(reached)), await plain(reached)],
    expected: ["string", "string", "RateLimitError 429 rate_limit_error"]
  },
  answered({
    name: "usage: the same plain, streamed and counted",
    see: async ({ client }) => {
      const { usage } = await client.messages.create(params)
      const streamed = await client.messages.stream(params).finalMessage()
      const counted = await client.messages.countTokens({ model: params.model, messages: params.messages })
      return [
        usage.input_tokens === counted.input_tokens,
        usage.output_tokens === streamed.usage.output_tokens,
        usage.output_tokens > 10
      ]
    },
    expected: [true, true, true]
  })
]
