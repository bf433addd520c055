/** What tools that run on the API's side leave in a message: counts, a container, the steps of an advised answer. */
import type { Block, ServerToolTraces } from "../wire/Completion.ts"
import type { SeededRandom } from "../time/SeededRandom.ts"
import { toolsOf, type Prompt } from "./Prompt.ts"
import { objectOf, objectsOf } from "../wire/UncheckedJson.ts"

const ranOnServer = (block: Block): boolean =>
  block.type === "server_tool_use" ||
  block.type === "mcp_tool_use" ||
  (block.type !== "tool_result" && block.type.endsWith("_tool_result"))

const uses = (prompt: Prompt, prefix: string): boolean =>
  toolsOf(prompt.body).some((tool) => String(tool["type"]).startsWith(prefix))

/** Reads the traces off the answer's blocks, the request and its `anthropic-beta` header. */
export const of = (
  content: ReadonlyArray<Block>,
  prompt: Prompt,
  betas: string,
  random: SeededRandom
): ServerToolTraces => {
  const called = (name: string): number =>
    content.filter((block) => block.type === "server_tool_use" && block["name"] === name).length
  const management = objectOf(prompt.body["context_management"])
  const managed = management !== undefined || betas.includes("context-management") || uses(prompt, "memory_")
  const compacts = objectsOf(management?.["edits"]).some((edit) => String(edit["type"]).startsWith("compact_"))
  const executed =
    content.some((block) => block.type.includes("code_execution_tool_result")) ||
    (prompt.body["container"] ?? undefined) !== undefined
  const advisor = toolsOf(prompt.body).find((tool) => String(tool["type"]).startsWith("advisor_"))
  const advices = content
    .filter((block) => block.type === "advisor_tool_result")
    .flatMap(() => [String(advisor?.["model"]), null])
  return {
    ...(content.some(ranOnServer)
      ? { serverTools: { web_search_requests: called("web_search"), web_fetch_requests: called("web_fetch") } }
      : {}),
    ...(executed
      ? {
          container: { id: `container_01${random.letters("container", 22)}`, expires_at: "2026-11-22T13:00:00.000000Z" }
        }
      : {}),
    steps: compacts || advisor !== undefined ? [null, ...advices] : [],
    extra: managed ? { context_management: { applied_edits: [] } } : {}
  }
}
