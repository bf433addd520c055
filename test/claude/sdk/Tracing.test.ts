/** The SDK traces by itself where a program has an OpenTelemetry provider: each of its spans ends with an attempt, and would count it twice. */
import { SpanKind, trace, type Tracer } from "@opentelemetry/api"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Claude } from "fanfold"
import { mockClaude } from "fanfold/mocks"
import { request, send } from "../../FakeClaude.ts"

describe("the spans of the SDK", () => {
  it.live("are off, also where the program has a provider", () =>
    Effect.gen(function* () {
      const started: Array<string> = []
      const tracer = {
        startSpan: (name: string) => {
          started.push(name)
          return trace.wrapSpanContext({ traceId: "0".repeat(32), spanId: "0".repeat(16), traceFlags: 0 })
        }
      } as unknown as Tracer
      trace.setGlobalTracerProvider({ getTracer: () => tracer })
      yield* Effect.addFinalizer(() => Effect.sync(() => trace.disable()))
      trace.getTracer("a program's own").startSpan("seen", { kind: SpanKind.INTERNAL })
      const claude = mockClaude()
      const layer = Claude.layer({ apiKey: Redacted.make("of-no-account"), fetch: claude.fetch })
      yield* Effect.provide(send(), layer)
      yield* Effect.exit(Effect.provide(send(request("why?", { model: "claude-unknown" })), layer))
      assert.deepStrictEqual(started, ["seen"])
      assert.strictEqual(claude.journal.attempts, 2)
    }).pipe(Effect.scoped)
  )
})
