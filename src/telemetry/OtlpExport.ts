/**
 * Sends spans and metrics by OTLP over HTTP, each by a fiber of its own. A receiver that is away or slow delays nothing but the end, for a
 * bounded time, and is told once.
 */
import { Clock, Effect, Fiber, Latch, Option, type Scope } from "effect"
import type { Encoding } from "./Encoding.ts"
import { Metrics } from "./Metrics.ts"
import * as OtlpSender from "./OtlpSender.ts"
import type { Settings, Signal } from "./OtlpSettings.ts"
import type { Body } from "./SpanBody.ts"
import { noSpans, SpanQueue, type SpanSink } from "./SpanQueue.ts"

/** Spans leave this often, or when there are enough for a body; metrics once a minute. As OpenTelemetry has it. */
const spanMillis = 5000
const metricMillis = 60_000

/** How long the end waits for the last exports, where no variable says so. */
export const endMillis = 3000

export interface Exporter {
  readonly encoding: Encoding
  readonly spans: SpanSink
  readonly metrics: Metrics
  /** Metrics have changed. */
  readonly touch: () => void
}

/** Exports until the scope closes, which waits for the last export. `report` is run once at most. */
export const make = Effect.fnUntraced(function* (
  { isDelta, isJson, metrics: metricSignal, resource, traces }: Settings,
  isWithContent: boolean,
  report: (problem: string) => Effect.Effect<void>
): Effect.fn.Return<Exporter, never, Scope.Scope> {
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  const { encoding } = yield* Effect.promise(() =>
    isJson ? import("./JsonEncoding.ts") : import("./ProtobufEncoding.ts")
  )
  const closing = Latch.makeUnsafe()
  let isReported = false
  const reportOnce = (problem: string) =>
    Effect.suspend(() => {
      if (isReported) return Effect.void
      isReported = true
      return report(problem)
    })

  /** Sends what `take` gives, one after another: all every `millis` and at the end, what is full whenever woken. */
  const exporting = (signal: Signal, millis: number, wake: Latch.Latch, take: (isAll: boolean) => Body | undefined) => {
    const send = OtlpSender.make({ signal, contentType: encoding.contentType, closing, report: reportOnce })
    return Effect.gen(function* () {
      for (;;) {
        const woken = yield* Effect.timeoutOption(wake.await, millis)
        wake.closeUnsafe()
        const isLast = closing.isOpen()
        const isAll = isLast || Option.isNone(woken)
        for (let body = take(isAll); body !== undefined; body = take(isAll)) yield* send(body)
        if (isLast) return
      }
    })
  }

  // Variables hold texts, and so do attributes made of them.
  const ofResource = encoding.resource(
    Object.fromEntries(resource.attributes.map(({ key, value }) => [key, value.stringValue ?? ""]))
  )
  const spansWake = Latch.makeUnsafe()
  const queue = new SpanQueue(encoding, ofResource, isWithContent, () => spansWake.openUnsafe())

  const metrics = new Metrics(encoding, now(), isDelta)
  const metricsWake = Latch.makeUnsafe()
  let isTouched = false
  const takeMetrics = () => {
    if (!isTouched) return undefined
    isTouched = false
    return [Buffer.from(encoding.metrics(ofResource, metrics.snapshot(now())), encoding.charset)]
  }

  const fibers: Array<readonly [signal: Signal, fiber: Fiber.Fiber<void>]> = []
  if (traces !== undefined) {
    fibers.push([
      traces,
      yield* Effect.forkScoped(exporting(traces, spanMillis, spansWake, (isAll) => queue.take(isAll)))
    ])
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
          queue.dropped === 0
            ? Effect.void
            : reportOnce(
                `${OtlpSender.placeOf(traces!.url)} is slower than the run: ${queue.dropped} spans were not sent`
              )
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
    encoding,
    spans: traces === undefined ? noSpans : queue,
    metrics,
    touch: () => void (isTouched = true)
  }
})
