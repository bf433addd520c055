/** What a client may meet, row by row: how to bring it about, and what the SDK should show of it. */
import type Anthropic from "@anthropic-ai/sdk"
import { fault, latency } from "fanfold/mocks"
import type { Options } from "fanfold/mocks/msw"
import type { Reached } from "./Transport.ts"

/** `see` gives what the SDK showed, as plain data; it must be `expected` over every transport. */
export interface Row {
  readonly name: string
  readonly options?: Options
  readonly see: (reached: Reached) => Promise<unknown>
  readonly expected: unknown
}

type Params = Anthropic.MessageCreateParamsNonStreaming

const params: Params = {
  model: "claude-haiku-4-5",
  max_tokens: 500,
  messages: [{ role: "user", content: "What is the capital of France?" }]
}

const errorOf = (error: unknown): string => {
  const { constructor, status, type } = error as {
    constructor: { name: string }
    status?: number
    type?: string | null
  }
  return [constructor.name, ...(status === undefined ? [] : [status]), ...(type == null ? [] : [type])].join(" ")
}

const shown = (promise: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(promise).then((value) => value, errorOf)

const textOf = (message: { readonly content: ReadonlyArray<{ readonly type: string }> }): string =>
  message.content
    .map((block) => (block.type === "text" ? (block as { text?: string }).text : `[${block.type}]`))
    .join("")

const plain = ({ client }: Reached, more: Partial<Params> = {}): Promise<unknown> =>
  shown(client.messages.create({ ...params, ...more }).then(textOf))

/** Counts the events of a raw stream, and says how it ended. */
const raw = async (
  { client }: Reached,
  more: Partial<Params> = {},
  onEvent?: (count: number) => void
): Promise<unknown> => {
  const events: Record<string, number> = {}
  try {
    const stream = await client.messages.create({ ...params, ...more, stream: true })
    let count = 0
    for await (const event of stream) {
      events[event.type] = (events[event.type] ?? 0) + 1
      onEvent?.(++count)
    }
    return {
      deltas: events["content_block_delta"] ?? 0,
      starts: events["message_start"] ?? 0,
      stopped: "message_stop" in events
    }
  } catch (error) {
    return { deltas: events["content_block_delta"] ?? 0, error: errorOf(error) }
  }
}

const final = ({ client }: Reached, more: Partial<Params> = {}): Promise<unknown> =>
  shown(
    client.messages
      .stream({ ...params, ...more })
      .finalMessage()
      .then(textOf)
  )

const paris = "Paris is the capital of France, and has been so for centuries."

/** A row that lays down one fault and looks with `see`. */
const faulty = (name: string, laid: fault.Fault, expected: unknown, see: Row["see"] = plain): Row => ({
  name,
  expected,
  see: (reached) => {
    reached.claude.when({}).reply(paris)
    reached.claude.fault(laid)
    return see(reached)
  }
})

const afterAbort = async ({ client }: Reached, millis: number, stream: boolean): Promise<unknown> => {
  const control = new AbortController()
  setTimeout(() => control.abort(), millis)
  if (!stream) return shown(client.messages.create(params, { signal: control.signal }))
  const events = await client.messages.create({ ...params, stream: true }, { signal: control.signal })
  let last = ""
  try {
    for await (const event of events) last = event.type
  } catch (error) {
    return errorOf(error)
  }
  return last === "message_stop" ? "whole" : "ended silently"
}

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

const answered = (row: Omit<Row, "see"> & { readonly see: Row["see"] }): Row => ({
  ...row,
  see: (reached) => {
    reached.claude.when({ user: /capital/ }).reply(paris)
    return row.see(reached)
  }
})

/** Every row of the contract. */
export const rows: ReadonlyArray<Row> = [
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
  },
  {
    name: "tool call",
    see: (reached) => plain(reached, { tools: [weather], tool_choice: { type: "any" } }),
    expected: "[tool_use]"
  },
  {
    name: "web search with citations",
    see: async ({ client }) => {
      const { content, usage } = await client.messages
        .stream({ ...params, tools: [{ type: "web_search_20260318", name: "web_search" }] })
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
  faulty("429 with retry-after", fault.rateLimit({ retryAfter: 2 }), ["RateLimitError", "2", "true"], ({ client }) =>
    shown(
      client.messages
        .create(params)
        .catch(({ constructor, headers }) => [
          constructor.name,
          headers.get("retry-after"),
          headers.get("x-should-retry")
        ])
    )
  ),
  faulty("429 spend limit", fault.spendLimit(), ["enforced_spend_limit_reached", null], ({ client }) =>
    shown(
      client.messages
        .create(params)
        .catch(({ error, headers }) => [error.error.details.error_code, headers.get("retry-after")])
    )
  ),
  faulty("529", fault.overloaded(), "OverloadedError 529 overloaded_error"),
  faulty("500", fault.serverError(), "InternalServerError 500 api_error"),
  faulty("503", fault.unavailable(), "ServiceUnavailableError 503 api_error"),
  faulty("504", fault.timeout(), "GatewayTimeoutError 504 timeout_error"),
  faulty("402", fault.billing(), "PaymentRequiredError 402 billing_error"),
  faulty("403", fault.forbidden(), "PermissionDeniedError 403 permission_error"),
  faulty("413 from the edge", fault.tooLarge(), "ContentTooLargeError 413 request_too_large"),
  {
    name: "400 missing max_tokens",
    see: (reached) => plain(reached, { max_tokens: undefined as never }),
    expected: "BadRequestError 400 invalid_request_error"
  },
  {
    name: "400 sampling",
    see: (reached) => plain(reached, { temperature: 1 } as never),
    expected: "BadRequestError 400 invalid_request_error"
  },
  {
    name: "401 wrong key",
    see: ({ client }) => shown(client.withOptions({ apiKey: "invalid" }).messages.create(params)),
    expected: "AuthenticationError 401 authentication_error"
  },
  {
    name: "404 unknown model",
    see: (reached) => plain(reached, { model: "gpt" }),
    expected: "NotFoundError 404 not_found_error"
  },
  faulty("connection refused", fault.refuse(), "APIConnectionError"),
  faulty("reset before headers", fault.reset(), "APIConnectionError"),
  faulty("plain body cut by a reset", fault.cut(), "TypeError"),
  faulty("stream cut by a reset", fault.cut({ afterDeltas: 2 }), { deltas: 2, error: "TypeError" }, raw),
  faulty(
    "stream that ends early",
    fault.cut({ afterDeltas: 2, how: "end" }),
    { deltas: 2, starts: 1, stopped: false },
    raw
  ),
  faulty("stream that ends early, final message", fault.cut({ how: "end" }), "AnthropicError", final),
  faulty(
    "error event in a stream",
    fault.errorEvent({ afterDeltas: 1 }),
    { deltas: 1, error: "APIError overloaded_error" },
    raw
  ),
  faulty("hang, client's timeout", fault.hang(), "APIConnectionTimeoutError", ({ client }) =>
    shown(client.messages.create(params, { timeout: 100 }))
  ),
  faulty("hang, client's abort", fault.hang(), "APIUserAbortError", (reached) => afterAbort(reached, 80, false)),
  faulty("stall in a stream, client's abort", fault.stall(), "ended silently", (reached) =>
    afterAbort(reached, 150, true)
  ),
  faulty("stall that passes", fault.stall({ millis: 60 }), paris, final),
  faulty("slow drip", fault.drip({ everyMillis: 5 }), paris, final),
  faulty("HTML with a 200", fault.html(), "string", ({ client }) =>
    client.messages.create(params).then((value) => typeof value)
  ),
  faulty("broken JSON with a 200", fault.brokenJson(), "SyntaxError"),
  faulty("content-length too large", fault.contentLength(), "TypeError"),
  faulty("message_start twice", fault.duplicateStart(), { deltas: 5, starts: 2, stopped: true }, raw),
  faulty("event of unknown type", fault.unknownEvent(), { deltas: 5, starts: 1, stopped: true }, raw),
  {
    name: "abort while waiting",
    options: { latency: latency.fixed(5000) },
    see: (reached) => afterAbort(reached, 80, false),
    expected: "APIUserAbortError"
  },
  {
    name: "abort while streaming",
    options: { latency: latency.fixed(5000, { firstTokenMillis: 10 }) },
    see: (reached) => afterAbort(reached, 200, true),
    expected: "ended silently"
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
