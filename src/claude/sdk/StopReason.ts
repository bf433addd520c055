/** The stop reasons of other APIs, which gateways hand on as they are, in the words of the Messages API. */

/** By the word of the Messages API, those of others that `words` does not find. In lower case, words joined by `_`. */
const groups: Readonly<Record<string, ReadonlyArray<string>>> = {
  end_turn: ["stop", "complete", "completed", "eos", "eos_token"],
  max_tokens: ["incomplete"],
  model_context_window_exceeded: ["model_length", "context_length_exceeded"],
  tool_use: ["tool_call", "tool_calls", "function_call"],
  refusal: [
    "content_filter",
    "content_filtered",
    "guardrail_intervened",
    "safety",
    "prohibited_content",
    "blocklist",
    "recitation",
    "spii",
    "sensitive"
  ],
  error: ["abort", "aborted", "cancelled", "canceled", "insufficient_system_resource", "timeout"],
  pause_turn: [],
  stop_sequence: []
}

/** A `Map`, as a gateway may send the name of a property of every object. */
const reasons: ReadonlyMap<string, string> = new Map(
  Object.entries(groups).flatMap(([reason, others]) => [reason, ...others].map((name) => [name, reason] as const))
)

const inOneForm = (given: string): string =>
  given
    .trim()
    .toLowerCase()
    .replaceAll(/[-\s]+/g, "_")

/**
 * Words in reasons that are in no list, such as `length`, `max_output_tokens` or `MALFORMED_FUNCTION_CALL`: such an answer is cut or
 * failed, and must not pass for a whole one. The API's own reasons are in the lists.
 */
const words: ReadonlyArray<readonly [words: RegExp, reason: string]> = [
  [/(?:^|_)(?:max_?tokens?|max|maximum|limit|length|truncated)(?:_|$)/, "max_tokens"],
  [/(?:^|_)(?:error|exception|failure|fail|failed|malformed|interrupted)(?:_|$)/, "error"]
]

/** What serializers write where there is no reason. */
const isNone = (given: string): boolean => /^\s*(?:none|null|nil|undefined|finish_reason_unspecified)?\s*$/i.test(given)

/**
 * The API's word for a stop reason; the reason as it came where it is not known, `null` where it says that there is none. `error`:
 * the server could not end the answer.
 */
export const stopReasonOf = (given: string): string | null => {
  if (isNone(given)) return null
  const name = inOneForm(given)
  return reasons.get(name) ?? words.find(([found]) => found.test(name))?.[1] ?? given
}
