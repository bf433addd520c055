/** Simulates the tools that run on the API's side: the blocks of their calls and results. */
import type { Answer } from "./Answer.ts"
import type { Block } from "../wire/Completion.ts"
import type { SeededRandom } from "../time/SeededRandom.ts"
import { toolsOf, type Prompt } from "./Prompt.ts"
import * as Search from "./Search.ts"
import { listOf, objectOf, textOf, type UncheckedJson } from "../wire/UncheckedJson.ts"

const direct = { type: "direct" }

/** Makes the blocks of one call and its result. */
const callAndResult = (
  random: SeededRandom,
  name: string,
  input: UncheckedJson,
  result: (toolUseId: string) => Block
): ReadonlyArray<Block> => {
  const id = `srvtoolu_01${random.letters(`call of ${name}`, 22)}`
  return [{ type: "server_tool_use", id, name, input }, result(id)]
}

/** Whether a tool may fetch from an address, by its lists of domains, with their subdomains and perhaps a path. */
const isAllowed = (url: string, tool: UncheckedJson): boolean => {
  if (!URL.canParse(url)) return false
  const { host, pathname } = new URL(url)
  const covers = (domain: unknown): boolean => {
    const [name = "", ...path] = textOf(domain).split("/")
    return (host === name || host.endsWith(`.${name}`)) && pathname.startsWith(["", ...path].join("/"))
  }
  const { allowed_domains: allowed, blocked_domains: blocked } = tool
  return (!Array.isArray(allowed) || allowed.some(covers)) && !listOf(blocked).some(covers)
}

const webFetch = (prompt: Prompt, random: SeededRandom, tool: UncheckedJson): ReadonlyArray<Block> | undefined => {
  const url = /https?:\/\/[^\s"'<>)]+?(?=[?.,!]*(?:\s|$|["'<>)]))/.exec(prompt.instruction)?.[0]
  if (url === undefined) return undefined
  if (!isAllowed(url, tool)) {
    return callAndResult(random, "web_fetch", { url }, (id) => ({
      type: "web_fetch_tool_result",
      tool_use_id: id,
      content: { type: "web_fetch_tool_result_error", error_code: "url_not_allowed" },
      caller: direct
    }))
  }
  const document = {
    type: "document",
    source: {
      type: "text",
      media_type: "text/plain",
      data: `# Simulated page\n\nThis stands for what ${url} would say.`
    },
    title: "Simulated page",
    ...(tool["citations"] === undefined ? {} : { citations: tool["citations"] })
  }
  return callAndResult(random, "web_fetch", { url }, (id) => ({
    type: "web_fetch_tool_result",
    tool_use_id: id,
    content: { type: "web_fetch_result", url, retrieved_at: "2026-11-22T12:00:00.000000", content: document },
    caller: direct
  }))
}

const simulatedOutput = "Simulated output\n"

const codeExecution = (random: SeededRandom): ReadonlyArray<Block> =>
  callAndResult(random, "bash_code_execution", { command: "echo 'Simulated output'" }, (id) => ({
    type: "bash_code_execution_tool_result",
    tool_use_id: id,
    content: { type: "bash_code_execution_result", stdout: simulatedOutput, stderr: "", return_code: 0, content: [] }
  }))

/** The first version of code execution runs Python; later ones run commands. */
const pythonExecution = (random: SeededRandom): ReadonlyArray<Block> =>
  callAndResult(random, "code_execution", { code: "print('Simulated output')" }, (id) => ({
    type: "code_execution_tool_result",
    tool_use_id: id,
    content: { type: "code_execution_result", stdout: simulatedOutput, stderr: "", return_code: 0, content: [] }
  }))

/** Makes a call of a tool of an MCP server, and its result. */
const mcpCall = (prompt: Prompt, random: SeededRandom, toolset: UncheckedJson): ReadonlyArray<Block> => {
  const id = `mcptoolu_01${random.letters("call of MCP", 22)}`
  const [name] = Object.keys(objectOf(toolset["configs"]) ?? {})
  const input = { query: prompt.instruction.slice(0, 80) }
  return [
    { type: "mcp_tool_use", id, name: name ?? "search", input, server_name: String(toolset["mcp_server_name"]) },
    {
      type: "mcp_tool_result",
      tool_use_id: id,
      is_error: false,
      content: [{ type: "text", text: "Simulated result of the MCP server." }]
    }
  ]
}

const advice = (random: SeededRandom): ReadonlyArray<Block> =>
  callAndResult(random, "advisor", {}, (id) => ({
    type: "advisor_tool_result",
    tool_use_id: id,
    content: { type: "advisor_result", text: "Simulated advice: answer briefly.", stop_reason: "end_turn" }
  }))

/** Makes the search that finds the first deferred tool of the request; no blocks if there is none. */
export const toolSearch = (prompt: Prompt, random: SeededRandom): ReadonlyArray<Block> => {
  const tools = toolsOf(prompt.body)
  const search = tools.find((tool) => String(tool["type"]).startsWith("tool_search_tool_"))
  const deferred = tools.filter((tool) => tool["defer_loading"] === true).map((tool) => String(tool["name"]))
  if (search === undefined || deferred.length === 0) return []
  const words = deferred[0]!.replaceAll("_", " ")
  const input = String(search["type"]).includes("regex") ? { pattern: deferred[0]! } : { query: words }
  return callAndResult(random, String(search["name"]), input, (id) => ({
    type: "tool_search_tool_result",
    tool_use_id: id,
    content: {
      type: "tool_search_tool_search_result",
      tool_references: deferred.slice(0, 1).map((name) => ({ type: "tool_reference", tool_name: name }))
    }
  }))
}

/** Makes the answer `text` after a call of a server tool; undefined if the request offers none. */
export const answer = (prompt: Prompt, text: string, random: SeededRandom): Answer | undefined => {
  const tools = toolsOf(prompt.body)
  if (tools.length === 0) return undefined
  const offered = (prefix: string): UncheckedJson | undefined =>
    tools.find((tool) => String(tool["type"]).startsWith(prefix))
  const prose: Block = { type: "text", text }
  if (offered("web_search_") !== undefined) return Search.answer(prompt, text, random)
  const fetchTool = offered("web_fetch_")
  const fetchBlocks = fetchTool === undefined ? undefined : webFetch(prompt, random, fetchTool)
  if (fetchBlocks !== undefined) {
    return { content: [...fetchBlocks, prose], stopReason: "end_turn" }
  }
  const toolset = offered("mcp_toolset")
  if (toolset !== undefined) return { content: [...mcpCall(prompt, random, toolset), prose], stopReason: "end_turn" }
  if (offered("code_execution_20250522") !== undefined)
    return { content: [...pythonExecution(random), prose], stopReason: "end_turn" }
  if (offered("code_execution_") !== undefined)
    return { content: [...codeExecution(random), prose], stopReason: "end_turn" }
  return offered("advisor_") === undefined ? undefined : { content: [...advice(random), prose], stopReason: "end_turn" }
}
