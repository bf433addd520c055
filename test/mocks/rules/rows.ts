/** Requests that the API rejects by a documented rule, and others that it accepts although they look alike. */
import {
  assistant,
  call,
  enabled,
  haiku,
  many,
  opus,
  result,
  schemaOf,
  sonnet,
  text,
  tools,
  user,
  type Row
} from "./Row.ts"
import { fields } from "./rows.fields.ts"
import { models, sampling, thinking } from "./rows.models.ts"
import { schemas, toolRows } from "./rows.tools.ts"
import { blocks, turns } from "./rows.turns.ts"

export const rejected: ReadonlyArray<Row> = [
  ...thinking,
  ...sampling,
  ...toolRows,
  ...blocks,
  ...turns,
  ...fields,
  ...schemas,
  ...models
]

const ok = (name: string, body: object, more: Partial<Row> = {}): Row => ({
  name,
  body,
  status: 200,
  says: "",
  ...more
})

export const accepted: ReadonlyArray<Row> = [
  ok("thinking disabled on Haiku 5.5", { model: haiku, thinking: { type: "disabled" } }),
  ok("thinking between tools on Sonnet 5.5", { model: sonnet, thinking: { type: "between_tools" } }),
  ok("thinking disabled at effort max on Opus 4.8", {
    model: "claude-opus-4-8",
    thinking: { type: "disabled" },
    output_config: { effort: "max" }
  }),
  ok("both kinds of thinking on Sonnet 4.6", { model: "claude-sonnet-4-6", max_tokens: 3000, thinking: enabled }),
  ok("the default temperature on Sonnet 5", { model: "claude-sonnet-5", temperature: 1 }, { older: true }),
  ok("a forced tool on Haiku 5.5", { model: haiku, tools, tool_choice: { type: "any" } }),
  ok("a forced tool with adaptive thinking", {
    model: "claude-sonnet-5",
    tools,
    tool_choice: { type: "any" },
    thinking: { type: "adaptive" }
  }),
  ok("no tools and the choice of none", { tool_choice: { type: "none" } }),
  ok("a system turn after a question on Opus 5.5", {
    model: opus,
    messages: [user("x"), { role: "system", content: "y" }]
  }),
  ok("turns of one role after another", { messages: [user("x"), user("y")] }),
  ok("a call and its result in turns that are joined", {
    tools,
    messages: [
      user("x"),
      assistant([call]),
      assistant([{ ...call, id: "t2" }]),
      user([result]),
      user([{ ...result, tool_use_id: "t2" }, text("go on")])
    ]
  }),
  ok("an empty system prompt", { system: "" }),
  ok("24 optional properties", schemaOf(many(24, { type: "string" }))),
  ok(
    "default fallbacks of a model without any",
    { model: haiku, fallbacks: "default" },
    { betas: "server-side-fallback-2026-07-01" }
  ),
  ok("an empty cache control", { cache_control: null }),
  ok("web search", { model: sonnet, tools: [{ type: "web_search_20260318", name: "web_search", max_uses: 2 }] }),
  ok("web search that only the model calls", {
    tools: [{ type: "web_search_20260318", name: "web_search", allowed_callers: ["direct"] }]
  }),
  ok("only the cache is filled", { max_tokens: 0 })
]
