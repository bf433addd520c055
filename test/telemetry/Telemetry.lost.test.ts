/** Where telemetry cannot be sent: what is told of it, and that the run goes on. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Logger } from "effect"
import { Telemetry } from "fanfold"
import * as Listeners from "../../src/claude/Listeners.ts"
import * as OtlpExport from "../../src/telemetry/OtlpExport.ts"
import { settings } from "../../src/telemetry/OtlpSettings.ts"
import { closedUrl } from "../Loopback.ts"
import * as Receiver from "./Receiver.ts"

const own = { traceId: "0".repeat(32), spanId: "0".repeat(16) }

/** What a listener is told, and how the run ended, with a receiver at this address. */
const reportedWith = (options: Telemetry.Options, env: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function* () {
    const reported: Array<string> = []
    const report = (problem: string) => Effect.sync(() => void reported.push(problem))
    const isOn = yield* Effect.scoped(
      Effect.gen(function* () {
        const telemetry = yield* Telemetry.make(options, { baseUrl: undefined }, report)
        if (telemetry === undefined) return false
        yield* Listeners.watched({ emit: () => Effect.void }, telemetry).emit({
          _tag: "Started",
          question: "?",
          version: 1,
          at: 1,
          run: "",
          ask: "a",
          part: "ask"
        })
        return true
      })
    ).pipe(Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env })))
    return { isOn, reported }
  })

/** Exports so many spans, and gives what is reported; the export ends once `isDone`. */
const exported = Effect.fnUntraced(function* (
  url: string,
  spans: number,
  isDone = () => true,
  env: Readonly<Record<string, string>> = {}
) {
  const reported: Array<string> = []
  const found = yield* Effect.provideService(
    settings({ url }),
    ConfigProvider.ConfigProvider,
    ConfigProvider.fromEnv({ env })
  )
  yield* Effect.scoped(
    Effect.gen(function* () {
      const { encoding, spans: sink } = yield* OtlpExport.make(found!, false, (problem) =>
        Effect.sync(() => void reported.push(problem))
      )
      for (let n = 0; n < spans; n++) {
        sink.begin(own, undefined, 1, 2, encoding.template("x", "internal", []))
        sink.end()
      }
      while (!isDone()) yield* Effect.sleep(5)
    })
  )
  return reported
})

