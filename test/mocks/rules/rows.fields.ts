/** Rows of the other top-level fields, and of betas. */
import { haiku, marked, opus, r, sonnet, text, user, type Row } from "./Row.ts"

export const fields: ReadonlyArray<Row> = [
  r(
    "a stop sequence of white space",
    { stop_sequences: ["a", " "] },
    "stop_sequences: each stop sequence must contain non-whitespace"
  ),
  r("a stop sequence alone", { stop_sequences: "END" }, "stop_sequences: Input should be a valid list"),
  r("stream as text", { stream: "yes" }, "stream: Input should be a valid boolean"),
  r("a fraction of tokens", { max_tokens: 1.5 }, "max_tokens: Input should be a valid integer"),
  r("fewer than no tokens", { max_tokens: -1 }, "max_tokens: Input should be greater than or equal to 0"),
  r(
    "an unknown effort",
    { output_config: { effort: "huge" } },
    "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'"
  ),
  r(
    "an unknown format",
    { output_config: { format: { type: "json_object" } } },
    "output_config.format.type: Input should be 'json_schema'"
  ),
  r(
    "an unknown field of output_config",
    { output_config: { schema: {} } },
    "output_config.schema: Extra inputs are not permitted"
  ),
  r("an unknown tier", { service_tier: "priority" }, "service_tier: Input should be 'auto' or 'standard_only'"),
  r("an unknown field of metadata", { metadata: { run: "1" } }, "metadata.run: Extra inputs are not permitted"),
  r(
    "an unknown life of the cache",
    { system: [marked("2h")] },
    "system.0.cache_control.ephemeral.ttl: Input should be '5m' or '1h'"
  ),
  r(
    "an unknown kind of cache",
    { messages: [user([text("x", { cache_control: { type: "forever" } })])] },
    "messages.0.content.0.text.cache_control: Input tag 'forever'"
  ),
  r(
    "a longer life after a shorter one",
    { system: [marked("5m")], messages: [user([marked("1h")])] },
    "messages.0.content.0.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m'"
  ),
  r("warming with a stream", { max_tokens: 0, stream: true }, "max_tokens: must be greater than or equal to 1"),
  ...["context_management", "mcp_servers", "fallbacks", "thread", "compaction", "fallback_credit_token"].map(
    (field) => {
      const values: Readonly<Record<string, unknown>> = {
        context_management: { edits: [] },
        mcp_servers: [],
        fallbacks: "default",
        thread: { type: "create" },
        compaction: { type: "summarize" },
        fallback_credit_token: "x"
      }
      return r(`${field} without its beta`, { [field]: values[field] }, `${field}: Extra inputs are not permitted`)
    }
  ),
  r("an unknown beta", {}, "Unexpected value(s) `banana-2026-01-01` for the `anthropic-beta` header.", {
    betas: "mcp-client-2025-11-20,banana-2026-01-01"
  }),
  r(
    "fallbacks of a model without any",
    { model: haiku, fallbacks: [{ model: sonnet }] },
    "fallbacks: 'claude-haiku-5-5' does not support",
    { betas: "server-side-fallback-2026-07-01" }
  ),
  r(
    "a fallback that is not allowed",
    { model: opus, fallbacks: [{ model: haiku }] },
    "fallbacks.0.model: 'claude-haiku-5-5' is not an allowed fallback",
    { betas: "server-side-fallback-2026-07-01" }
  ),
  r(
    "fallbacks with a credit token",
    { model: opus, fallbacks: "default", fallback_credit_token: "x" },
    "fallbacks: cannot be combined",
    { betas: "server-side-fallback-2026-07-01" }
  )
]
