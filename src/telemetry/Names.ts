/**
 * Every name of telemetry, with its type. `gen_ai.*` are of OpenTelemetry's semantic-conventions-genai 0.1.0 (October 2026, status
 * Development: names still move), `http.*`, `server.*`, `url.*`, `error.*` and `exception.*` of semantic-conventions 1.37.
 */
/** The types of attributes, as the conventions name them. */
export type Kind = "string" | "int" | "double" | "boolean" | "string[]"

const attributes = {
  "gen_ai.operation.name": "string",
  "gen_ai.provider.name": "string",
  "gen_ai.agent.name": "string",
  "gen_ai.request.model": "string",
  "gen_ai.request.max_tokens": "int",
  "gen_ai.request.stop_sequences": "string[]",
  "gen_ai.request.stream": "boolean",
  "gen_ai.request.reasoning.level": "string",
  "gen_ai.output.type": "string",
  "gen_ai.response.id": "string",
  "gen_ai.response.model": "string",
  "gen_ai.response.finish_reasons": "string[]",
  /** Seconds. */
  "gen_ai.response.time_to_first_chunk": "double",
  /** Of all that was sent for the call; what came from or went to the prompt cache included. */
  "gen_ai.usage.input_tokens": "int",
  "gen_ai.usage.output_tokens": "int",
  "gen_ai.usage.cache_read.input_tokens": "int",
  "gen_ai.usage.cache_write.input_tokens": "int",
  "gen_ai.usage.reasoning.output_tokens": "int",
  /** Messages and instructions are JSON. */
  "gen_ai.system_instructions": "string",
  "gen_ai.input.messages": "string",
  "gen_ai.output.messages": "string",
  "gen_ai.token.modality": "string",
  "server.address": "string",
  "server.port": "int",
  "error.type": "string",
  "exception.type": "string",
  "exception.message": "string",
  "http.request.method": "string",
  "http.request.resend_count": "int",
  "http.response.status_code": "int",
  "url.full": "string",
  "fanfold.run.id": "string",
  "fanfold.ask.name": "string",
  /** From 0, in the order of the plan. */
  "fanfold.ask.index": "int",
  /** From 1. */
  "fanfold.attempt": "int",
  "fanfold.hedge": "boolean",
  "fanfold.reused": "boolean",
  "fanfold.cost.usd": "double",
  /** `pace`, `warm` or `backoff`. */
  "fanfold.wait.cause": "string"
} as const satisfies Readonly<Record<string, Kind>>
type Attributes = typeof attributes
export type Name = keyof Attributes

interface Values {
  readonly string: string
  readonly int: number
  readonly double: number
  readonly boolean: boolean
  /** One text is a list of it. */
  readonly "string[]": ReadonlyArray<string> | string
}

/** What an attribute may be. */
export type ValueOf<N extends Name> = Values[Attributes[N]]

/** The types of all attributes. */
export const kinds: Readonly<Record<Name, Kind>> = attributes

/** Values of `gen_ai.operation.name`. */
export const operation = { workflow: "invoke_workflow", chat: "chat" } as const

export const provider = "anthropic"

/** The event of a call that failed. */
export const exceptionEvent = "gen_ai.client.inference.exception"

/** Spans that are of no convention: `POST` has the name that HTTP clients give, the others are ours. */
export const span = { attempt: "POST", pace: "pace", warm: "warm", backoff: "backoff" } as const

/** The upper bounds of histograms of durations, in seconds, as the conventions advise. */
export const bounds: ReadonlyArray<number> = Array.from({ length: 14 }, (_, index) => 2 ** index / 100)

/** What is measured. `count` and `amount` add up whole numbers, and any; `state` is what there is now. */
export interface Instrument {
  readonly name: string
  readonly kind: "histogram" | "count" | "amount" | "state"
  readonly unit: string
  readonly description: string
}

export const metric = {
  duration: {
    name: "gen_ai.client.inference.duration",
    kind: "histogram",
    unit: "s",
    description: "Time of one call with all its tries"
  },
  timeToFirstChunk: {
    name: "gen_ai.client.inference.time_to_first_chunk",
    kind: "histogram",
    unit: "s",
    description: "Time from a streamed request to the first piece of its answer"
  },
  inputTokens: {
    name: "gen_ai.client.inference.usage.input_tokens",
    kind: "count",
    unit: "{token}",
    description: "Input tokens billed, those of the prompt cache included"
  },
  outputTokens: {
    name: "gen_ai.client.inference.usage.output_tokens",
    kind: "count",
    unit: "{token}",
    description: "Output tokens billed"
  },
  cacheReadTokens: {
    name: "gen_ai.client.inference.usage.cache_read.input_tokens",
    kind: "count",
    unit: "{token}",
    description: "Input tokens read from the prompt cache"
  },
  cacheWriteTokens: {
    name: "gen_ai.client.inference.usage.cache_write.input_tokens",
    kind: "count",
    unit: "{token}",
    description: "Input tokens written to the prompt cache"
  },
  reasoningTokens: {
    name: "gen_ai.client.inference.usage.reasoning.output_tokens",
    kind: "count",
    unit: "{token}",
    description: "Output tokens of reasoning"
  },
  runDuration: { name: "gen_ai.invoke_agent.duration", kind: "histogram", unit: "s", description: "Time of one run" },
  inFlight: { name: "fanfold.in_flight", kind: "state", unit: "{request}", description: "Requests on their way" },
  wait: {
    name: "fanfold.wait",
    kind: "histogram",
    unit: "s",
    description: "Time that a request waited before it left, by cause"
  },
  refusals: {
    name: "fanfold.refusals",
    kind: "count",
    unit: "{request}",
    description: "Requests that the API had no room for"
  },
  cost: {
    name: "fanfold.cost",
    kind: "amount",
    unit: "USD",
    description: "What was billed, estimated by list or stated prices"
  }
} as const satisfies Readonly<Record<string, Instrument>>

export const instruments = Object.keys(metric) as ReadonlyArray<keyof typeof metric>
