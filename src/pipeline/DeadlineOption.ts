/** The option `deadline`: until when asks are answered, and until when the whole run ends; its schema and its checks. */
import { type Duration, Schema, SchemaGetter } from "effect"
import { planText } from "../options/DurationText.ts"
import type * as Issue from "../options/Issue.ts"
import { inCode, limitMillisOf, PositiveDuration, PositiveDurationInput } from "../options/OptionSchemas.ts"

const either = { expected: 'a time longer than zero, such as "90 seconds", or { asking, all }' }

/** Both are counted from the start of the research. One or both; `asking` alone may also be written as a time. */
export const Limits = Schema.Struct({
  asking: Schema.optionalKey(
    PositiveDuration.annotate({
      description: "Ends the asks under every policy; the answers there are then become the document (default: none)",
      isMain: true
    })
  ),
  all: Schema.optionalKey(
    PositiveDuration.annotate({
      description: "Ends the asks and the synthesis; a run without a document keeps its answers (default: none)"
    })
  )
})
  .check(Schema.makeFilter(({ all, asking }) => all !== undefined || asking !== undefined, either))
  .annotate(either)

/** The deadline of a plan. */
export const Deadline = Schema.Union([
  PositiveDuration.pipe(
    Schema.decodeTo(Schema.toType(Limits), {
      decode: SchemaGetter.transform((asking: Duration.Duration) => ({ asking })),
      encode: SchemaGetter.transform(({ asking }: typeof Limits.Type) => asking!)
    })
  ),
  Limits
]).annotate(either)

/** The deadline in code: a time for `asking`, or both. */
export type Given =
  | Duration.Input
  | { readonly asking?: Duration.Input | undefined; readonly all?: Duration.Input | undefined }

/** The schema of `Given`. */
export const Given = Schema.Union([PositiveDurationInput, inCode(Limits).annotate(either)]).annotate(either)

const isLimits = (given: unknown): given is Exclude<Given, Duration.Input> =>
  typeof given === "object" && given !== null && ("asking" in given || "all" in given)

/** The end of the asks, which is not after that of the run, and the end of the run. */
export const limitsOf = (
  given: Given | undefined
): { readonly asking: Duration.Input | undefined; readonly all: Duration.Input | undefined } => {
  if (!isLimits(given)) return { asking: given, all: undefined }
  return { asking: given.asking ?? given.all, all: given.all }
}

/** Both limits in milliseconds; null for one that is not set. */
export const millisOf = (given: Given): { readonly asking: number | null; readonly all: number | null } => {
  const { all, asking } = isLimits(given) ? given : { all: undefined, asking: given }
  return { asking: limitMillisOf(asking) ?? null, all: limitMillisOf(all) ?? null }
}

/** `8 minutes`, or `asking 8 minutes, all 10 minutes`. */
export const textOf = (given: Given): string => {
  const { all, asking } = millisOf(given)
  if (all === null) return planText(asking ?? Number.POSITIVE_INFINITY)
  return `${asking === null ? "" : `asking ${planText(asking)}, `}all ${planText(all)}`
}

/** A deadline and the timeouts it is compared with. The values may be unchecked. */
export interface Limited {
  readonly deadline?: unknown
  readonly timeout?: unknown
  readonly retry?: unknown
  /** By name, each with its own `timeout` where it has one. */
  readonly asks?: unknown
}

/** The issues of a deadline that leaves no time for the synthesis, or is shorter than every timeout, which would have no effect. */
export const issuesOf = ({ asks, deadline, retry, timeout }: Limited): ReadonlyArray<Issue.Issue> => {
  const { all, asking } = isLimits(deadline) ? deadline : { all: undefined, asking: deadline }
  const [allMillis, askingMillis] = [limitMillisOf(all), limitMillisOf(asking)]
  if (allMillis !== undefined && askingMillis !== undefined && askingMillis >= allMillis) {
    const message = `expected less than ${planText(allMillis)} (all), got ${planText(askingMillis)}`
    return [{ path: ["deadline", "asking"], message }]
  }
  const limitMillis = askingMillis ?? allMillis
  if (limitMillis === undefined) return []
  const path = allMillis === undefined ? ["deadline"] : ["deadline", askingMillis === undefined ? "all" : "asking"]
  const own = Object.entries(toObject(asks)).map(([name, ask]) => [`asks.${name}`, ask, "timeout"] as const)
  const attempt = ["firstToken", "stall", "attempt"].map((name) => ["timeout", timeout, name] as const)
  const timeouts = [...attempt, ["retry", retry, "within"] as const, ...own].flatMap(([path, options, name]) => {
    const millis = limitMillisOf(toObject(options)[name])
    return millis === undefined ? [] : [{ millis, name: `${path}.${name}` }]
  })
  const [first, ...others] = timeouts
  if (first === undefined) return []
  const shortest = others.reduce((shortest, one) => (one.millis < shortest.millis ? one : shortest), first)
  if (limitMillis >= shortest.millis) return []
  const expected = `expected at least ${planText(shortest.millis)}, the shortest timeout (${shortest.name})`
  return [{ path, message: `${expected}, got ${planText(limitMillis)}` }]
}

const toObject = (value: unknown): { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null ? { ...value } : {}
