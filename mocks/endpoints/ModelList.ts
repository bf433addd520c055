/** `GET /v1/models` and `GET /v1/models/ID`, and the pagination of lists. */
import * as ApiError from "../wire/ApiError.ts"
import type { Exchange } from "./Exchange.ts"
import type { Fields } from "../wire/Message.ts"
import * as Models from "../wire/Models.ts"
import * as Outgoing from "../wire/Outgoing.ts"

const defaultPageSize = 20
const maxPageSize = 1000

/** Gives the page of a list that the query selects with `limit`, `after_id` and `before_id`; items are newest first. */
export const page = (items: ReadonlyArray<Fields & { readonly id: string }>, query: URLSearchParams): Fields => {
  const limit = Math.min(maxPageSize, Math.max(1, Number(query.get("limit") ?? defaultPageSize) || defaultPageSize))
  const after = items.findIndex((item) => item.id === query.get("after_id"))
  const before = items.findIndex((item) => item.id === query.get("before_id"))
  const range = before >= 0 ? items.slice(0, before) : items.slice(after + 1)
  const data = before >= 0 ? range.slice(-limit) : range.slice(0, limit)
  return {
    data,
    first_id: data[0]?.id ?? null,
    has_more: range.length > data.length,
    last_id: data.at(-1)?.id ?? null
  }
}

const support = (supported: boolean): Fields => ({ supported })

const modelInfo = (model: Models.Model, version: Exchange["version"]): Fields & { readonly id: string } => ({
  type: "model",
  id: model.id,
  display_name: model.name,
  created_at: model.createdAt,
  max_input_tokens: model.windowTokens,
  max_tokens: model.maxOutputTokens,
  capabilities: {
    batch: support(true),
    citations: support(true),
    code_execution: support(true),
    context_management: {
      supported: true,
      clear_tool_uses_20250919: support(true),
      clear_thinking_20251015: support(true),
      compact_20260112: support(!model.takesPrefill)
    },
    effort: {
      supported: model.efforts.length > 0,
      ...Object.fromEntries(
        ["low", "medium", "high", "xhigh", "max"].map((level) => [level, support(model.efforts.includes(level))])
      )
    },
    image_input: support(true),
    pdf_input: support(true),
    structured_outputs: support(true),
    thinking: {
      supported: true,
      types: {
        enabled: support(model.thinking.types.includes("enabled")),
        adaptive: support(model.thinking.types.includes("adaptive"))
      }
    },
    ...(version === "2023-06-01"
      ? {}
      : { server_tools: { supported: true, code_execution: support(true), web_search: support(true) } })
  },
  ...(version === "2023-06-01"
    ? {}
    : {
        deprecated_at: null,
        lifecycle: "active",
        line: /haiku|sonnet|opus|fable|mythos/.exec(model.id)?.[0] ?? null,
        retires_at: null
      })
})

const reply = (exchange: Exchange, body: Fields): Outgoing.Outgoing => {
  const millis = exchange.times(0).firstTokenMillis * 0.2
  return Outgoing.json(200, exchange.headersAfter(millis), body, exchange.at(millis))
}

/** Lists the models that are not retired, newest first. */
export const list = (exchange: Exchange): Outgoing.Outgoing =>
  reply(
    exchange,
    page(
      Models.all.filter((model) => !model.retired).map((model) => modelInfo(model, exchange.version)),
      exchange.incoming.url.searchParams
    )
  )

/** Answers with a page that has no items. */
export const empty = (exchange: Exchange): Outgoing.Outgoing => reply(exchange, page([], new URLSearchParams()))

/** Gives one model by id or alias; 404 if there is none. */
export const one = (exchange: Exchange, name: string): Outgoing.Outgoing => {
  const model = Models.find(name)
  return model === undefined || model.retired
    ? exchange.reject(ApiError.notFound(`model: ${name}`))
    : reply(exchange, modelInfo(model, exchange.version))
}
