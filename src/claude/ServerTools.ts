/** The tools that the API runs by itself, in the form that a model takes. */
import type { Block } from "./Block.ts"
import * as ModelInfo from "./ModelInfo.ts"

/** The tools of the web of 2026, which a model may call from code. */
const callableFromCode = /^web_(?:search|fetch)_2026/

/**
 * Tools of a request as its model takes them: one that does not call tools from code rejects those that may be called so, unless they
 * say that it calls them itself.
 */
export const toolsFor = (model: string, tools: ReadonlyArray<Block>): ReadonlyArray<Block> => {
  if (ModelInfo.infoOf(model)?.callsToolsFromCode !== false) return tools
  return tools.map((tool) => (callableFromCode.test(tool.type) ? { allowed_callers: ["direct"], ...tool } : tool))
}
