/** The content blocks that a request may contain, and their fields. Source: the types of the SDK 1.12. */
import {
  anything,
  boolean,
  dictionary,
  list,
  literal,
  object,
  open,
  type Shape,
  string,
  stringOr,
  tagged
} from "./Shape.ts"

/** `cache_control` of a block, a tool or a request. */
export const cacheControl: Shape = tagged({
  ephemeral: object({ type: literal("ephemeral"), "ttl?": literal("5m", "1h") })
})

const marked = { type: string, "cache_control?": cacheControl }
const imageTypes = literal("image/jpeg", "image/png", "image/gif", "image/webp")

const base64 =
  (mediaType: Shape): Shape =>
  (value, path) => {
    const problem = open({ media_type: mediaType, data: string })(value, path)
    if (problem !== undefined) return problem
    const { data } = value as { readonly data: string }
    return /^[A-Za-z0-9+/\s]*={0,2}$/.test(data) ? undefined : `${path}: invalid base64 data`
  }

const url: Shape = (value, path) =>
  open({ url: string })(value, path) ??
  (/^https?:\/\//.test((value as { readonly url: string }).url)
    ? undefined
    : `${path}.url: Only HTTPS URLs are supported.`)

const file = open({ file_id: string })

const image: Shape = object({
  ...marked,
  source: tagged({ base64: base64(imageTypes), url, file }),
  "transformations?": anything
})

const document: Shape = object({
  ...marked,
  source: tagged({
    base64: base64(literal("application/pdf")),
    text: open({ media_type: literal("text/plain"), data: string }),
    content: open({ content: stringOr(list(open({ type: string }))) }),
    url,
    file
  }),
  "citations?": object({ "enabled?": boolean }),
  "context?": string,
  "title?": string
})

const text: Shape = object({ ...marked, text: string, "citations?": list(open({ type: string })) })

const searchResult: Shape = object({
  ...marked,
  source: string,
  title: string,
  content: list(tagged({ text })),
  "citations?": object({ "enabled?": boolean })
})

const resultContent = list(
  tagged({
    text,
    image,
    document,
    search_result: searchResult,
    tool_reference: open({ tool_name: string }),
    browser_state: open({})
  })
)

const call = { ...marked, id: string, name: string, input: dictionary }
const result = open({ ...marked, tool_use_id: string, content: anything })

/** The blocks of a turn, by `type`. */
export const byType: Readonly<Record<string, Shape>> = {
  text,
  image,
  document,
  search_result: searchResult,
  thinking: object({ type: string, thinking: string, signature: string }),
  redacted_thinking: object({ type: string, data: string }),
  tool_use: object({ ...call, "caller?": anything, "toolset_name?": string }),
  tool_result: object({
    ...marked,
    tool_use_id: string,
    "content?": stringOr(resultContent),
    "is_error?": boolean,
    "toolset_name?": string
  }),
  server_tool_use: open(call),
  web_search_tool_result: result,
  web_fetch_tool_result: result,
  code_execution_tool_result: result,
  bash_code_execution_tool_result: result,
  text_editor_code_execution_tool_result: result,
  tool_search_tool_result: result,
  advisor_tool_result: result,
  container_upload: open({ file_id: string }),
  mcp_tool_use: open({ ...call, server_name: string }),
  mcp_tool_result: open({ tool_use_id: string }),
  mcp_tool_listing: open({ mcp_server_name: string }),
  compaction: open({ "content?": string }),
  fallback: open({ from: open({ model: string }), to: open({ model: string }) }),
  tool_addition: open({ tool: dictionary }),
  tool_removal: open({ tool: dictionary })
}

/** A block of a turn. */
export const block: Shape = tagged(byType)

/** A block of the system prompt; a path names no type, as there is only one. */
export const systemBlock: Shape = (value, path) => {
  const type = (value as { readonly type?: unknown } | null)?.type
  return type === undefined || type === "text" ? text(value, path) : `${path}.type: Input should be 'text'`
}
