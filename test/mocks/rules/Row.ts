/** One row of the tables of requests that the API rejects or accepts, and what such requests are made of. */

/** A body over that of `ask.ts`, and what the API says; `betas` is the `anthropic-beta` header, `older` version 2023-06-01. */
export interface Row {
  readonly name: string
  readonly body: object
  readonly status: number
  readonly says: string
  readonly betas?: string
  readonly older?: boolean
}

export const user = (content: unknown): { readonly role: string; readonly content: unknown } => ({
  role: "user",
  content
})
export const assistant = (content: unknown): { readonly role: string; readonly content: unknown } => ({
  role: "assistant",
  content
})
export const text = (words: string, more: object = {}): object => ({ type: "text", text: words, ...more })
export const tool = {
  name: "f",
  description: "d",
  input_schema: { type: "object", properties: { q: { type: "string" } }, required: ["q"] }
}
export const tools = [tool]
export const call = { type: "tool_use", id: "t1", name: "f", input: {} }
export const result = { type: "tool_result", tool_use_id: "t1", content: "ok" }
export const schemaOf = (properties: object, more: object = {}): object => ({
  output_config: {
    format: { type: "json_schema", schema: { type: "object", additionalProperties: false, properties, ...more } }
  }
})
export const many = (count: number, property: object): object =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, property]))
export const marked = (ttl: string): object => text("x", { cache_control: { type: "ephemeral", ttl } })
export const image = (source: object): object => ({ messages: [user([{ type: "image", source }])] })

export const haiku = "claude-haiku-5-5"
export const sonnet = "claude-sonnet-5-5"
export const opus = "claude-opus-5-5"
export const fable = "claude-fable-5-1"
export const enabled = { type: "enabled", budget_tokens: 1024 }

export const r = (name: string, body: object, says: string, more: Partial<Row> = {}): Row => ({
  name,
  body,
  status: 400,
  says,
  ...more
})
