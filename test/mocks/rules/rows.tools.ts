/** Rows of tools, `tool_choice` and schemas. */
import { enabled, fable, many, opus, r, schemaOf, sonnet, tool, tools, type Row } from "./Row.ts"

export const toolRows: ReadonlyArray<Row> = [
  ...[sonnet, opus, fable, "claude-mythos-5-1"].flatMap((model) =>
    [{ type: "any" }, { type: "tool", name: "f" }].map((tool_choice) =>
      r(
        `a forced tool (${tool_choice.type}) on ${model}`,
        { model, tools, tool_choice },
        'tool_choice: type "tool" and "any" are not supported for this model.'
      )
    )
  ),
  r(
    "a forced tool with thinking",
    { max_tokens: 3000, tools, tool_choice: { type: "any" }, thinking: enabled },
    "Thinking may not be enabled when tool_choice forces tool use."
  ),
  r(
    "a choice without tools",
    { tool_choice: { type: "auto" } },
    "tool_choice may only be specified while providing tools."
  ),
  r("an unknown choice", { tools, tool_choice: { type: "some" } }, "tool_choice: Input tag 'some' found using 'type'"),
  r(
    "a choice of a tool without its name",
    { tools, tool_choice: { type: "tool" } },
    "tool_choice.tool.name: Field required"
  ),
  r("tools that are no list", { tools: {} }, "tools: Input should be a valid list"),
  r("a tool without a name", { tools: [{ input_schema: { type: "object" } }] }, "tools.0.custom.name: Field required"),
  r("a tool without a schema", { tools: [tool, { name: "g" }] }, "tools.1.custom.input_schema: Field required"),
  r(
    "a schema without a type",
    { tools: [{ name: "g", input_schema: {} }] },
    "tools.0.custom.input_schema.type: Field required"
  ),
  r(
    "a schema of a list",
    { tools: [{ name: "g", input_schema: { type: "array" } }] },
    "tools.0.custom.input_schema.type: Input should be 'object'"
  ),
  r(
    "a schema with anyOf at its top",
    { tools: [{ name: "g", input_schema: { type: "object", anyOf: [] } }] },
    "tools.0.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level"
  ),
  r(
    "a property with a space",
    { tools: [{ name: "g", input_schema: { type: "object", properties: { "a b": {} } } }] },
    "tools.0.custom.input_schema.properties: Property keys should match pattern"
  ),
  r(
    "a schema that is none",
    { tools: [{ name: "g", input_schema: { type: "object", properties: { a: { type: "text" } } } }] },
    "tools.0.custom.input_schema: JSON schema is invalid."
  ),
  r(
    "a tool name with a space",
    { tools: [{ ...tool, name: "a b" }] },
    "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"
  ),
  r("two tools of one name", { tools: [tool, tool] }, "tools: Tool names must be unique."),
  r(
    "a tool of OpenAI's form",
    { tools: [{ type: "function", function: tool }] },
    "tools.0: Input tag 'function' found using 'type' does not match any of the expected tags"
  ),
  r(
    "an unknown field of a tool",
    { tools: [{ ...tool, parameters: {} }] },
    "tools.0.custom.parameters: Extra inputs are not permitted"
  ),
  r(
    "a strict tool with a free object",
    { tools: [tool, { ...tool, name: "g", strict: true }] },
    "tools.1.custom: For 'object' type, 'additionalProperties' must be explicitly set to false"
  ),
  r(
    "web search under another name",
    { tools: [{ type: "web_search_20260318", name: "search" }] },
    "tools.0.web_search_20260318.name: Input should be 'web_search'"
  ),
  r(
    "a fetch of pages of no tokens",
    { model: sonnet, tools: [{ type: "web_fetch_20260318", name: "web_fetch", max_content_tokens: 0 }] },
    "tools.0.web_fetch_20260318.max_content_tokens: Input should be greater than or equal to 1"
  ),
  r(
    "allowed and blocked domains",
    {
      model: sonnet,
      tools: [{ type: "web_fetch_20260318", name: "web_fetch", allowed_domains: ["a.com"], blocked_domains: ["b.com"] }]
    },
    "tools.0.web_fetch_20260318: Only one of allowed_domains and blocked_domains may be specified."
  ),
  r(
    "a tool that may be called from code, of a model that does not do that",
    { model: "claude-haiku-4-5", tools: [{ type: "web_fetch_20260318", name: "web_fetch" }] },
    "'claude-haiku-4-5-20251001' does not support programmatic tool calling."
  ),
  r("bash without its name", { tools: [{ type: "bash_20250124" }] }, "tools.0.bash_20250124.name: Field required"),
  r(
    "an advisor without its beta",
    { tools: [{ type: "advisor_20260301", name: "advisor", model: "claude-opus-5" }] },
    "tools.0: Input tag 'advisor_20260301' found using 'type'"
  ),
  r(
    "computer use of old on Sonnet 5.5",
    {
      model: sonnet,
      tools: [{ type: "computer_20251124", name: "computer", display_width_px: 8, display_height_px: 6 }]
    },
    "'claude-sonnet-5-5' does not support tool types: computer_20251124.",
    { betas: "computer-use-2025-11-24" }
  ),
  r(
    "a toolset of an unknown server",
    { mcp_servers: [], tools: [{ type: "mcp_toolset", mcp_server_name: "s" }] },
    "tools: mcp_toolset references unknown MCP server 's'",
    { betas: "mcp-client-2025-11-20" }
  )
]

export const schemas: ReadonlyArray<Row> = [
  r(
    "more than 24 optional properties",
    schemaOf(many(25, { type: "string" })),
    "Schemas contains too many optional parameters (25)"
  ),
  r(
    "more than 16 unions",
    schemaOf(many(17, { type: ["string", "null"] }), { required: Object.keys(many(17, {})) }),
    "Schemas contains too many parameters with union types (17 parameters"
  ),
  r(
    "more than 20 strict tools",
    {
      tools: Array.from({ length: 21 }, (_, index) => ({
        name: `f${index}`,
        strict: true,
        input_schema: { type: "object", additionalProperties: false }
      }))
    },
    "Too many strict tools (21)"
  ),
  r(
    "oneOf",
    schemaOf({ a: { oneOf: [{ type: "string" }] } }),
    "output_config.format.schema: Schema type 'oneOf' is not supported"
  ),
  r(
    "a maximal length",
    schemaOf({ a: { type: "string", maxLength: 3 } }),
    "output_config.format.schema: For 'string' type, property 'maxLength' is not supported"
  ),
  r(
    "bounds of a nullable number",
    schemaOf({ a: { type: ["integer", "null"], minimum: 1 } }),
    "output_config.format.schema: For 'integer' type, property 'minimum'"
  ),
  r(
    "an unknown format of text",
    schemaOf({ a: { type: "string", format: "iban" } }),
    "output_config.format.schema: String format 'iban' is not supported"
  ),
  r(
    "a reference to another document",
    schemaOf({ a: { $ref: "https://example.org/a.json" } }),
    "output_config.format.schema: External reference"
  ),
  r(
    "two items at least",
    schemaOf({ a: { type: "array", minItems: 2, items: { type: "string" } } }),
    "output_config.format.schema: For 'array' type, 'minItems' values other than 0 or 1"
  )
]
