/** Encodes a message as JSON, with the fields of an API version. */
import type { Block, Completion, Iteration, ServerToolTraces } from "./Completion.ts"

/** The API versions that the mock simulates. The older one omits fields that are null, and accepts sampling parameters. */
export type ApiVersion = "2023-06-01" | "2026-10-21"

/** Billed tokens. The input of a request is the sum of `input`, `cacheCreation5m`, `cacheCreation1h` and `cacheRead`. */
export interface Usage {
  readonly input: number
  readonly cacheCreation5m: number
  readonly cacheCreation1h: number
  readonly cacheRead: number
  readonly output: number
  readonly thinking: number
  readonly serviceTier: "standard" | "batch"
}

/** What a message is encoded from. */
export interface Envelope {
  readonly id: string
  readonly model: string
  readonly version: ApiVersion
  /** Usage counts thinking tokens: always for newer models, for older ones only if thinking was requested. */
  readonly reportsThinking: boolean
  readonly answer: Completion
  /** Null unless the request asks for diagnostics. */
  readonly diagnostics: Fields | null
  /** `usage.fallback_credit` of a request with a credit token. */
  readonly fallbackCredit: Fields | undefined
  readonly serverToolTraces: ServerToolTraces
  readonly usage: Usage
}

/** Fields of a JSON object. */
export type Fields = Readonly<Record<string, unknown>>

const inputCounts = ({ usage }: Envelope): Fields => ({
  input_tokens: usage.input,
  cache_creation_input_tokens: usage.cacheCreation5m + usage.cacheCreation1h,
  cache_read_input_tokens: usage.cacheRead
})

const outputDetails = ({ reportsThinking, usage, version }: Envelope): Fields =>
  reportsThinking || version !== "2023-06-01" ? { output_tokens_details: { thinking_tokens: usage.thinking } } : {}

const serverToolUse = ({ serverToolTraces, version }: Envelope): Fields =>
  serverToolTraces.toolUse !== undefined || version !== "2023-06-01"
    ? { server_tool_use: serverToolTraces.toolUse ?? null }
    : {}

const zeroUsage = {
  input_tokens: 0,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
  output_tokens: 0
}
/**
 * Makes `usage.iterations`. Of the calls that made the message, the first counts all its tokens, later ones none. The call of an
 * advisor counts its own tokens, that of a model that declined its input alone; neither is part of the message's usage.
 */
const iterations = (envelope: Envelope): Fields => {
  const { serverToolTraces, usage, version } = envelope
  if (serverToolTraces.iterations.length === 0) return {}
  const total = { ...inputCounts(envelope), cache_creation: cacheCreation(envelope), output_tokens: usage.output }
  const counted = serverToolTraces.iterations.findIndex(
    ({ declined, type }) => declined !== true && (type === "fallback_message" || type === "message")
  )
  const countsOf = ({ declined, type }: Iteration, index: number): Fields => {
    if (type === "advisor_message") return { ...zeroUsage, input_tokens: usage.input, output_tokens: 20 }
    if (declined === true) return { ...total, output_tokens: 0 }
    return index === counted ? total : zeroUsage
  }
  const modelOf = ({ model, type }: Iteration): Fields => {
    if (model !== undefined) return { model }
    return version === "2023-06-01" || type !== "message" ? {} : { model: null }
  }
  const entryOf = (one: Iteration, index: number): Fields =>
    Object.assign({ type: one.type }, modelOf(one), countsOf(one, index))
  return { iterations: serverToolTraces.iterations.map(entryOf) }
}

const fallbackCredit = ({ fallbackCredit: use }: Envelope): Fields =>
  use === undefined ? {} : { fallback_credit: use }

const cacheCreation = ({ usage }: Envelope): Fields => ({
  ephemeral_5m_input_tokens: usage.cacheCreation5m,
  ephemeral_1h_input_tokens: usage.cacheCreation1h
})

const fullUsage = (envelope: Envelope, output: number): Fields => ({
  ...inputCounts(envelope),
  cache_creation: cacheCreation(envelope),
  output_tokens: output,
  service_tier: envelope.usage.serviceTier,
  inference_geo: "not_available"
})

const identity = ({ id, model }: Envelope): Fields => ({ model, id, type: "message", role: "assistant" })

const containerOf = (container: Fields | undefined, version: ApiVersion): Fields | null =>
  container === undefined ? null : version === "2023-06-01" ? container : { ...container, skills: null }

const container = ({ serverToolTraces, version }: Envelope): Fields =>
  version === "2023-06-01" && serverToolTraces.container === undefined
    ? {}
    : { container: containerOf(serverToolTraces.container, version) }

const diagnosticsOf = ({ diagnostics, version }: Envelope): Fields =>
  version === "2023-06-01" && diagnostics === null ? {} : { diagnostics }

const withCaller = (block: Block): Block =>
  block.type === "server_tool_use" && block["caller"] === undefined ? { ...block, caller: { type: "direct" } } : block

/** Gives the content blocks; the newer version adds `caller` to calls of server tools. */
export const blocks = ({ answer, version }: Envelope): ReadonlyArray<Block> =>
  version === "2023-06-01" ? answer.content : answer.content.map(withCaller)

const stopFields = ({ answer }: Envelope): Fields => ({
  stop_reason: answer.stopReason,
  stop_sequence: answer.stopSequence ?? null,
  stop_details: answer.stopDetails ?? null
})

/** Encodes the body of a plain reply. */
export const plain = (envelope: Envelope): Fields => ({
  ...identity(envelope),
  content: blocks(envelope),
  ...container(envelope),
  ...diagnosticsOf(envelope),
  ...stopFields(envelope),
  usage: {
    ...fullUsage(envelope, envelope.usage.output),
    ...outputDetails(envelope),
    ...serverToolUse(envelope),
    ...iterations(envelope),
    ...fallbackCredit(envelope),
    ...(envelope.version === "2023-06-01" ? {} : { speed: "standard" })
  },
  ...envelope.serverToolTraces.betaFields
})

/** Encodes the message of `message_start`: no content, the input counts, and at most 1 output token. */
export const opening = (envelope: Envelope): Fields => ({
  ...identity(envelope),
  content: [],
  ...(envelope.version === "2023-06-01" ? {} : { container: null }),
  ...diagnosticsOf(envelope),
  stop_reason: null,
  stop_sequence: null,
  stop_details: null,
  usage: {
    ...fullUsage(envelope, Math.min(envelope.usage.output, 1)),
    ...(envelope.version === "2023-06-01"
      ? {}
      : { output_tokens_details: null, server_tool_use: null, speed: "standard" })
  }
})

/** Encodes `message_delta`, which ends a stream: the stop reason and the cumulative usage. */
export const closing = (envelope: Envelope): Fields => ({
  delta: { ...stopFields(envelope), ...container(envelope) },
  usage: {
    ...inputCounts(envelope),
    output_tokens: envelope.usage.output,
    ...outputDetails(envelope),
    ...serverToolUse(envelope),
    ...iterations(envelope),
    ...fallbackCredit(envelope)
  },
  ...envelope.serverToolTraces.betaFields
})
