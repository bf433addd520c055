/** What tools that run on the API's side add to a message: counts, a container, and the iterations of usage. */
import type { Block, Iteration, ServerToolTraces } from "../wire/Completion.ts"
import type { SeededRandom } from "../time/SeededRandom.ts"
import { toolsOf, type Prompt } from "./Prompt.ts"
import * as Tokens from "../wire/Tokens.ts"
import { objectOf, objectsOf } from "../wire/UncheckedJson.ts"

const isOfServerTool = (block: Block): boolean =>
  block.type === "server_tool_use" || block.type === "mcp_tool_use" || isResult(block)

const isResult = ({ type }: Block): boolean => type !== "tool_result" && type.endsWith("_tool_result")

/**
 * After each result the model reads the request once more, and with it the blocks up to there, as usage of recorded messages shows:
 * how often, and the tokens of the blocks.
 */
export const laterReads = (content: ReadonlyArray<Block>): { readonly count: number; readonly tokens: number } => {
  let [count, before, tokens] = [0, 0, 0]
  for (const block of content) {
    before += Tokens.ofContent(block)
    if (!isResult(block)) continue
    count++
    tokens += before
  }
  return { count, tokens }
}

const hasTool = (prompt: Prompt, prefix: string): boolean =>
  toolsOf(prompt.body).some((tool) => String(tool["type"]).startsWith(prefix))

/** The container that the request names, to be used again. */
const containerId = (prompt: Prompt): string | undefined => {
  const given = prompt.body["container"]
  const id = typeof given === "string" ? given : objectOf(given)?.["id"]
  return typeof id === "string" ? id : undefined
}

/** Fields of a request of which a trace may come. */
const sources = ["tools", "container", "context_management"]

/** A request without tools, answered with text and thinking alone, leaves none: it is spared the search for each of them. */
const leavesNone = (content: ReadonlyArray<Block>, { body }: Prompt, betas: string): boolean =>
  betas === "" &&
  sources.every((name) => body[name] === undefined) &&
  content.every(({ type }) => type === "text" || type === "thinking")

/** Derives the traces from the answer's blocks, the request and its `anthropic-beta` header. */
export const of = (
  content: ReadonlyArray<Block>,
  prompt: Prompt,
  betas: string,
  random: SeededRandom
): ServerToolTraces => {
  if (leavesNone(content, prompt, betas)) return { iterations: [], betaFields: {} }
  const countOf = (name: string): number =>
    content.filter((block) => block.type === "server_tool_use" && block["name"] === name).length
  const management = objectOf(prompt.body["context_management"])
  const isManaged = management !== undefined || betas.includes("context-management") || hasTool(prompt, "memory_")
  const compacts = objectsOf(management?.["edits"]).some((edit) => String(edit["type"]).startsWith("compact_"))
  const isExecuted =
    content.some((block) => block.type.includes("code_execution_tool_result")) ||
    (prompt.body["container"] ?? undefined) !== undefined
  const advisor = toolsOf(prompt.body).find((tool) => String(tool["type"]).startsWith("advisor_"))
  const message: Iteration = { type: "message" }
  const advisorIterations = content
    .filter((block) => block.type === "advisor_tool_result")
    .flatMap((): ReadonlyArray<Iteration> => [{ type: "advisor_message", model: String(advisor?.["model"]) }, message])
  const fallbacks = content.filter((block) => block.type === "fallback")
  const fallbackIterations = fallbacks.map((block, index): Iteration => ({
    type: "fallback_message",
    model: String(objectOf(block["to"])?.["model"]),
    declined: index < fallbacks.length - 1
  }))
  const isCompacted = content.some((block) => block.type === "compaction" && block["signature"] !== undefined)
  return {
    ...(content.some(isOfServerTool)
      ? { toolUse: { web_search_requests: countOf("web_search"), web_fetch_requests: countOf("web_fetch") } }
      : {}),
    ...(isExecuted
      ? {
          container: {
            id: containerId(prompt) ?? `container_01${random.letters("container", 22)}`,
            expires_at: "2026-11-22T13:00:00.000000Z"
          }
        }
      : {}),
    iterations:
      fallbackIterations.length > 0
        ? [{ ...message, model: prompt.model, declined: true }, ...fallbackIterations]
        : isCompacted
          ? [{ type: "compaction" }, ...(content.length > 1 ? [message] : [])]
          : compacts || advisor !== undefined
            ? [message, ...advisorIterations]
            : [],
    betaFields: isManaged ? { context_management: { applied_edits: [] } } : {}
  }
}
