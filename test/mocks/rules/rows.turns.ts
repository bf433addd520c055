/** Rows of turns and their blocks, and of the system prompt. */
import { assistant, call, image, opus, r, result, text, tools, user, type Row } from "./Row.ts"

export const blocks: ReadonlyArray<Row> = [
  r(
    "an unknown block",
    { messages: [user("x"), assistant("y"), user([text("a"), { type: "input_text", text: "x" }])] },
    "messages.2.content.1: Input tag 'input_text' found using 'type' does not match any of the expected tags: 'text',"
  ),
  r(
    "a text block without text",
    { messages: [user([{ type: "text" }])] },
    "messages.0.content.0.text.text: Field required"
  ),
  r(
    "a text block with a number",
    { messages: [user([{ type: "text", text: 1 }])] },
    "messages.0.content.0.text.text: Input should be a valid string"
  ),
  r(
    "an unknown field of a block",
    { messages: [user([text("x", { id: 1 })])] },
    "messages.0.content.0.text.id: Extra inputs are not permitted"
  ),
  r(
    "an unknown field of a turn",
    { messages: [{ ...user("x"), name: "me" }] },
    "messages.0.name: Extra inputs are not permitted"
  ),
  r(
    "white space alone",
    { messages: [user("  \n")] },
    "messages: text content blocks must contain non-whitespace text"
  ),
  r(
    "white space in a block",
    { messages: [user([text("a"), text(" ")])] },
    "messages: text content blocks must contain non-whitespace text"
  ),
  r(
    "an empty marked text",
    { messages: [user([text("", { cache_control: { type: "ephemeral" } })])] },
    "messages.0.content.0.text: cache_control cannot be set for empty text blocks"
  ),
  r("a system prompt of white space", { system: " " }, "system: text content blocks must contain non-whitespace text"),
  r(
    "an empty block in the system prompt",
    { system: [text("a"), text("")] },
    "system: text content blocks must be non-empty"
  ),
  r("a number as the system prompt", { system: 5 }, "system: Input should be a valid list"),
  r("an image in the system prompt", { system: [{ type: "image" }] }, "system.0.type: Input should be 'text'"),
  r(
    "an empty turn in the middle",
    { messages: [user("x"), assistant(""), user("y")] },
    "messages.1: all messages must have non-empty content except for the optional final assistant message"
  ),
  r(
    "an image of an unknown type",
    image({ type: "base64", media_type: "image/bmp", data: "AAAA" }),
    "messages.0.content.0.image.source.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'"
  ),
  r(
    "an image that is not base64",
    image({ type: "base64", media_type: "image/png", data: "data:image/png;base64,AA" }),
    "messages.0.content.0.image.source.base64: invalid base64 data"
  ),
  r(
    "an image of a relative URL",
    image({ type: "url", url: "cat.png" }),
    "messages.0.content.0.image.source.url.url: Only HTTPS URLs"
  ),
  r(
    "a document of Word",
    {
      messages: [user([{ type: "document", source: { type: "base64", media_type: "application/msword", data: "AA" } }])]
    },
    "messages.0.content.0.document.source.base64.media_type: Input should be 'application/pdf'"
  ),
  r(
    "a document of the assistant",
    {
      messages: [
        user("x"),
        assistant([{ type: "document", source: { type: "text", media_type: "text/plain", data: "x" } }]),
        user("y")
      ]
    },
    "messages.1.content.0: `document` blocks are not allowed"
  ),
  r(
    "citations of the user",
    { messages: [user([text("x", { citations: [{ type: "char_location" }] })])] },
    "messages.0.content.0.text.citations: citations are not allowed"
  ),
  r(
    "an input as text",
    { tools, messages: [user("x"), assistant([{ ...call, input: "{}" }]), user([result])] },
    "messages.1.content.0.tool_use.input: Input should be a valid dictionary"
  ),
  r(
    "a call of the user",
    { tools, messages: [user([call])] },
    "messages.0.content.0: `tool_use` blocks can only be in `assistant` messages"
  ),
  r(
    "a result of the assistant",
    { tools, messages: [user("x"), assistant([result]), user("y")] },
    "messages.1.content.0: `tool_result` blocks can only be in `user` messages"
  ),
  r(
    "a thinking block without signature",
    { messages: [user("x"), assistant([{ type: "thinking", thinking: "x" }]), user("y")] },
    "messages.1.content.0.thinking.signature: Field required"
  )
]

export const turns: ReadonlyArray<Row> = [
  r(
    "text between a call and its result",
    { tools, messages: [user("x"), assistant([call, text("I check.")]), user([result])] },
    "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: t1."
  ),
  r(
    "text before a result",
    { tools, messages: [user("x"), assistant([call]), user([text("here"), result])] },
    "messages.1: `tool_use` ids were found without"
  ),
  r(
    "one of two results",
    {
      tools,
      messages: [user("x"), assistant("y"), user("z"), assistant([call, { ...call, id: "t2" }]), user([result])]
    },
    "messages.3: `tool_use` ids were found without `tool_result` blocks immediately after: t2."
  ),
  r(
    "two results of one call",
    { tools, messages: [user("x"), assistant([call]), user([result, result])] },
    "messages.2.content.1: each tool_use must have a single result. Found multiple `tool_result` blocks with id: t1"
  ),
  r(
    "a result of another call",
    { tools, messages: [user("x"), assistant([call]), user([result, { ...result, tool_use_id: "t9" }])] },
    "messages.2.content.1: unexpected `tool_use_id` found in `tool_result` blocks: t9."
  ),
  r(
    "two calls of one id",
    { tools, messages: [user("x"), assistant([call, call]), user([result])] },
    "messages.1.content.1: `tool_use` ids must be unique"
  ),
  r(
    "a system turn first",
    { model: opus, messages: [{ role: "system", content: "x" }, user("y")] },
    "messages.0: use the top-level 'system' parameter"
  ),
  r(
    "a system turn on an older model",
    { messages: [user("x"), { role: "system", content: "y" }] },
    "role 'system' is not supported on this model"
  ),
  r(
    "prefill that ends in white space",
    { messages: [user("x"), assistant("Here: ")] },
    "messages: final assistant content cannot end with trailing whitespace"
  )
]
