/** Checks the turns of a request: their shape, the pairs of tool calls and results, and prefill. */
import * as Blocks from "./Blocks.ts"
import type { Model } from "../wire/Models.ts"
import { objectOf, objectsOf, type UncheckedJson } from "../wire/UncheckedJson.ts"

const blocksOf = (turn: UncheckedJson): ReadonlyArray<UncheckedJson> => objectsOf(turn["content"])

const maxTurns = 100_000

/** Blocks that stand in the turns of one role alone. */
const roleOfBlock: Readonly<Record<string, string>> = {
  tool_use: "assistant",
  thinking: "assistant",
  redacted_thinking: "assistant",
  server_tool_use: "assistant",
  tool_result: "user",
  image: "user",
  search_result: "user",
  container_upload: "user"
}

/** Gives what is wrong with a text; `place` is `messages` or `system`. */
export const textProblem = (text: unknown, isMarked: boolean, place: string, path: string): string | undefined => {
  if (text === "" && isMarked) return `${path}: cache_control cannot be set for empty text blocks`
  if (text === "") return `${place}: text content blocks must be non-empty`
  return typeof text === "string" && text.trim() === ""
    ? `${place}: text content blocks must contain non-whitespace text`
    : undefined
}

const blockProblem = (
  block: UncheckedJson,
  role: string,
  path: string,
  isNewer: boolean,
  blockCount: number
): string | undefined => {
  const type = String(block["type"])
  const owner = roleOfBlock[type]
  if (owner !== undefined && role !== owner && role !== "system") {
    return `${path}: \`${type}\` blocks can only be in \`${owner}\` messages`
  }
  if (isNewer && type === "document" && role === "assistant") {
    return `${path}: \`document\` blocks are not allowed in \`assistant\` messages`
  }
  if (isNewer && type === "text" && role === "user" && objectsOf(block["citations"]).length > 0) {
    return `${path}.text.citations: citations are not allowed on text blocks in \`user\` messages`
  }
  if (type !== "text") return undefined
  // A recorded request has a turn of the assistant with a blank text before its tool calls.
  if (role === "assistant" && blockCount > 1 && block["text"] !== "") return undefined
  const isMarked = objectOf(block["cache_control"]) !== undefined
  return textProblem(block["text"], isMarked, "messages", `${path}.text`)
}

const turnFields = new Set(["role", "content"])
const systemTurnFields = new Set([...turnFields, "clear_at", "output_config"])

/** Checks the shape of one turn. */
const shapeProblem = (turn: unknown, index: number, isLast: boolean, isNewer: boolean): string | undefined => {
  const message = objectOf(turn)
  if (message === undefined) return `messages.${index}: Input does not match the expected shape.`
  const { content, role } = message
  if (role === undefined) return `messages.${index}.role: Field required`
  if (role !== "user" && role !== "assistant" && role !== "system") {
    return `messages.${index}.role: Input should be 'user', 'assistant' or 'system'`
  }
  if (content === undefined) return role === "system" ? undefined : `messages.${index}.content: Field required`
  if (typeof content !== "string" && !Array.isArray(content)) {
    return `messages.${index}.content: Input should be a valid list`
  }
  const fields = role === "system" ? systemTurnFields : turnFields
  const extra = Object.keys(message).find((name) => !fields.has(name))
  if (extra !== undefined) return `messages.${index}.${extra}: Extra inputs are not permitted`
  if (content.length === 0) {
    if (role === "user") return `messages.${index}: user messages must have non-empty content`
    return role === "assistant" && !isLast
      ? `messages.${index}: all messages must have non-empty content except for the optional final assistant message`
      : undefined
  }
  if (typeof content === "string") return textProblem(content, false, "messages", "")
  for (const [place, block] of content.entries()) {
    const path = `messages.${index}.content.${place}`
    const found = Blocks.block(block, path) ?? blockProblem(block as UncheckedJson, role, path, isNewer, content.length)
    if (found !== undefined) return found
  }
  return undefined
}

/** A block with the indices of its turn and its place in it. */
interface Placed {
  readonly block: UncheckedJson
  readonly turn: number
  readonly place: number
}

/** Joins consecutive turns of one role, as the API does before it checks tool calls; blocks keep their indices. */
const joined = (turns: ReadonlyArray<UncheckedJson>): ReadonlyArray<{ role: string; blocks: Array<Placed> }> => {
  const list: Array<{ role: string; blocks: Array<Placed> }> = []
  for (const [index, turn] of turns.entries()) {
    // Turns of the role `system` stand between the others without parting them.
    if (turn["role"] === "system") continue
    const blocks = blocksOf(turn).map((block, place) => ({ block, turn: index, place }))
    const text = typeof turn["content"] === "string" ? [{ block: { type: "text" }, turn: index, place: 0 }] : []
    const last = list.at(-1)
    if (last !== undefined && last.role === turn["role"]) last.blocks.push(...text, ...blocks)
    else list.push({ role: String(turn["role"]), blocks: [...text, ...blocks] })
  }
  return list
}

const isOf =
  (type: string) =>
  ({ block }: Placed): boolean =>
    block["type"] === type

