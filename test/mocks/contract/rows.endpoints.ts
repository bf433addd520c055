/** Rows of the endpoints: messages, token counts, models and batches. */
import { answered, final, params, paris, plain, raw, type Row, shown, textOf } from "./Row.ts"
import type { Reached } from "./Transport.ts"

const batch = async ({ client }: Reached): Promise<unknown> => {
  const made = await client.messages.batches.create({
    requests: ["a", "b", "c"].map((id) => ({ custom_id: id, params: { ...params, max_tokens: id === "c" ? -1 : 50 } }))
  })
  let found = made
  while (found.processing_status !== "ended") found = await client.messages.batches.retrieve(made.id)
  const results = []
  for await (const { custom_id, result } of await client.messages.batches.results(made.id))
    results.push(`${custom_id} ${result.type}`)
  const listed = []
  for await (const one of client.messages.batches.list()) listed.push(one.id === made.id)
  return {
    first: made.processing_status,
    results: results.toSorted(),
    listed,
    deleted: (await client.messages.batches.delete(made.id)).type
  }
}

const canceled = async ({ client }: Reached): Promise<unknown> => {
  const made = await client.messages.batches.create({ requests: [{ custom_id: "a", params }] })
  const { processing_status } = await client.messages.batches.cancel(made.id)
  let found = made
  while (found.processing_status !== "ended") found = await client.messages.batches.retrieve(made.id)
  return [processing_status, found.request_counts.canceled]
}

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
  },
  {
    name: "batch, results in any order",
    options: { batches: { processingMillis: 30 } },
    see: batch,
    expected: {
      first: "in_progress",
      results: ["a succeeded", "b succeeded", "c errored"],
      listed: [true],
      deleted: "message_batch_deleted"
    }
  },
  {
    name: "batch, cancelled",
    options: { batches: { processingMillis: 2000 } },
    see: canceled,
    expected: ["canceling", 1]
  },
  {
    name: "batch, expired",
    options: { batches: { processingMillis: 2000, expiresMillis: 1 } },
    see: async ({ client }) => {
      const made = await client.messages.batches.create({ requests: [{ custom_id: "a", params }] })
      let found = made
      while (found.processing_status !== "ended") found = await client.messages.batches.retrieve(made.id)
      return found.request_counts.expired
    },
    expected: 1
  }
]
