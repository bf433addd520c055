/** `GET /v1/models`, one model, and the pages that lists of the API come in. */
import * as ApiError from "../wire/ApiError.ts"
import type { Exchange } from "./Exchange.ts"
import type { Fields } from "../wire/Message.ts"
import * as Models from "../wire/Models.ts"
import * as Outgoing from "../wire/Outgoing.ts"

const defaultPage = 20
const largestPage = 1000

/** Cuts a list, newest first, into the page that the query asks for: `limit`, `after_id`, `before_id`. */
export const page = (items: ReadonlyArray<Fields & { readonly id: string }>, query: URLSearchParams): Fields => {
  const limit = Math.min(largestPage, Math.max(1, Number(query.get("limit") ?? defaultPage) || defaultPage))
  const after = items.findIndex((item) => item.id === query.get("after_id"))
  const before = items.findIndex((item) => item.id === query.get("before_id"))
  const within = before >= 0 ? items.slice(0, before) : items.slice(after + 1)
  const data = before >= 0 ? within.slice(-limit) : within.slice(0, limit)
  return {
    data,
    first_id: data[0]?.id ?? null,
    has_more: within.length > data.length,
    last_id: data.at(-1)?.id ?? null
  }
}

const has = (supported: boolean): Fields => ({ supported })

const info = (model: Models.Model, version: Exchange["version"]): Fields & { readonly id: string } => ({
  type: "model",
  id: model.id,
  display_name: model.name,
  created_at: model.createdAt,
  max_input_tokens: model.windowTokens,
  max_tokens: model.maxOutputTokens,
  capabilities: {
    batch: has(true),
    citations: has(true),
    code_execution: has(true),
    context_management: {
      supported: true,
      clear_tool_uses_20250919: has(true),
      clear_thinking_20251015: has(true),
      compact_20260112: has(!model.takesPrefill)
    },
    effort: {
      supported: model.efforts.length > 0,
      ...Object.fromEntries(
        ["low", "medium", "high", "xhigh", "max"].map((level) => [level, has(model.efforts.includes(level))])
      )
    },
    image_input: has(true),
    pdf_input: has(true),
    structured_outputs: has(true),
    thinking: { supported: true, types: { enabled: has(!model.reportsThinking), adaptive: has(!model.takesPrefill) } },
    ...(version === "2023-06-01"
      ? {}
      : { server_tools: { supported: true, code_execution: has(true), web_search: has(true) } })
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

/** Lists the models that can still be asked, newest first. */
export const list = (exchange: Exchange): Outgoing.Outgoing =>
  reply(
    exchange,
    page(
      Models.all.filter((model) => !model.retired).map((model) => info(model, exchange.version)),
      exchange.incoming.url.searchParams
    )
  )

/** Gives one model by id or alias. */
export const one = (exchange: Exchange, name: string): Outgoing.Outgoing => {
  const model = Models.find(name)
  return model === undefined
    ? exchange.reject(ApiError.notFound(`model: ${name}`))
    : reply(exchange, info(model, exchange.version))
}
