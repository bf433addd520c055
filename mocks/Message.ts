/** The wire shape of a message, in the fields of an API version. */
import type { Answer } from "./Answer.ts"

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
  readonly answer: Answer
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

const serverTools = ({ answer, version }: Envelope): Fields =>
  answer.serverTools !== undefined || version !== "2023-06-01" ? { server_tool_use: answer.serverTools ?? null } : {}

const fullUsage = (envelope: Envelope, output: number): Fields => ({
  ...counts(envelope),
  cache_creation: {
    ephemeral_5m_input_tokens: envelope.usage.cacheCreation5m,
    ephemeral_1h_input_tokens: envelope.usage.cacheCreation1h
  },
  output_tokens: output,
  service_tier: envelope.usage.serviceTier,
  inference_geo: "not_available"
})

const head = ({ id, model }: Envelope): Fields => ({ model, id, type: "message", role: "assistant" })

const nulls = ({ answer, version }: Envelope): Fields =>
  version === "2023-06-01"
    ? answer.container === undefined
      ? {}
      : { container: answer.container }
    : { container: answer.container ?? null, diagnostics: null }

const stop = ({ answer }: Envelope): Fields => ({
  stop_reason: answer.stopReason,
  stop_sequence: answer.stopSequence ?? null,
  stop_details: answer.stopDetails ?? null
})

/** Gives the message of a plain reply. */
export const plain = (envelope: Envelope): Fields => ({
  ...head(envelope),
  content: envelope.answer.content,
  ...nulls(envelope),
  ...stop(envelope),
  usage: {
    ...fullUsage(envelope, envelope.usage.output),
    ...details(envelope),
    ...serverTools(envelope),
    ...(envelope.version === "2023-06-01" ? {} : { speed: "standard" })
  },
  ...envelope.answer.extra
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
export const closing = (envelope: Envelope): Fields => {
  const { answer, version } = envelope
  const container = version === "2023-06-01" && answer.container === undefined ? {} : { container: answer.container ?? null }
  return {
    delta: { ...stop(envelope), ...container },
    usage: {
      ...counts(envelope),
      output_tokens: envelope.usage.output,
      ...details(envelope),
      ...serverTools(envelope)
    },
    ...answer.extra
  }
}
