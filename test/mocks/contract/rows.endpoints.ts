/** Rows of the endpoints: messages, token counts and models. */
import { answered, final, params, paris, plain, raw, type Row, shown, textOf } from "./Row.ts"

export const endpoints: ReadonlyArray<Row> = [
  answered({ name: "plain reply", see: plain, expected: paris }),
  answered({ name: "stream, final message", see: final, expected: paris }),
  answered({ name: "stream, raw events", see: raw, expected: { deltas: 5, starts: 1, stopped: true } }),
  answered({
    name: "beta messages",
    see: ({ client }) => shown(client.beta.messages.create(params).then(textOf)),
    expected: paris
  }),
  answered({
    name: "withResponse",
    see: async ({ client }) => {
      const { data, request_id, response } = await client.messages.create(params).withResponse()
      return [textOf(data), request_id?.startsWith("req_"), response.headers.get("anthropic-ratelimit-requests-limit")]
    },
    expected: [paris, true, "20000"]
  }),
  {
    name: "count_tokens",
    see: ({ client }) => shown(client.messages.countTokens({ model: params.model, messages: params.messages })),
    expected: { input_tokens: 14 }
  },
  {
    name: "models, list and one",
    see: async ({ client }) => {
      const ids = []
      for await (const model of client.models.list({ limit: 5 })) ids.push(model.id)
      return [ids.length > 15, ids.includes("claude-haiku-5-5"), (await client.models.retrieve("claude-haiku-4-5")).id]
    },
    expected: [true, true, "claude-haiku-4-5-20251001"]
  },
  {
    name: "models, unknown",
    see: ({ client }) => shown(client.models.retrieve("gpt")),
    expected: "NotFoundError 404 not_found_error"
  }
]
