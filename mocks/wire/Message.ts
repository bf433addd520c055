/** The wire shape of a message, in the fields of an API version. */
import type { Block, Completion, ServerToolTraces } from "./Completion.ts"

/** Versions the mock can play. The older one lacks the fields that are always null, and takes sampling parameters. */
export type ApiVersion = "2023-06-01" | "2026-10-21"

/** Tokens as billed. Input total = `input` + `cacheCreation5m` + `cacheCreation1h` + `cacheRead`. */
export interface Usage {
  readonly input: number
  readonly cacheCreation5m: number
  readonly cacheCreation1h: number
  readonly cacheRead: number
  readonly output: number
  readonly thinking: number
  readonly serviceTier: "standard" | "batch"
}

/** What a message says about itself. */
export interface Envelope {
  readonly id: string
  readonly model: string
  readonly version: ApiVersion
  /** The model reports how much it thought; older ones do so only when thinking was asked for. */
  readonly reportsThinking: boolean
  readonly answer: Completion
  readonly serverToolTraces: ServerToolTraces
  readonly usage: Usage
}

/** Part of a JSON object on the wire. */
export type Fields = Readonly<Record<string, unknown>>

const counts = ({ usage }: Envelope): Fields => ({
  input_tokens: usage.input,
  cache_creation_input_tokens: usage.cacheCreation5m + usage.cacheCreation1h,
  cache_read_input_tokens: usage.cacheRead
})

const details = ({ reportsThinking, usage, version }: Envelope): Fields =>
  reportsThinking || version !== "2023-06-01" ? { output_tokens_details: { thinking_tokens: usage.thinking } } : {}

const serverTools = ({ serverToolTraces, version }: Envelope): Fields =>
  serverToolTraces.serverTools !== undefined || version !== "2023-06-01"
    ? { server_tool_use: serverToolTraces.serverTools ?? null }
    : {}

const nothing = {
  input_tokens: 0,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
  output_tokens: 0
}
const step = (usage: Fields): Fields => ({ type: "message", ...usage })
const advice = (model: string, inputTokens: number): Fields => ({
  type: "advisor_message",
  model,
  ...nothing,
  input_tokens: inputTokens,
  output_tokens: 20
})

/** The steps of an answer; the model asked counts the whole once, others are counted for themselves and are not in the sum. */
const iterations = (envelope: Envelope): Fields => {
  const { serverToolTraces, usage } = envelope
  if (serverToolTraces.steps.length === 0) return {}
  const whole = { ...counts(envelope), cache_creation: creation(envelope), output_tokens: usage.output }
  return {
    iterations: serverToolTraces.steps.map((model, index) =>
      model === null ? step(index === 0 ? whole : nothing) : advice(model, usage.input)
    )
  }
}

const creation = ({ usage }: Envelope): Fields => ({
  ephemeral_5m_input_tokens: usage.cacheCreation5m,
  ephemeral_1h_input_tokens: usage.cacheCreation1h
})

const fullUsage = (envelope: Envelope, output: number): Fields => ({
  ...counts(envelope),
  cache_creation: creation(envelope),
  output_tokens: output,
  service_tier: envelope.usage.serviceTier,
  inference_geo: "not_available"
})

const head = ({ id, model }: Envelope): Fields => ({ model, id, type: "message", role: "assistant" })

const container = ({ serverToolTraces, version }: Envelope): Fields =>
  version === "2023-06-01" && serverToolTraces.container === undefined
    ? {}
    : { container: serverToolTraces.container ?? null }

const diagnostics = ({ version }: Envelope): Fields => (version === "2023-06-01" ? {} : { diagnostics: null })

const withCaller = (block: Block): Block =>
  block.type === "server_tool_use" && block["caller"] === undefined ? { ...block, caller: { type: "direct" } } : block

/** Gives the blocks as the version writes them: the newer one says of server tools, too, who called them. */
export const blocks = ({ answer, version }: Envelope): ReadonlyArray<Block> =>
  version === "2023-06-01" ? answer.content : answer.content.map(withCaller)

const stop = ({ answer }: Envelope): Fields => ({
  stop_reason: answer.stopReason,
  stop_sequence: answer.stopSequence ?? null,
  stop_details: answer.stopDetails ?? null
})

/** Gives the message of a plain reply. */
export const plain = (envelope: Envelope): Fields => ({
  ...head(envelope),
  content: blocks(envelope),
  ...container(envelope),
  ...diagnostics(envelope),
  ...stop(envelope),
  usage: {
    ...fullUsage(envelope, envelope.usage.output),
    ...details(envelope),
    ...serverTools(envelope),
    ...iterations(envelope),
    ...(envelope.version === "2023-06-01" ? {} : { speed: "standard" })
  },
  ...envelope.serverToolTraces.extra
})

/** Gives the empty message that opens a stream: input counts, and almost no output yet. */
export const opening = (envelope: Envelope): Fields => ({
  ...head(envelope),
  content: [],
  ...(envelope.version === "2023-06-01" ? {} : { container: null, diagnostics: null }),
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

/** Gives what closes a stream: why it stopped, and the cumulative usage. */
export const closing = (envelope: Envelope): Fields => ({
  delta: { ...stop(envelope), ...container(envelope) },
  usage: {
    ...counts(envelope),
    output_tokens: envelope.usage.output,
    ...details(envelope),
    ...serverTools(envelope),
    ...iterations(envelope)
  },
  ...envelope.serverToolTraces.extra
})