describe("without a receiver", () => {
  it.live("a run goes on, and is told once that nobody is there", () =>
    Effect.gen(function* () {
      const url = yield* closedUrl
      const { reported } = yield* reportedWith({ url })
      assert.lengthOf(reported, 1)
      assert.match(
        reported[0]!,
        /^Telemetry is lost: http:\/\/127\.0\.0\.1:\d+\/v1\/\w+ cannot be reached: ECONNREFUSED$/
      )
    })
  )

  it.live("that answers, the end waits for as long as it may, and says so", () =>
    Effect.gen(function* () {
      const receiver = yield* Receiver.serve(() => {})
      // As many as leave together at once: the end does not begin before they have arrived.
      const reported = yield* exported(receiver.url, 2048, () => receiver.requests.length > 0, {
        OTEL_EXPORTER_OTLP_TIMEOUT: "150",
        OTEL_EXPORTER_OTLP_HEADERS: "authorization=THE-SECRET"
      })
      assert.lengthOf(reported, 1)
      assert.match(reported[0]!, /\/v1\/\w+ has not (answered in 150 ms|taken the last export in time)$/)
      assert.notInclude(reported[0]!, "THE-SECRET")
    }).pipe(Effect.scoped)
  )

  it.live("that accepts it, its status is told once", () =>
    Effect.gen(function* () {
      const receiver = yield* Receiver.serve((response) => void response.writeHead(401).end("no"))
      const { reported } = yield* reportedWith({ url: receiver.url })
      assert.lengthOf(reported, 1)
      assert.include(reported[0]!, "answered with status 401")
    }).pipe(Effect.scoped)
  )

  it.live("that has no room for a moment, it is sent again, and nothing is told", () =>
    Effect.gen(function* () {
      const receiver = yield* Receiver.serve((response, nth) => {
        response.writeHead(nth === 1 ? 429 : 200, { "retry-after": "0" }).end("{}")
      })
      // As many as leave together at once.
      const reported = yield* exported(receiver.url, 2048, () => receiver.requests.length >= 2)
      assert.lengthOf(receiver.spans, 2 * 2048)
      assert.deepStrictEqual(reported, [])
    }).pipe(Effect.scoped)
  )

  it.live("that takes all of it, what it has rejected is told once", () =>
    Effect.gen(function* () {
      const receiver = yield* Receiver.serve(
        (response) => void response.end('{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}')
      )
      const { reported } = yield* reportedWith({ url: receiver.url })
      assert.lengthOf(reported, 1)
      assert.include(reported[0]!, "has rejected 2 of what it was sent")
    }).pipe(Effect.scoped)
  )

  it.live("that keeps up, as many spans wait as may, and those not sent are counted", () =>
    Effect.gen(function* () {
      const receiver = yield* Receiver.serve()
      const reported = yield* exported(receiver.url, 18 * 2048)
      assert.lengthOf(receiver.spans, 16 * 2048)
      assert.lengthOf(reported, 1)
      assert.match(reported[0]!, /\/v1\/traces is slower than the run: 4096 spans were not sent$/)
    }).pipe(Effect.scoped)
  )

  it.live.each([
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4317" },
      "OTEL_EXPORTER_OTLP_ENDPOINT: expected an http:// or https:// address"
    ],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
      "OTEL_EXPORTER_OTLP_PROTOCOL: expected http/protobuf or http/json, as it is sent over HTTP only"
    ],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1", OTEL_EXPORTER_OTLP_HEADERS: "authorization=%E0%A4%A" },
      "OTEL_EXPORTER_OTLP_HEADERS: expected key=value,key=value, percent-encoded"
    ],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1", OTEL_EXPORTER_OTLP_TIMEOUT: "soon" },
      "OTEL_EXPORTER_OTLP_TIMEOUT: expected milliseconds"
    ]
  ] as const)("a wrong variable is named, and nothing is sent: %o", ([env, said]) =>
    Effect.gen(function* () {
      const { isOn, reported } = yield* reportedWith({}, env)
      assert.isFalse(isOn)
      assert.deepStrictEqual(reported, [`No telemetry is sent: ${said}`])
    })
  )

  it.live.each([
    {},
    { OTEL_SERVICE_NAME: "guides" },
    { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1", OTEL_SDK_DISABLED: "true" },
    { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1", OTEL_TRACES_EXPORTER: "none", OTEL_METRICS_EXPORTER: "none" }
  ])("nothing is listened to where the environment says so: %o", (env) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* reportedWith({}, env), { isOn: false, reported: [] })
    })
  )
})

describe("telemetry that fails itself", () => {
  it.live.each([
    ["when it ends", 1],
    ["where so many events wait that it folds them at once", 512]
  ] as const)("is told of in the log, and the listener hears of each event: %s", ([, events]) =>
    Effect.gen(function* () {
      const receiver = yield* Receiver.serve()
      const logged: Array<string> = []
      const logger = Logger.make(({ message }) => void logged.push(String(message)))
      const content = {
        get request(): never {
          throw new Error("no request")
        }
      }
      let heard = 0
      yield* Effect.scoped(
        Effect.gen(function* () {
          const telemetry = yield* Telemetry.make({ url: receiver.url }, { baseUrl: undefined }, () => Effect.void)
          const listener = Listeners.watched({ emit: () => Effect.sync(() => void heard++) }, telemetry)
          const call = { version: 1, at: 1, run: "r", ask: "a", part: "ask" } as const
          for (let n = 0; n < events; n++) {
            yield* listener.emit({ _tag: "Dispatched", attempt: 1, model: "m", ...call }, content)
          }
        })
      ).pipe(Effect.provide(Logger.layer([logger])))
      assert.strictEqual(heard, events)
      assert.deepStrictEqual(logged, ["Telemetry failed; the run goes on,Error: no request"])
    })
  )
})
