/** The conventions that telemetry follows, written down apart from the code that follows them. */
import type * as Receiver from "./Receiver.ts"

/** The conventions, as they are published: each attribute of each kind of span, with its type; `!` where it must be there. */
const call = {
  "gen_ai.operation.name": "string!",
  "gen_ai.provider.name": "string!",
  "gen_ai.request.model": "string!",
  "server.address": "string!",
  "server.port": "int!",
  "gen_ai.request.max_tokens": "int!",
  "gen_ai.request.stop_sequences": "string[]",
  "gen_ai.request.stream": "boolean",
  "gen_ai.request.reasoning.level": "string",
  "gen_ai.output.type": "string",
  "gen_ai.response.id": "string",
  "gen_ai.response.model": "string",
  "gen_ai.response.finish_reasons": "string[]",
  "gen_ai.response.time_to_first_chunk": "double",
  "gen_ai.usage.input_tokens": "int!",
  "gen_ai.usage.output_tokens": "int!",
  "gen_ai.usage.cache_read.input_tokens": "int!",
  "gen_ai.usage.cache_write.input_tokens": "int!",
  "gen_ai.usage.reasoning.output_tokens": "int!",
  "error.type": "string",
  "fanfold.run.id": "string!",
  "fanfold.ask.name": "string!",
  "fanfold.ask.index": "int",
  "fanfold.reused": "boolean",
  "fanfold.cost.usd": "double"
}
const wait = { "fanfold.attempt": "int!" }
const table: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  invoke_workflow: {
    "gen_ai.operation.name": "string!",
    "gen_ai.agent.name": "string!",
    "fanfold.run.id": "string!",
    "fanfold.cost.usd": "double",
    "error.type": "string"
  },
  chat: call,
  POST: {
    "http.request.method": "string!",
    "server.address": "string!",
    "server.port": "int!",
    "url.full": "string!",
    "http.request.resend_count": "int",
    "http.response.status_code": "int",
    "error.type": "string",
    "fanfold.attempt": "int!",
    "fanfold.hedge": "boolean"
  },
  pace: wait,
  warm: wait,
  backoff: wait
}
const content = new Set(["gen_ai.system_instructions", "gen_ai.input.messages", "gen_ai.output.messages"])

/** The instruments: kind, unit, and attributes. */
const ofCall = [
  "gen_ai.operation.name",
  "gen_ai.provider.name",
  "gen_ai.request.model",
  "gen_ai.response.model",
  "server.address",
  "server.port",
  "error.type"
]
const ofTokens = ["counter", "{token}", [...ofCall, "gen_ai.token.modality"]] as const
export const instruments: Readonly<
  Record<string, readonly [kind: string, unit: string, attributes: ReadonlyArray<string>]>
> = {
  "gen_ai.client.inference.duration": ["histogram", "s", ofCall],
  "gen_ai.client.inference.time_to_first_chunk": ["histogram", "s", ofCall],
  "gen_ai.client.inference.usage.input_tokens": ofTokens,
  "gen_ai.client.inference.usage.output_tokens": ofTokens,
  "gen_ai.client.inference.usage.cache_read.input_tokens": ofTokens,
  "gen_ai.client.inference.usage.cache_write.input_tokens": ofTokens,
  "gen_ai.client.inference.usage.reasoning.output_tokens": ofTokens,
  "gen_ai.invoke_agent.duration": ["histogram", "s", ["gen_ai.operation.name", "gen_ai.agent.name", "error.type"]],
  "fanfold.in_flight": ["updowncounter", "{request}", []],
  "fanfold.wait": ["histogram", "s", ["fanfold.wait.cause"]],
  "fanfold.refusals": ["counter", "{request}", ["error.type"]],
  "fanfold.cost": ["counter", "USD", ["gen_ai.request.model"]]
}

export const kindOf = ({ name }: Receiver.ReceivedSpan): string => name.split(" ")[0]!

/** What a span lacks or has too much of, by the table. */
export const wrongIn = (span: Receiver.ReceivedSpan, isWithContent: boolean): ReadonlyArray<string> => {
  const known = table[kindOf(span)]
  if (known === undefined) return [`${span.name} is no known span`]
  const named = Object.entries(known)
  const missing = named.filter(([key, type]) => type.endsWith("!") && span.attributes[key] === undefined)
  const unknown = Object.entries(span.attributes).filter(
    ([key, { type }]) => known[key]?.replace("!", "") !== type && !(isWithContent && content.has(key))
  )
  return [
    ...missing.map(([key]) => `${span.name} lacks ${key}`),
    ...unknown.map(([key, { type }]) => `${span.name} has ${key} of ${type}`)
  ]
}
