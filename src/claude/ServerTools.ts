/** The tools that the API runs by itself: where they are, and the form that models and clouds take them in. */
import type { Block } from "./Block.ts"
import * as ModelInfo from "./ModelInfo.ts"
import type { Cloud, Provider } from "./Provider.ts"

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

/** The tools that clouds lack, as the documentation of Claude at Amazon Bedrock and at Google Cloud says. Microsoft Foundry has all. */
const absentAt: Readonly<Partial<Record<Cloud, RegExp>>> = {
  bedrock: /^(?:web_search|web_fetch|code_execution)_/,
  vertex: /^(?:web_fetch|code_execution)_/
}

/** Whether a cloud has a tool. */
export const isAt = (cloud: Cloud, { type }: Block): boolean => absentAt[cloud]?.test(type) !== true

/** Tools as a provider takes them: Vertex AI has the first version of web search. */
export const toolsAt = (provider: Provider | undefined, tools: ReadonlyArray<Block>): ReadonlyArray<Block> => {
  if (provider !== "vertex") return tools
  return tools.map((tool) =>
    tool.type.startsWith("web_search_2026") ? { ...tool, type: "web_search_20250305" } : tool
  )
}
