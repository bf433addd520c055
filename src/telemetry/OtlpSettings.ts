/** Where telemetry is sent, and how: by the option `otlp`, and by OpenTelemetry's environment variables. */
import { Config, Effect, Redacted, Schema } from "effect"
import * as OtlpResource from "effect/observability/OtlpResource"
import type { Options } from "../options/OtlpOption.ts"
import { text } from "../options/Variable.ts"

/** Of traces, or of metrics. */
export interface Signal {
  readonly url: string
  readonly headers: Redacted.Redacted<Readonly<Record<string, string>>>
  readonly compression: "gzip" | "none"
  readonly timeoutMillis: number | undefined
}

export interface Settings {
  /** `undefined` where its exporter is `none`, or it has no endpoint. */
  readonly traces: Signal | undefined
  readonly metrics: Signal | undefined
  readonly isJson: boolean
  /** Each export of metrics has what is new, and not all since the start. */
  readonly isDelta: boolean
  readonly resource: OtlpResource.Resource
}

/** The service, where neither option nor variable names one. */
const serviceName = "fanfold"

const wrong = (name: string, expected: string) => `${name}: expected ${expected}`

/** The pairs of a variable that may be missing; a wrong one is told without its value, which may be secret. */
const record = Effect.fnUntraced(function* (name: string) {
  if ((yield* text(name)) === "") return undefined
  const pairs = Config.Record(Schema.StringFromUriComponent, Schema.StringFromUriComponent, name, { trim: true })
  return yield* Effect.mapError(pairs, () => wrong(name, "key=value,key=value, percent-encoded"))
})

/** The first of these variables that is set. */
const firstOf = Effect.fnUntraced(function* (...names: ReadonlyArray<string>) {
  for (const name of names) {
    const value = yield* text(name)
    if (value !== "") return { name, value }
  }
  return undefined
})

const kinds = ["traces", "metrics"] as const

const endpointOf = Effect.fnUntraced(function* (kind: (typeof kinds)[number], url: string | undefined) {
  if (url !== undefined) return `${url.replace(/\/+$/, "")}/v1/${kind}`
  const base = "OTEL_EXPORTER_OTLP_ENDPOINT"
  const found = yield* firstOf(`OTEL_EXPORTER_OTLP_${kind.toUpperCase()}_ENDPOINT`, base)
  if (found === undefined) return undefined
  const { name, value } = found
  if (!/^https?:\/\//i.test(value) || !URL.canParse(value)) {
    return yield* Effect.fail(wrong(name, "an http:// or https:// address"))
  }
  return name === base ? `${value.replace(/\/+$/, "")}/v1/${kind}` : value
})

const signalOf = Effect.fnUntraced(function* (
  kind: (typeof kinds)[number],
  given: string | undefined
): Effect.fn.Return<Signal | undefined, string> {
  const own = `OTEL_EXPORTER_OTLP_${kind.toUpperCase()}`
  const exporter = yield* firstOf(`OTEL_${kind.toUpperCase()}_EXPORTER`)
  if (given === undefined && exporter !== undefined && !/(^|,)\s*otlp\s*(,|$)/i.test(exporter.value)) return undefined
  const url = yield* endpointOf(kind, given)
  if (url === undefined) return undefined
  const compression = yield* firstOf(`${own}_COMPRESSION`, "OTEL_EXPORTER_OTLP_COMPRESSION")
  const timeout = yield* firstOf(`${own}_TIMEOUT`, "OTEL_EXPORTER_OTLP_TIMEOUT")
  const millis = timeout === undefined ? undefined : Number(timeout.value)
  if (timeout !== undefined && !(millis! > 0)) return yield* Effect.fail(wrong(timeout.name, "milliseconds"))
  if (compression !== undefined && !/^(gzip|none)$/.test(compression.value)) {
    return yield* Effect.fail(wrong(compression.name, "gzip or none"))
  }
  const headers = (yield* record(`${own}_HEADERS`)) ?? (yield* record("OTEL_EXPORTER_OTLP_HEADERS")) ?? {}
  return {
    url,
    headers: Redacted.make(headers),
    compression: compression?.value === "gzip" ? "gzip" : "none",
    timeoutMillis: millis
  }
})

/**
 * `undefined` where nothing is to be sent: no address is given, or `OTEL_SDK_DISABLED` is true. Fails with a line that names the
 * variable which is wrong, and never its value.
 */
export const settings = Effect.fnUntraced(function* (options: Options): Effect.fn.Return<Settings | undefined, string> {
  if (/^true$/i.test(yield* text("OTEL_SDK_DISABLED"))) {
    return options.url === undefined ? undefined : yield* Effect.fail("OTEL_SDK_DISABLED is true")
  }
  const traces = yield* signalOf("traces", options.url)
  const metrics = yield* signalOf("metrics", options.url)
  if (traces === undefined && metrics === undefined) return undefined
  const protocol = yield* firstOf("OTEL_EXPORTER_OTLP_PROTOCOL")
  if (protocol !== undefined && !/^http\/(json|protobuf)$/.test(protocol.value)) {
    return yield* Effect.fail(wrong(protocol.name, `http/protobuf or http/json, as it is sent over HTTP only`))
  }
  const temporality = yield* firstOf("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE")
  const given = (yield* record("OTEL_RESOURCE_ATTRIBUTES")) ?? {}
  const named = yield* firstOf("OTEL_SERVICE_NAME")
  return {
    traces,
    metrics,
    isJson: protocol?.value !== "http/protobuf",
    isDelta: temporality?.value.toLowerCase() === "delta",
    resource: OtlpResource.make({
      serviceName: named?.value ?? given["service.name"] ?? serviceName,
      attributes: given
    })
  }
})
