/** Rows of settings that depend on the model: thinking, sampling, and whether it is retired. */
import { enabled, fable, haiku, opus, r, sonnet, type Row } from "./Row.ts"

const adaptiveOnly = '"thinking.type.enabled" is not supported for this model.'

export const thinking: ReadonlyArray<Row> = [
  ...[sonnet, opus, fable, "claude-sonnet-5", "claude-opus-4-7", haiku].map((model) =>
    r(`thinking enabled on ${model}`, { model, max_tokens: 3000, thinking: enabled }, adaptiveOnly)
  ),
  ...["claude-haiku-4-5", "claude-sonnet-4-5", "claude-opus-4-5"].map((model) =>
    r(`adaptive thinking on ${model}`, { model, thinking: { type: "adaptive" } }, "adaptive thinking is not supported")
  ),
  ...[sonnet, opus, fable, "claude-fable-5"].map((model) =>
    r(
      `thinking disabled on ${model}`,
      { model, thinking: { type: "disabled" } },
      '"thinking.type.disabled" is not supported for this model.'
    )
  ),
  ...[haiku, opus, "claude-sonnet-5"].map((model) =>
    r(
      `thinking between_tools on ${model}`,
      { model, thinking: { type: "between_tools" } },
      '"thinking.type.between_tools" is not supported for this model.'
    )
  ),
  ...[
    [haiku, "disabled", "max"],
    ["claude-opus-5", "disabled", "xhigh"],
    [sonnet, "between_tools", "xhigh"]
  ].map(([model, type, effort]) =>
    r(
      `thinking ${type} at effort ${effort} on ${model}`,
      { model, thinking: { type }, output_config: { effort } },
      `output_config.effort '${effort}' is not supported when thinking is disabled`
    )
  ),
  r("an unknown type of thinking", { thinking: { type: "deep" } }, "thinking: Input tag 'deep' found using 'type'"),
  r(
    "a thinking budget below 1,024",
    { thinking: { type: "enabled", budget_tokens: 10 } },
    "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"
  ),
  r("thinking without its budget", { thinking: { type: "enabled" } }, "thinking.enabled.budget_tokens: Field required"),
  r(
    "an unknown display",
    { model: sonnet, thinking: { type: "adaptive", display: "all" } },
    "thinking.adaptive.display: Input should be"
  ),
  r(
    "display updates without its beta",
    { model: sonnet, thinking: { type: "adaptive", display: "updates" } },
    "thinking.adaptive.display: Input should be 'summarized' or 'omitted'"
  ),
  r(
    "block_binding without its beta",
    { model: sonnet, thinking: { type: "adaptive", block_binding: {} } },
    "thinking.adaptive.block_binding: Extra inputs are not permitted"
  )
]

export const sampling: ReadonlyArray<Row> = [
  ...["claude-sonnet-5", "claude-opus-4-7", haiku, fable].map((model) =>
    r(`temperature on ${model}`, { model, temperature: 0.2 }, "`temperature` is deprecated for this model.", {
      older: true
    })
  ),
  r("top_k on Opus 4.8", { model: "claude-opus-4-8", top_k: 5 }, "`top_k` is deprecated", { older: true }),
  r("a temperature above 1", { temperature: 3 }, "temperature: range: 0..1", { older: true }),
  r("top_p above 1", { top_p: 3 }, "top_p: range: 0..1", { older: true }),
  r("a textual temperature", { temperature: "hot" }, "temperature: Input should be a valid number", { older: true }),
  r(
    "temperature with thinking",
    { max_tokens: 3000, temperature: 0.5, thinking: enabled },
    "`temperature` may only be set to 1 when thinking is enabled",
    { older: true }
  ),
  r(
    "top_p with thinking",
    { max_tokens: 3000, top_p: 0.5, thinking: enabled },
    "`top_p` must be greater than or equal to 0.95",
    { older: true }
  ),
  r("top_k with thinking", { max_tokens: 3000, top_k: 5, thinking: enabled }, "`top_k` must be unset", { older: true })
]

export const models: ReadonlyArray<Row> = [
  "claude-3-opus-20240229",
  "claude-3-5-sonnet-latest",
  "claude-sonnet-4-0",
  "claude-opus-4-1",
  "claude-2.1"
].map((model) => r(`the retired model ${model}`, { model }, `model: ${model}`, { status: 404 }))
