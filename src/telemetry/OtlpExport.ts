/**
 * Sends spans and metrics by OTLP over HTTP, with the exporters of `effect/observability`. A receiver that is away or slow delays
 * nothing but the end, for a bounded time, and is told once.
 */
import { Clock, Effect, Exit, Layer, Redacted, Scope } from "effect"
import { FetchHttpClient, HttpBody, HttpClient, HttpClientError } from "effect/http"
import { OtlpExporter, OtlpSerialization } from "effect/observability"
import { Metrics } from "./Metrics.ts"
import type { Settings, Signal } from "./OtlpSettings.ts"
import type { Span } from "./Span.ts"

/** Spans leave this often, or when there are so many; metrics once a minute. As OpenTelemetry has it, but for the number. */
const spanInterval = "5 seconds"
const metricInterval = "60 seconds"
const maxBatch = 1000

/** Spans with prompts and answers are large: fewer go together. */
const maxBatchWithContent = 50

/** How long one request may take, and how long the end waits for the last ones, where no variable says so. */
const requestMillis = 10_000
export const endMillis = 3000

export interface Exporter {
  readonly emit: (span: Span) => void
  readonly metrics: Metrics
  /** Metrics have changed. */
  readonly touch: () => void
}

/** How often an exporter of Effect sends the same again where a fault may pass. */
const retries = 3

/** Statuses after which it does. */
const passing = new Set([408, 429, 500, 502, 503, 504])

/** Watches what becomes of exports: the first loss is reported, and no fault that passes. */
class Receiver {
  readonly #report: (problem: string) => Effect.Effect<void>
  #isReported = false
  isClosing = false
  inFlight = 0
  /** Since the last success. */
  #failures = 0

  constructor(report: (problem: string) => Effect.Effect<void>) {
    this.#report = report
  }

