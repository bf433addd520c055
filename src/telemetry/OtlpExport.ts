/**
 * Sends spans and metrics by OTLP over HTTP, each by a fiber of its own. A receiver that is away or slow delays nothing but the end, for a
 * bounded time, and is told once.
 */
import { Clock, Effect, Fiber, Latch, Option, type Scope } from "effect"
import { Metrics } from "./Metrics.ts"
import * as OtlpSender from "./OtlpSender.ts"
import type { Settings, Signal } from "./OtlpSettings.ts"
import type { Span } from "./Span.ts"
import { SpanBody } from "./SpanBody.ts"

/** Spans leave this often, or when there are so many; metrics once a minute. As OpenTelemetry has it, but for the number. */
const spanMillis = 5000
const metricMillis = 60_000
const maxBatch = 2048

/** Spans with prompts and answers are large: fewer go together. */
const maxBatchWithContent = 50

/** So many full bodies wait for a receiver that is slower than the run. */
const maxWaiting = 16

/** How long the end waits for the last exports, where no variable says so. */
export const endMillis = 3000

export interface Exporter {
  readonly emit: (span: Span) => void
  readonly metrics: Metrics
  /** Metrics have changed. */
  readonly touch: () => void
}

/** In parts. */
type Body = ReadonlyArray<Uint8Array>

const scope = JSON.stringify({ name: "fanfold" })

/** Exports until the scope closes, which waits for the last export. `report` is run once at most. */
export const make = Effect.fnUntraced(function* (
  { isDelta, isJson, metrics: metricSignal, resource, traces }: Settings,
  isWithContent: boolean,
  report: (problem: string) => Effect.Effect<void>
): Effect.fn.Return<Exporter, never, Scope.Scope> {
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  const protobuf = isJson
    ? undefined
    : yield* Effect.flatMap(
        Effect.promise(() => import("./OtlpProtobuf.ts")),
        (each) => each.encode
      )
  const encode = (body: Body) => (protobuf === undefined ? body : [protobuf(Buffer.concat(body).toString())])
  const closing = Latch.makeUnsafe()
  let isReported = false
  const reportOnce = (problem: string) =>
    Effect.suspend(() => {
      if (isReported) return Effect.void
      isReported = true
      return report(problem)
    })

  /** Sends what `take` gives, as JSON, one after another: all every `millis` and at the end, what is full whenever woken. */
  const exporting = (signal: Signal, millis: number, wake: Latch.Latch, take: (isAll: boolean) => Body | undefined) => {
    const contentType = isJson ? "application/json" : "application/x-protobuf"
    const send = OtlpSender.make({ signal, contentType, closing, report: reportOnce })
    return Effect.gen(function* () {
      for (;;) {
        const woken = yield* Effect.timeoutOption(wake.await, millis)
        wake.closeUnsafe()
        const isLast = closing.isOpen()
        const isAll = isLast || Option.isNone(woken)
        for (let body = take(isAll); body !== undefined; body = take(isAll)) yield* send(encode(body))
        if (isLast) return
      }
    })
  }

  const resourceText = JSON.stringify(resource)
  const spansHead = `{"resourceSpans":[{"resource":${resourceText},"scopeSpans":[{"scope":${scope},"spans":[`
  const spansWake = Latch.makeUnsafe()
  const waiting: Array<Body> = []
  let spans: SpanBody | undefined
  let dropped = 0
  const maxSpans = isWithContent ? maxBatchWithContent : maxBatch
  const emit = (span: Span) => {
    spans ??= new SpanBody(spansHead, "]}]}]}")
    spans.add(span)
    if (spans.count < maxSpans) return
    if (waiting.length < maxWaiting) waiting.push(spans.end())
    else dropped += spans.count
    spans = undefined
    spansWake.openUnsafe()
  }
  const takeSpans = (isAll: boolean) => {
    const oldest = waiting.shift()
    if (oldest !== undefined || spans === undefined || !isAll) return oldest
    const body = spans.end()
    spans = undefined
    return body
  }

  const metrics = new Metrics(now(), isDelta)
  const metricsWake = Latch.makeUnsafe()
  let isTouched = false
  const takeMetrics = () => {
    if (!isTouched) return undefined
    isTouched = false
    const scopeMetrics = `[{"scope":${scope},"metrics":${JSON.stringify(metrics.snapshot(now()))}}]`
    return [Buffer.from(`{"resourceMetrics":[{"resource":${resourceText},"scopeMetrics":${scopeMetrics}}]}`)]
  }

  const fibers: Array<readonly [signal: Signal, fiber: Fiber.Fiber<void>]> = []
  if (traces !== undefined) {
    fibers.push([traces, yield* Effect.forkScoped(exporting(traces, spanMillis, spansWake, takeSpans))])
  }
  if (metricSignal !== undefined) {
    fibers.push([
      metricSignal,
      yield* Effect.forkScoped(exporting(metricSignal, metricMillis, metricsWake, takeMetrics))
    ])
  }
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      for (const latch of [closing, spansWake, metricsWake]) latch.openUnsafe()
      return Effect.forEach(fibers, ended, { concurrency: "unbounded", discard: true })
    }).pipe(
      Effect.andThen(
        Effect.suspend(() =>
          dropped === 0
            ? Effect.void
            : reportOnce(`${OtlpSender.placeOf(traces!.url)} is slower than the run: ${dropped} spans were not sent`)
        )
      )
    )
  )
  const ended = ([signal, fiber]: (typeof fibers)[number]) =>
    Effect.timeoutOrElse(Effect.asVoid(Effect.interruptible(Fiber.await(fiber))), {
      duration: signal.timeoutMillis ?? endMillis,
      orElse: () => reportOnce(`${OtlpSender.placeOf(signal.url)} has not taken the last export in time`)
    })
  return {
    emit: traces === undefined ? () => {} : emit,
    metrics,
    touch: () => void (isTouched = true)
  }
})
