/** The names that `anthropic-beta` may have, and the fields and tools that need one. */
import { type UncheckedJson } from "../wire/UncheckedJson.ts"

/** Names that the SDK 1.12 lists, and older ones that the API still accepts because their features became general. */
const known = new Set(
  `admin-user-sign-out-2026-10-08 advanced-tool-use-2025-11-20 advisor-tool-2026-03-01 agent-memory-2026-07-22
  cache-diagnosis-2026-04-07 ce-plugins-2026-09-01 claude-code-20250219 code-execution-2025-05-22 code-execution-2025-08-25
  compact-2026-01-12 compact-2026-09-04 computer-use-2024-10-22 computer-use-2025-01-24 computer-use-2025-11-24
  context-1m-2025-08-07 context-management-2025-06-27 dev-full-thinking-2025-05-14 dreaming-2026-04-21 effort-2025-11-24
  extended-cache-ttl-2025-04-11 fallback-credit-2026-06-01 fallback-credit-2026-07-01 fast-mode-2026-02-01
  files-api-2025-04-14 fine-grained-tool-streaming-2025-05-14 inline-tools-2026-09-15 interleaved-thinking-2025-05-14
  managed-agents-2026-04-01 max-tokens-3-5-sonnet-2024-07-15 mcp-client-2025-04-04 mcp-client-2025-11-20
  mcp-client-2026-09-15 mcp-tunnels-2026-06-22 message-batches-2024-09-24 message-threads-2026-08-12
  mid-conversation-output-config-2026-07-01 mid-conversation-system-clear-at-2026-08-21
  mid-conversation-tool-changes-2026-07-01 model-context-window-exceeded-2025-08-26 oauth-2025-04-20
  output-128k-2025-02-19 output-300k-2026-03-24 pdfs-2024-09-25 prompt-caching-2024-07-31
  prompt-caching-scope-2026-01-05 redact-thinking-2026-02-12 search-results-2025-06-09 server-side-fallback-2026-06-01
  server-side-fallback-2026-07-01 skills-2025-10-02 spend-limit-reads-2026-09-26 structured-outputs-2025-11-13
  task-budgets-2026-03-13 telemetry-destinations-2026-08-11 thinking-binding-controls-2026-08-01
  thinking-display-updates-2026-08-18 thinking-token-count-2026-05-13 token-counting-2024-11-01
  token-efficient-tools-2025-02-19 tool-examples-2025-10-29 tool-search-tool-2025-10-19 tools-2024-04-04
  user-profiles-2026-03-24 user-profiles-2026-08-18 user-profiles-2026-09-04 web-fetch-2025-09-10
  web-search-2025-03-05 webhooks-2026-10-07`.split(/\s+/)
)

/** Top-level fields and the beginnings of the names that allow them. */
const byField: Readonly<Record<string, ReadonlyArray<string>>> = {
  compaction: ["compact-2026-09-04"],
  context_management: ["context-management-", "compact-2026-01-12"],
  fallback_credit_token: ["fallback-credit-", "server-side-fallback-"],
  fallbacks: ["server-side-fallback-"],
  mcp_servers: ["mcp-client-"],
  output_format: ["structured-outputs-"],
  thread: ["message-threads-"]
}

/** Tools that are not in the general API, and the beginnings of the names that allow them. */
const byTool: Readonly<Record<string, ReadonlyArray<string>>> = {
  advisor_20260301: ["advisor-tool-"],
  bash_20241022: ["computer-use-2024-10-22"],
  computer_20241022: ["computer-use-2024-10-22"],
  computer_20250124: ["computer-use-2025-01-24"],
  computer_20251124: ["computer-use-2025-11-24"],
  mcp_toolset: ["mcp-client-"],
  text_editor_20241022: ["computer-use-2024-10-22"]
}

/** Splits an `anthropic-beta` header into its names. */
export const namesOf = (header: string | null): ReadonlyArray<string> =>
  header === null
    ? []
    : header
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== "")

/** Gives the message with which the API rejects unknown names. */
export const headerProblem = (names: ReadonlyArray<string>): string | undefined => {
  const unknown = names.filter((name) => !known.has(name))
  return unknown.length === 0
    ? undefined
    : `Unexpected value(s) ${unknown.map((name) => `\`${name}\``).join(", ")} for the \`anthropic-beta\` header. Please consult our documentation at platform.claude.com/docs or try again without the header.`
}

const isAllowed = (needed: ReadonlyArray<string> | undefined, names: ReadonlyArray<string>): boolean =>
  needed === undefined || names.some((name) => needed.some((start) => name.startsWith(start)))

/** Gives the message for the first field of a body that no name allows. */
export const fieldProblem = (body: UncheckedJson, names: ReadonlyArray<string>): string | undefined => {
  const found = Object.keys(byField).find(
    (field) => body[field] !== undefined && body[field] !== null && !isAllowed(byField[field], names)
  )
  return found === undefined ? undefined : `${found}: Extra inputs are not permitted`
}

/** Gives whether the names allow a tool of this type. */
export const allowsTool = (type: string, names: ReadonlyArray<string>): boolean => isAllowed(byTool[type], names)
