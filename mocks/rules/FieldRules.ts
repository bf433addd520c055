/** The top-level fields of a Messages body, and of `count_tokens`. Source: the types of the SDK 1.12. */
import * as Betas from "./Betas.ts"
import { cacheControl, systemBlock } from "./Blocks.ts"
import {
  anything,
  boolean,
  dictionary,
  integer,
  list,
  literal,
  number,
  object,
  open,
  type Shape,
  string,
  stringOr,
  tagged,
  text
} from "./Shape.ts"
import type { UncheckedJson } from "../wire/UncheckedJson.ts"

const display = literal("summarized", "omitted", "updates")
const binding = object({ "prefix_mismatch_behavior?": literal("error", "drop_block") })
const thinking = tagged({
  enabled: object({ type: string, budget_tokens: integer(1024), "display?": display, "block_binding?": binding }),
  adaptive: object({ type: string, "display?": display, "block_binding?": binding }),
  disabled: object({ type: string }),
  between_tools: object({ type: string })
})

const format = object({ type: literal("json_schema"), schema: dictionary })
const outputConfig = object({
  "effort?": literal("low", "medium", "high", "xhigh", "max"),
  "format?": format,
  "task_budget?": open({ type: literal("tokens"), total: integer(1) })
})

const edit = tagged({
  clear_tool_uses_20250919: open({}),
  clear_thinking_20251015: open({}),
  compact_20260112: open({ "pause_after_compaction?": boolean, "instructions?": string })
})

const fallbacks: Shape = (value, path) =>
  typeof value === "string"
    ? literal("default")(value, path)
    : list(open({ model: string, "max_tokens?": integer(1) }))(value, path)

/** A number between two bounds, in the API's words. */
const range =
  (from: number, to: number): Shape =>
  (value, path) =>
    number(value, path) ??
    ((value as number) < from || (value as number) > to ? `${path}: range: ${from}..${to}` : undefined)

const shared = {
  model: string,
  messages: anything,
  "cache_control?": cacheControl,
  "context_management?": object({ "edits?": list(edit) }),
  "mcp_servers?": list(open({ type: literal("url"), url: string, name: string })),
  "output_config?": outputConfig,
  "output_format?": format,
  "speed?": literal("standard", "fast"),
  "system?": stringOr(list(systemBlock)),
  "thinking?": thinking,
  "tool_choice?": anything,
  "tools?": anything,
  "billing_policy?": anything,
  "compaction?": object({ type: literal("summarize"), "instructions?": string }),
  "user_profile_id?": string,
  "workspace_id?": string
}

const counted = object(shared)
const body = object({
  ...shared,
  max_tokens: integer(0),
  "container?": stringOr(open({ "id?": string, "skills?": list(dictionary) })),
  "diagnostics?": object({ "previous_message_id?": string }),
  "fallback_credit_token?": stringOr(open({ token: string })),
  "fallbacks?": fallbacks,
  "inference_geo?": string,
  "metadata?": object({ "user_id?": text(512) }),
  "service_tier?": literal("auto", "standard_only"),
  "stop_sequences?": list(string),
  "stream?": boolean,
  "temperature?": range(0, 1),
  "thread?": tagged({
    create: object({ type: string }),
    continue: object({ type: string, previous_message_id: string })
  }),
  "top_k?": integer(0),
  "top_p?": range(0, 1)
})

const stopProblem = (sequences: unknown): string | undefined =>
  Array.isArray(sequences) && sequences.some((one) => typeof one === "string" && one.trim() === "")
    ? "stop_sequences: each stop sequence must contain non-whitespace"
    : undefined

/** Gives the message for the first field that is missing, unknown, or of the wrong type. */
export const problem = (
  request: UncheckedJson,
  betas: ReadonlyArray<string> | undefined,
  isCounting: boolean
): string | undefined =>
  (isCounting ? counted : body)(request, "") ??
  (betas === undefined ? undefined : Betas.fieldProblem(request, betas)) ??
  stopProblem(request["stop_sequences"])
