/** The tools of a request: which types there are, what fields they have, and which models accept them. */
import * as Betas from "./Betas.ts"
import { cacheControl } from "./Blocks.ts"
import * as SchemaRules from "./SchemaRules.ts"
import {
  anything,
  boolean,
  dictionary,
  integer,
  list,
  literal,
  object,
  open,
  pattern,
  type Shape,
  string
} from "./Shape.ts"
import { toolsOf } from "../answers/Prompt.ts"
import type { Model } from "../wire/Models.ts"
import { listOf, objectOf, objectsOf, textOf, type UncheckedJson } from "../wire/UncheckedJson.ts"

const callable = {
  type: string,
  "allowed_callers?": list(string),
  "cache_control?": cacheControl,
  "defer_loading?": boolean,
  "strict?": boolean
}
const withExamples = { ...callable, "input_examples?": list(dictionary) }
const computer = {
  ...withExamples,
  name: literal("computer"),
  display_width_px: integer(1),
  display_height_px: integer(1),
  "display_number?": integer(0)
}
const web = { ...callable, "allowed_domains?": list(string), "blocked_domains?": list(string), "max_uses?": integer(1) }
const search = object({
  ...web,
  name: literal("web_search"),
  "user_location?": dictionary,
  "response_inclusion?": string
})
const fetchTool = object({
  ...web,
  name: literal("web_fetch"),
  "citations?": object({ "enabled?": boolean }),
  "max_content_tokens?": integer(1),
  "url_sources?": anything,
  "use_cache?": boolean,
  "response_inclusion?": string
})
const codeExecution = object({ ...callable, name: literal("code_execution") })
const bash = object({ ...withExamples, name: literal("bash") })
const editor = (name: string): Shape => object({ ...withExamples, name: literal(name), "max_characters?": integer(1) })
const toolset = object({ type: string, "cache_control?": cacheControl, "configs?": dictionary })
const toolSearch = object({ ...callable, name: string })

/** The words that a schema at the top of a tool's input may not have. */
const combinators = ["oneOf", "allOf", "anyOf"]

const inputSchema: Shape = (value, path) => {
  const problem = dictionary(value, path)
  if (problem !== undefined) return problem
  const schema = value as UncheckedJson
  if (schema["type"] === undefined) return `${path}.type: Field required`
  if (schema["type"] !== "object") return `${path}.type: Input should be 'object'`
  if (combinators.some((word) => word in schema)) {
    return `${path}: input_schema does not support oneOf, allOf, or anyOf at the top level`
  }
  const keys = Object.keys(objectOf(schema["properties"]) ?? {})
  if (keys.some((key) => !/^[a-zA-Z0-9_.-]{1,64}$/.test(key))) {
    return `${path}.properties: Property keys should match pattern '^[a-zA-Z0-9_.-]{1,64}$'`
  }
  return SchemaRules.isJsonSchema(schema)
    ? undefined
    : `${path}: JSON schema is invalid. It must match JSON Schema draft 2020-12 (https://json-schema.org/draft/2020-12). Learn more about tool use at https://docs.claude.com/en/docs/tool-use.`
}

const { type: _, ...untyped } = withExamples
const custom = object({
  ...untyped,
  "type?": literal("custom"),
  name: pattern("^[a-zA-Z0-9_-]{1,128}$"),
  input_schema: inputSchema,
  "description?": string,
  "eager_input_streaming?": boolean
})

/** The tools by `type`. Source: the types of the SDK 1.12. */
const byType: Readonly<Record<string, Shape>> = {
  custom,
  advisor_20260301: object({
    ...callable,
    name: literal("advisor"),
    model: string,
    "caching?": anything,
    "max_tokens?": integer(1),
    "max_uses?": integer(1)
  }),
  bash_20241022: bash,
  bash_20250124: bash,
  browser_toolset_20260801: toolset,
  code_execution_20250522: codeExecution,
  code_execution_20250825: codeExecution,
  code_execution_20260120: codeExecution,
  code_execution_20260521: codeExecution,
  computer_20241022: object(computer),
  computer_20250124: object(computer),
  computer_20251124: object({ ...computer, "enable_zoom?": boolean }),
  computer_toolset_20260801: toolset,
  mcp_toolset: open({ mcp_server_name: string, "cache_control?": cacheControl, "configs?": dictionary }),
  memory_20250818: object({ ...withExamples, name: literal("memory") }),
  text_editor_20241022: editor("str_replace_editor"),
  text_editor_20250124: editor("str_replace_editor"),
  text_editor_20250429: editor("str_replace_based_edit_tool"),
  text_editor_20250728: editor("str_replace_based_edit_tool"),
  tool_search_tool_bm25: toolSearch,
  tool_search_tool_bm25_20251119: toolSearch,
  tool_search_tool_regex: toolSearch,
  tool_search_tool_regex_20251119: toolSearch,
  web_fetch_20250910: fetchTool,
  web_fetch_20260209: fetchTool,
  web_fetch_20260309: fetchTool,
  web_fetch_20260318: fetchTool,
  web_search_20250305: search,
  web_search_20260209: search,
  web_search_20260318: search
}

const typeOf = (tool: UncheckedJson): string => textOf(tool["type"] ?? "custom")

