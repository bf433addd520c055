/** The schema of a scenario: replies, latency, limits and faults as data, in TypeScript, YAML or JSON. */
import { Schema } from "effect"
import { Fault } from "../faults/Fault.ts"
import * as Latency from "../time/Latency.ts"
import * as Operation from "../wire/Operation.ts"

/** A matcher as data (see Matcher.ts). Patterns are substrings, or `/regular expression/flags`. */
export const When = Schema.Struct({
  user: Schema.optionalKey(Schema.String),
  system: Schema.optionalKey(Schema.String),
  model: Schema.optionalKey(Schema.String),
  part: Schema.optionalKey(Schema.Literals(["ask", "synthesis", "comparison"])),
  nth: Schema.optionalKey(Schema.Int)
})

/** The latencies that data may name. */
export const profiles = {
  none: Latency.none,
  byModel: Latency.byModel,
  haiku45: Latency.haiku45,
  sonnet4: Latency.sonnet4,
  sonnet45: Latency.sonnet45,
  haiku55: Latency.haiku55,
  sonnet55: Latency.sonnet55,
  opus55: Latency.opus55
}

/** A latency as data: a name, fixed milliseconds, a uniform range, or the parameters of a profile in milliseconds. */
export const LatencyData = Schema.Union([
  Schema.Literals(["none", "byModel", "haiku45", "sonnet4", "sonnet45", "haiku55", "sonnet55", "opus55"]),
  Schema.Finite,
  Schema.Struct({ uniform: Schema.Tuple([Schema.Finite, Schema.Finite]) }),
  Schema.Struct({
    lognormal: Schema.Struct({
      firstTokenMillis: Schema.Finite,
      sigma: Schema.Finite,
      perTokenMillis: Schema.Finite,
      networkMillis: Schema.optionalKey(Schema.Finite),
      stallShare: Schema.optionalKey(Schema.Finite)
    })
  })
])

/** One reply. An object is a JSON answer, or a directive if its keys begin with `$` (see Reply.ts). */
export const ScenarioReply = Schema.Struct({
  when: When,
  reply: Schema.Union([Schema.String, Schema.Record(Schema.String, Schema.Unknown)])
})
export type ScenarioReply = typeof ScenarioReply.Type

/** Rate limits a minute as data (see Limits.ts). */
export const LimitsData = Schema.Struct({
  rpm: Schema.optionalKey(Schema.Finite),
  itpm: Schema.optionalKey(Schema.Finite),
  otpm: Schema.optionalKey(Schema.Finite),
  burstSeconds: Schema.optionalKey(Schema.Finite),
  acceleration: Schema.optionalKey(Schema.Struct({ factor: Schema.Finite, floor: Schema.Finite }))
})

/** A fault and the conditions under which it applies (see FaultRules.ts). */
export const ScenarioFault = Schema.Struct({
  fault: Fault,
  operation: Schema.optionalKey(Schema.Literals([...Operation.names, "batches.item"])),
  when: Schema.optionalKey(When),
  times: Schema.optionalKey(Schema.Int),
  attempts: Schema.optionalKey(Schema.Int),
  probability: Schema.optionalKey(Schema.Finite),
  betweenSeconds: Schema.optionalKey(Schema.Tuple([Schema.Finite, Schema.Finite]))
})

/** How batches go, in simulated milliseconds (see BatchTimes.ts). */
export const BatchesData = Schema.Struct({
  processingMillis: Schema.optionalKey(Schema.Finite),
  expiresMillis: Schema.optionalKey(Schema.Finite),
  listedMillis: Schema.optionalKey(Schema.Finite),
  archivedMillis: Schema.optionalKey(Schema.Finite)
})

/** A contradiction between findings, named by a comparison that has all of them (see Contradictions.ts). */
export const ScenarioContradiction = Schema.Struct({
  subject: Schema.String,
  statements: Schema.Record(Schema.String, Schema.String)
})

/** A scenario. All keys are optional; the first of `replies` that matches answers. */
export const Scenario = Schema.Struct({
  seed: Schema.optionalKey(Schema.Int),
  timeScale: Schema.optionalKey(Schema.Finite),
  latency: Schema.optionalKey(LatencyData),
  limits: Schema.optionalKey(LimitsData),
  batches: Schema.optionalKey(BatchesData),
  unmatched: Schema.optionalKey(Schema.Literals(["simulate", "error"])),
  files: Schema.optionalKey(Schema.Array(Schema.String)),
  faults: Schema.optionalKey(Schema.Array(ScenarioFault)),
  replies: Schema.optionalKey(Schema.Array(ScenarioReply)),
  contradictions: Schema.optionalKey(Schema.Array(ScenarioContradiction))
})
export type Scenario = typeof Scenario.Type

/** Makes the latency function of the data. */
export const latencyOf = (data: typeof LatencyData.Type | undefined): Latency.Latency | undefined => {
  if (data === undefined) return undefined
  if (typeof data === "string") return profiles[data]
  if (typeof data === "number") return Latency.fixed(data)
  return "uniform" in data ? Latency.uniform(...data.uniform) : Latency.lognormal(data.lognormal)
}
