/** What tools that run on the API's side add to a message: counts, a container, and the iterations of usage. */
import type { Block, ServerToolTraces } from "../wire/Completion.ts"
import type { SeededRandom } from "../time/SeededRandom.ts"
import { toolsOf, type Prompt } from "./Prompt.ts"
import { objectOf, objectsOf } from "../wire/UncheckedJson.ts"

const isOfServerTool = (block: Block): boolean =>
  block.type === "server_tool_use" ||
  block.type === "mcp_tool_use" ||
  (block.type !== "tool_result" && block.type.endsWith("_tool_result"))

const hasTool = (prompt: Prompt, prefix: string): boolean =>
  toolsOf(prompt.body).some((tool) => String(tool["type"]).startsWith(prefix))

/** Derives the traces from the answer's blocks, the request and its `anthropic-beta` header. */
export const of = (
  content: ReadonlyArray<Block>,
  prompt: Prompt,
  betas: string,
  random: SeededRandom
): ServerToolTraces => {
  const countOf = (name: string): number =>
    content.filter((block) => block.type === "server_tool_use" && block["name"] === name).length
  const management = objectOf(prompt.body["context_management"])
  const isManaged = management !== undefined || betas.includes("context-management") || hasTool(prompt, "memory_")
  const compacts = objectsOf(management?.["edits"]).some((edit) => String(edit["type"]).startsWith("compact_"))
  const isExecuted =
    content.some((block) => block.type.includes("code_execution_tool_result")) ||
    (prompt.body["container"] ?? undefined) !== undefined
  const advisor = toolsOf(prompt.body).find((tool) => String(tool["type"]).startsWith("advisor_"))
  const advisorIterations = content
    .filter((block) => block.type === "advisor_tool_result")
    .flatMap(() => [String(advisor?.["model"]), null])
  return {
    ...(content.some(isOfServerTool)
      ? { toolUse: { web_search_requests: countOf("web_search"), web_fetch_requests: countOf("web_fetch") } }
      : {}),
    ...(isExecuted
      ? {
          container: { id: `container_01${random.letters("container", 22)}`, expires_at: "2026-11-22T13:00:00.000000Z" }
        }
      : {}),
    iterations: compacts || advisor !== undefined ? [null, ...advisorIterations] : [],
    betaFields: isManaged ? { context_management: { applied_edits: [] } } : {}
  }
}