const unanswered = (turn: number, ids: ReadonlyArray<string>): string =>
  `messages.${turn}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${ids.join(", ")}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`

const idOf = ({ block }: Placed): string => String(block["id"])

/** Checks that the calls of one turn have their results at the beginning of the next one. */
const callsProblem = (blocks: ReadonlyArray<Placed>, next: ReadonlyArray<Placed>): string | undefined => {
  const calls = blocks.filter(isOf("tool_use"))
  if (calls.length === 0) return undefined
  const last = blocks.findLastIndex(isOf("tool_use"))
  // Text after a call separates it from its result.
  const isSeparated = blocks.slice(last + 1).some(isOf("text"))
  const answered = new Set<string>()
  for (const { block } of isSeparated ? [] : next) {
    if (block["type"] !== "tool_result") break
    answered.add(String(block["tool_use_id"]))
  }
  const open = calls.filter((call) => !answered.has(idOf(call)))
  return open.length === 0 ? undefined : unanswered(open[0]!.turn, open.map(idOf))
}

const resultsProblem = (
  blocks: ReadonlyArray<Placed>,
  before: ReadonlyArray<Placed> | undefined
): string | undefined => {
  const called = new Set((before ?? []).filter(isOf("tool_use")).map(idOf))
  const seen = new Set<string>()
  for (const { block, place, turn } of blocks.filter(isOf("tool_result"))) {
    const id = String(block["tool_use_id"])
    if (!called.has(id)) {
      return `messages.${turn}.content.${place}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`
    }
    if (seen.has(id)) {
      return `messages.${turn}.content.${place}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${id}`
    }
    seen.add(id)
  }
  return undefined
}

/** Checks the pairs of calls and results, and that no id occurs twice in a turn. Turns of plain text have neither. */
const pairingProblem = (turns: ReadonlyArray<UncheckedJson>): string | undefined => {
  if (turns.every((turn) => typeof turn["content"] === "string")) return undefined
  const list = joined(turns)
  for (const [index, { blocks, role }] of list.entries()) {
    const ids = new Set<string>()
    for (const call of role === "assistant" ? blocks.filter(isOf("tool_use")) : []) {
      if (ids.has(idOf(call))) {
        return `messages.${call.turn}.content.${call.place}: \`tool_use\` ids must be unique`
      }
      ids.add(idOf(call))
    }
    const next = list[index + 1]?.blocks
    const found =
      (role === "assistant" ? callsProblem(blocks, next ?? []) : undefined) ??
      (role === "user" ? resultsProblem(blocks, list[index - 1]?.blocks) : undefined)
    if (found !== undefined) return found
  }
  return undefined
}

/** A last turn of the assistant is prefill, unless it is a paused turn (with server tool calls) that is sent back to continue. */
const isPrefill = (last: UncheckedJson): boolean =>
  last["role"] === "assistant" &&
  !blocksOf(last).some((block) => /^(?:server_tool_use|mcp_tool_use|compaction)/.test(String(block["type"])))

const lastText = (turn: UncheckedJson): unknown =>
  typeof turn["content"] === "string" ? turn["content"] : blocksOf(turn).at(-1)?.["text"]

const systemTurnProblem = (turns: ReadonlyArray<UncheckedJson>, model: Model): string | undefined => {
  if (turns.every((turn) => turn["role"] !== "system")) return undefined
  if (turns[0]!["role"] === "system") {
    return "messages.0: use the top-level 'system' parameter for the initial system prompt"
  }
  return model.takesSystemTurns ? undefined : "role 'system' is not supported on this model"
}

const prefillProblem = (last: UncheckedJson, model: Model): string | undefined => {
  if (!isPrefill(last)) return undefined
  if (!model.takesPrefill) {
    return "This model does not support assistant message prefill. The conversation must end with a user message."
  }
  const text = lastText(last)
  return typeof text === "string" && text !== text.trimEnd()
    ? "messages: final assistant content cannot end with trailing whitespace"
    : undefined
}

/** Gives the message with which the API rejects the turns; undefined if it accepts them. `isNewer` is version 2026-10-21. */
export const problem = (messages: unknown, model: Model | undefined, isNewer: boolean): string | undefined => {
  if (messages === undefined) return "messages: Field required"
  if (!Array.isArray(messages)) return "messages: Input should be a valid list"
  if (messages.length === 0) return "messages: at least one message is required"
  if (messages.length > maxTurns) return `messages: List should have at most ${maxTurns} items`
  for (const [index, turn] of messages.entries()) {
    const found = shapeProblem(turn, index, index === messages.length - 1, isNewer)
    if (found !== undefined) return found
  }
  const turns = messages as ReadonlyArray<UncheckedJson>
  // In the recordings, Claude 2 and 3 accept tool calls without results.
  const unpaired = /^claude-[23]-(?!5|7)/.test(model?.id ?? "") ? undefined : pairingProblem(turns)
  if (unpaired !== undefined || model === undefined) return unpaired
  return systemTurnProblem(turns, model) ?? prefillProblem(turns.at(-1)!, model)
}