  reportOnce(problem: string): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#isReported) return Effect.void
      this.#isReported = true
      return this.#report(problem)
    })
  }

  #onFailure(problem: string, mayPass = true): Effect.Effect<void> {
    return Effect.suspend(() =>
      ++this.#failures > retries || this.isClosing || !mayPass ? this.reportOnce(problem) : Effect.void
    )
  }

  /** A request that takes too long fails. At the end nothing is tried again. */
  watched(client: HttpClient.HttpClient, timeoutMillis: number): HttpClient.HttpClient {
    return HttpClient.transform(client, (sent, request) => {
      const place = placeOf(request.url)
      const failed = new HttpClientError.HttpClientError({
        reason: new HttpClientError.TransportError({ request, description: "no answer in time" })
      })
      // A connection that was kept may be closed by the receiver at that moment: another one is tried at once.
      const timed = Effect.timeoutOrElse(Effect.retry(sent, { times: 1 }), {
        duration: timeoutMillis,
        orElse: () =>
          Effect.andThen(this.#onFailure(`${place} has not answered in ${timeoutMillis} ms`), Effect.fail(failed))
      })
      const reported = timed.pipe(
        Effect.tap(({ status }) => {
          if (status >= 300) return this.#onFailure(`${place} answered with status ${status}`, passing.has(status))
          return Effect.sync(() => void (this.#failures = 0))
        }),
        Effect.tapError((error) =>
          error === failed ? Effect.void : this.#onFailure(`${place} cannot be reached: ${whyOf(error)}`)
        ),
        Effect.catch((error) => (this.isClosing ? Effect.die(error) : Effect.fail(error)))
      )
      return Effect.suspend(() => {
        this.inFlight++
        return Effect.ensuring(
          reported,
          Effect.sync(() => void this.inFlight--)
        )
      })
    })
  }
}

/** Without its query and credentials, which may be secret. */
const placeOf = (url: string): string => (URL.canParse(url) ? `${new URL(url).origin}${new URL(url).pathname}` : url)

/** The code of the innermost cause, such as `ECONNREFUSED`, or what it says. */
const whyOf = (error: unknown): string => {
  let cause: unknown = error
  const seen = new Set<unknown>()
  for (;;) {
    const { cause: inner, code, reason } = cause as { readonly [key in "cause" | "code" | "reason"]?: unknown }
    if (typeof code === "string") return code
    const next = inner ?? reason
    if (typeof next !== "object" || next === null || seen.has(next)) break
    seen.add(next)
    cause = next
  }
  return cause instanceof Error ? cause.message : String(cause)
}

const scopeOf = { name: "fanfold" }

/** The body of a request with these spans, each of which is JSON already. */
const jsonOf = (resource: Settings["resource"], spans: ReadonlyArray<string>): string =>
  `{"resourceSpans":[{"resource":${JSON.stringify(resource)},"scopeSpans":[{"scope":${JSON.stringify(scopeOf)},"spans":[${spans.join(",")}]}]}]}`

/** JSON as text, which the transport sends as it is. Where it is to be compressed, it must be bytes. */
const jsonBody = (json: string, isCompressed: boolean): HttpBody.HttpBody =>
  isCompressed ? HttpBody.text(json, contentType) : HttpBody.raw(json, { contentType })

const contentType = "application/json"

/** The transport of requests to Claude: proxies count, and nothing else is loaded. Bytes go by the global `fetch`. */
const fetch: typeof globalThis.fetch = (input, init) =>
  import("../transport/Transport.ts").then((transport) => transport.fetchOver("http1", input, init))

/** Exports until the scope closes, which waits for the last export. `report` is run once at most. */
export const make = Effect.fnUntraced(function* (
  { isDelta, isJson, metrics: metricSignal, resource, traces }: Settings,
  isWithContent: boolean,
  report: (problem: string) => Effect.Effect<void>
): Effect.fn.Return<Exporter, never, Scope.Scope> {
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  const receiver = new Receiver(report)
  const metrics = new Metrics(now(), isDelta)
  const services = yield* Layer.build(
    Layer.mergeAll(FetchHttpClient.layer, OtlpSerialization.layerProtobuf, OtlpExporter.layerFlusher)
  )
  const protobuf = yield* Effect.provide(OtlpSerialization.OtlpSerialization, services)
  const client = yield* Effect.provide(HttpClient.HttpClient, services)
  // One for each exporter, which are closed together: their end is in the order of their parts.
  const scopes = [yield* Scope.make(), yield* Scope.make()] as const
  const exporter = (
    scope: Scope.Closeable,
    signal: Signal | undefined,
    options: Pick<Parameters<typeof OtlpExporter.make>[0], "label" | "exportInterval" | "maxBatchSize" | "body">
  ) =>
    signal === undefined
      ? Effect.succeed({ push: () => {} })
      : OtlpExporter.make({
          ...options,
          url: signal.url,
          headers: Redacted.value(signal.headers),
          compression: signal.compression,
          shutdownTimeout: signal.timeoutMillis ?? endMillis
        }).pipe(
          Effect.provideService(HttpClient.HttpClient, receiver.watched(client, signal.timeoutMillis ?? requestMillis)),
          Effect.provide(services),
          Effect.provideService(FetchHttpClient.Fetch, fetch),
          Effect.provideService(Scope.Scope, scope)
        )
  const spans = yield* exporter(scopes[0], traces, {
    label: "fanfold",
    exportInterval: spanInterval,
    maxBatchSize: isWithContent ? maxBatchWithContent : maxBatch,
    body: (spans) => [
      isJson
        ? jsonBody(jsonOf(resource, spans), traces?.compression === "gzip")
        : protobuf.traces({ resourceSpans: [{ resource, scopeSpans: [{ scope: scopeOf, spans }] }] }),
      Effect.void
    ]
  })
  let isTouched = false
  const points = yield* exporter(scopes[1], metricSignal, {
    label: "fanfold",
    exportInterval: metricInterval,
    maxBatchSize: "disabled",
    body: () => {
      isTouched = false
      const scopeMetrics = [{ scope: scopeOf, metrics: metrics.snapshot(now()) }]
      const data = { resourceMetrics: [{ resource, scopeMetrics }] }
      const body = isJson
        ? jsonBody(JSON.stringify(data), metricSignal?.compression === "gzip")
        : protobuf.metrics(data)
      return [body, Effect.void]
    }
  })
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      receiver.isClosing = true
      return Effect.forEach(scopes, (scope) => Scope.close(scope, Exit.void), { concurrency: "unbounded" })
    }).pipe(
      Effect.andThen(
        Effect.suspend(() =>
          receiver.inFlight === 0
            ? Effect.void
            : receiver.reportOnce(`${placeOf((traces ?? metricSignal)!.url)} has not taken the last export in time`)
        )
      )
    )
  )
  return {
    // As JSON a span is one object to be kept, and not a hundred, until it is sent.
    emit: (span) => spans.push(isJson ? JSON.stringify(span) : span),
    metrics,
    touch: () => {
      if (isTouched) return
      isTouched = true
      points.push(undefined)
    }
  }
})
