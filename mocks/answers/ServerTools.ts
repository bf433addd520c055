/** Plays the tools that run on the API's side: what Claude calls and what comes back. */
import type { Answer } from "./Answer.ts"
import type { Block } from "../wire/Completion.ts"
import type { SeededRandom } from "../time/SeededRandom.ts"
import { toolsOf, type Prompt } from "./Prompt.ts"
import * as Search from "./Search.ts"
import type { UncheckedJson } from "../wire/UncheckedJson.ts"

const direct = { type: "direct" }

/** A call and its result; the text comes after them. */
const exchange = (
  random: SeededRandom,
  name: string,
  input: UncheckedJson,
  result: (toolUseId: string) => Block
): ReadonlyArray<Block> => {
  const id = `srvtoolu_01${random.letters(`call of ${name}`, 22)}`
  return [{ type: "server_tool_use", id, name, input }, result(id)]
}

const fetched = (prompt: Prompt, random: SeededRandom, tool: UncheckedJson): ReadonlyArray<Block> | undefined => {
  const url = /https?:\/\/[^\s"'<>)]+?(?=[?.,!]*(?:\s|$|["'<>)]))/.exec(prompt.instruction)?.[0]
  if (url === undefined) return undefined
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
  return exchange(random, "web_fetch", { url }, (id) => ({
    type: "web_fetch_tool_result",
    tool_use_id: id,
    content: { type: "web_fetch_result", url, retrieved_at: "2026-11-22T12:00:00.000000", content: document },
    caller: direct
  }))
}

const ran = (random: SeededRandom): ReadonlyArray<Block> =>
  exchange(random, "bash_code_execution", { command: 'python3 -c "print(42)"' }, (id) => ({
    type: "bash_code_execution_tool_result",
    tool_use_id: id,
    content: { type: "bash_code_execution_result", stdout: "42\n", stderr: "", return_code: 0, content: [] }
  }))

const advised = (random: SeededRandom): ReadonlyArray<Block> =>
  exchange(random, "advisor", {}, (id) => ({
    type: "advisor_tool_result",
    tool_use_id: id,
    content: { type: "advisor_result", text: "Simulated advice: answer briefly.", stop_reason: "end_turn" }
  }))

/** Gives the call that finds a tool which is loaded only when searched for. */
export const searched = (prompt: Prompt, random: SeededRandom): ReadonlyArray<Block> => {
  const tools = toolsOf(prompt.body)
  const search = tools.find((tool) => String(tool["type"]).startsWith("tool_search_tool_"))
  const deferred = tools.filter((tool) => tool["defer_loading"] === true).map((tool) => String(tool["name"]))
  if (search === undefined || deferred.length === 0) return []
  const words = deferred[0]!.replaceAll("_", " ")
  const input = String(search["type"]).includes("regex") ? { pattern: deferred[0]! } : { query: words }
  return exchange(random, String(search["name"]), input, (id) => ({
    type: "tool_search_tool_result",
    tool_use_id: id,
    content: {
      type: "tool_search_tool_search_result",
      tool_references: deferred.slice(0, 1).map((name) => ({ type: "tool_reference", tool_name: name }))
    }
  }))
}

/** Gives the answer whose prose is `text`, with the work of a server tool before it; nothing if the request offers none. */
export const answer = (prompt: Prompt, text: string, random: SeededRandom): Answer | undefined => {
  const tools = toolsOf(prompt.body)
  const offered = (prefix: string): UncheckedJson | undefined =>
    tools.find((tool) => String(tool["type"]).startsWith(prefix))
  const spoken: Block = { type: "text", text }
  if (offered("web_search_") !== undefined) return Search.answer(prompt, text, random)
  const fetchTool = offered("web_fetch_")
  const page = fetchTool === undefined ? undefined : fetched(prompt, random, fetchTool)
  if (page !== undefined) {
    return { content: [...page, spoken], stopReason: "end_turn" }
  }
  if (offered("code_execution_") !== undefined) return { content: [...ran(random), spoken], stopReason: "end_turn" }
  return offered("advisor_") === undefined
    ? undefined
    : { content: [...advised(random), spoken], stopReason: "end_turn" }
}