const shapeProblem = (tools: unknown, isAllowed: (type: string) => boolean): string | undefined => {
  if (tools !== undefined && tools !== null && !Array.isArray(tools)) return "tools: Input should be a valid list"
  for (const [index, one] of listOf(tools).entries()) {
    const tool = objectOf(one)
    if (tool === undefined) return `tools.${index}: Input should be an object`
    const type = typeOf(tool)
    const shape = isAllowed(type) ? byType[type] : undefined
    if (shape === undefined) {
      const tags = Object.keys(byType).filter(isAllowed).toSorted()
      return `tools.${index}: Input tag '${type}' found using 'type' does not match any of the expected tags: ${tags.map((tag) => `'${tag}'`).join(", ")}`
    }
    const problem = shape(tool, `tools.${index}.${type}`)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** The API takes one list of domains. */
const domainsProblem = (tools: ReadonlyArray<UncheckedJson>): string | undefined => {
  const index = tools.findIndex(
    (tool) => Array.isArray(tool["allowed_domains"]) && Array.isArray(tool["blocked_domains"])
  )
  return index < 0
    ? undefined
    : `tools.${index}.${typeOf(tools[index]!)}: Only one of allowed_domains and blocked_domains may be specified.`
}

/** Tools of the web of 2026 may be called from code, unless they say that they are not. */
const callersProblem = (model: Model, tools: ReadonlyArray<UncheckedJson>): string | undefined => {
  if (model.callsToolsFromCode) return undefined
  const called = tools.filter(
    (tool) =>
      /^web_(?:search|fetch)_2026/.test(typeOf(tool)) &&
      (tool["allowed_callers"] === undefined || listOf(tool["allowed_callers"]).some((one) => one !== "direct"))
  )
  return called.length === 0
    ? undefined
    : `'${model.id}' does not support programmatic tool calling. The following tools have \`allowed_callers\` that require it: ${called.map((tool) => String(tool["name"])).join(", ")}. Set \`allowed_callers\` to ["direct"].`
}

const serverProblem = (body: UncheckedJson, tools: ReadonlyArray<UncheckedJson>): string | undefined => {
  const names = new Set(objectsOf(body["mcp_servers"]).map((server) => String(server["name"])))
  const sets = tools.filter((tool) => typeOf(tool) === "mcp_toolset").map((tool) => String(tool["mcp_server_name"]))
  const missing = sets.find((name) => !names.has(name))
  return missing === undefined ? undefined : `tools: mcp_toolset references unknown MCP server '${missing}'`
}

const strictProblem = (tools: ReadonlyArray<UncheckedJson>): string | undefined => {
  for (const [index, tool] of tools.entries()) {
    if (tool["strict"] !== true || typeOf(tool) !== "custom") continue
    const problem = SchemaRules.problem(objectOf(tool["input_schema"]) ?? {})
    if (problem !== undefined) return `tools.${index}.custom: ${problem}`
  }
  return undefined
}

const choiceShape = (value: unknown): string | undefined => {
  const parallel = { type: string, "disable_parallel_tool_use?": boolean }
  const shapes: Readonly<Record<string, Shape>> = {
    auto: object(parallel),
    any: object(parallel),
    tool: object({ ...parallel, name: string }),
    none: object({ type: string })
  }
  const choice = objectOf(value)
  if (choice === undefined) return "tool_choice: Input should be an object"
  const type = choice["type"]
  const shape = typeof type === "string" ? shapes[type] : undefined
  return shape === undefined
    ? `tool_choice: Input tag '${String(type)}' found using 'type' does not match any of the expected tags: 'auto', 'any', 'tool', 'none'`
    : shape(choice, `tool_choice.${String(type)}`)
}

const choiceProblem = (body: UncheckedJson, names: ReadonlyArray<string>, model: Model): string | undefined => {
  const problem = choiceShape(body["tool_choice"])
  if (problem !== undefined) return problem
  const choice = objectOf(body["tool_choice"])!
  const isForced = choice["type"] === "any" || choice["type"] === "tool"
  if (isForced && !model.takesForcedTools) {
    return 'tool_choice: type "tool" and "any" are not supported for this model.'
  }
  if (listOf(body["tools"]).length === 0 && choice["type"] !== "none") {
    return "tool_choice may only be specified while providing tools."
  }
  if (isForced && objectOf(body["thinking"])?.["type"] === "enabled") {
    return "Thinking may not be enabled when tool_choice forces tool use."
  }
  return choice["type"] === "tool" && !names.includes(String(choice["name"]))
    ? `Tool '${String(choice["name"])}' not found in provided tools`
    : undefined
}

/** Gives the message with which the API rejects the tools or `tool_choice`. `betas` is undefined where they are not checked. */
export const problem = (
  body: UncheckedJson,
  model: Model,
  betas: ReadonlyArray<string> | undefined
): string | undefined => {
  if (body["tools"] === undefined && body["tool_choice"] === undefined) return undefined
  const shaped = shapeProblem(body["tools"], (type) => betas === undefined || Betas.allowsTool(type, betas))
  if (shaped !== undefined) return shaped
  const tools = toolsOf(body)
  const rejected = tools.map(typeOf).filter((type) => model.rejectedTools.includes(type))
  if (rejected.length > 0) {
    const others = Object.keys(byType).filter((type) => type !== "custom" && !model.rejectedTools.includes(type))
    return `'${model.id}' does not support tool types: ${rejected.join(", ")}. Did you mean one of ${others.toSorted().join(", ")}?`
  }
  const names = tools.map((tool) => textOf(tool["name"] ?? typeOf(tool)))
  if (new Set(names).size < names.length) return "tools: Tool names must be unique."
  return (
    domainsProblem(tools) ??
    callersProblem(model, tools) ??
    serverProblem(body, tools) ??
    strictProblem(tools) ??
    (body["tool_choice"] === undefined || body["tool_choice"] === null ? undefined : choiceProblem(body, names, model))
  )
}
