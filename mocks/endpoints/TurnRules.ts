/** Checks the turns of a request: which conversations the API rejects, and with what message. */
import type { Model } from "../wire/Models.ts"
import { listOf, objectOf, objectsOf, type UncheckedJson } from "../wire/UncheckedJson.ts"

const blocksOf = (turn: UncheckedJson): ReadonlyArray<UncheckedJson> => objectsOf(turn["content"])

const idsOf = (turn: UncheckedJson | undefined, type: string, field: string): ReadonlyArray<string> =>
  turn === undefined
    ? []
    : blocksOf(turn)
        .filter((block) => block["type"] === type)
        .map((block) => String(block[field]))

/** Checks the shape of one turn. */
const shapeProblem = (turn: unknown, index: number): string | undefined => {
  const message = objectOf(turn)
  if (message === undefined) return `messages.${index}: Input does not match the expected shape.`
  const { content, role } = message
  if (role === undefined) return `messages.${index}.role: Field required`
  if (role !== "user" && role !== "assistant" && role !== "system") {
    return `messages.${index}.role: Input should be 'user', 'assistant' or 'system'`
  }
  if (content === undefined) return `messages.${index}.content: Field required`
  if (typeof content !== "string" && !Array.isArray(content)) {
    return `messages.${index}.content: Input should be a valid list`
  }
  if (role === "user" && content.length === 0) return `messages.${index}: user messages must have non-empty content`
  const empty = blocksOf(message).some((block) => block["type"] === "text" && block["text"] === "")
  if (empty) return `messages: text content blocks must be non-empty`
  const untyped = listOf(content).findIndex((block) => typeof objectOf(block)?.["type"] !== "string")
  return untyped < 0 ? undefined : `messages.${index}.content.${untyped}.type: Field required`
}

/** Joins consecutive turns of one role into one, as the API does before it checks tool calls. */
const joined = (turns: ReadonlyArray<UncheckedJson>): ReadonlyArray<UncheckedJson> => {
  const list: Array<UncheckedJson> = []
  for (const turn of turns) {
    const last = list.at(-1)
    if (last === undefined || last["role"] !== turn["role"]) list.push(turn)
    else list[list.length - 1] = { role: turn["role"], content: [...blocksOf(last), ...blocksOf(turn)] }
  }
  return list
}

/** Checks that each `tool_use` has its `tool_result` in the next turn, and each `tool_result` its `tool_use` in the turn before. */
const pairingProblem = (turns: ReadonlyArray<UncheckedJson>): string | undefined => {
  for (const [index, turn] of turns.entries()) {
    const next = turns[index + 1]
    const called = turn["role"] === "assistant" ? idsOf(turn, "tool_use", "id") : []
    const answered = new Set(idsOf(next, "tool_result", "tool_use_id"))
    const open = called.filter((id) => !answered.has(id))
    if (next !== undefined && open.length > 0) {
      return `messages.${index + 1}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${open.join(", ")}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`
    }
    const before = new Set(idsOf(turns[index - 1], "tool_use", "id"))
    const stray =
      turn["role"] === "user" ? idsOf(turn, "tool_result", "tool_use_id").filter((id) => !before.has(id)) : []
    if (stray.length > 0) {
      return `messages.${index}.content.0: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${stray.join(", ")}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`
    }
  }
  return undefined
}

/** A last turn of the assistant is prefill, unless it is a paused turn (with server tool calls) that is sent back to continue. */
const isPrefill = (last: UncheckedJson): boolean =>
  last["role"] === "assistant" && !blocksOf(last).some((block) => String(block["type"]).startsWith("server_tool_use"))

/** Gives the message with which the API rejects the turns; undefined if it accepts them. */
export const problem = (messages: unknown, model: Model | undefined): string | undefined => {
  if (messages === undefined) return "messages: Field required"
  if (!Array.isArray(messages)) return "messages: Input should be a valid list"
  if (messages.length === 0) return "messages: at least one message is required"
  for (const [index, turn] of messages.entries()) {
    const found = shapeProblem(turn, index)
    if (found !== undefined) return found
  }
  const turns = messages as ReadonlyArray<UncheckedJson>
  // In the recordings, Claude 2 and 3 accept tool calls without results.
  const unpaired = /^claude-[23]-(?!5|7)/.test(model?.id ?? "") ? undefined : pairingProblem(joined(turns))
  if (unpaired !== undefined) return unpaired
  if (model?.takesPrefill === false && isPrefill(turns.at(-1)!)) {
    return "This model does not support assistant message prefill. The conversation must end with a user message."
  }
  return undefined
}
