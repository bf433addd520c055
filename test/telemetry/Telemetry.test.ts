/** What reaches an OTLP receiver: names, types, units and tree as the conventions have them. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer } from "effect"
import { Ask, AskError, Attempt, Research, Stack, Synthesis, Telemetry } from "fanfold"
import { failure, make, overloaded, questionOf, reply } from "../FakeClaude.ts"
import { instruments, kindOf, wrongIn } from "./Conventions.ts"
import * as Receiver from "./Receiver.ts"
import { usage } from "./Used.ts"

/** One that is streamed, one with everything that can be asked for, one that is tried again, and one that fails. */
const asks = {
  streamed: Ask.text("streamed", { maxTokens: 30_000 }),
  object: Ask.object(
    "object",
    { type: "object", properties: { n: { type: "integer" } }, required: ["n"], additionalProperties: false },
    { effort: "low", system: "You count.", stopSequences: ["stop"] }
  ),
  again: Ask.text("again"),
  wrong: Ask.text("wrong")
}

const claude = () =>
  make(({ call, request }) =>
    Effect.gen(function* () {
      const question = questionOf(request)
      if (call.part === "synthesis") return reply("folded", { usage, id: "msg_synthesis" })
      if (question === "wrong") return yield* failure(new AskError.InvalidRequest({ detail: "secret detail" }))
      if (question === "again" && call.attempt === 1) return yield* overloaded()
      if (question === "streamed") {
        const attempt = (yield* Attempt.current)!
        attempt.chunk(() => ({ model: undefined, usage: undefined, partialText: "s" }))
        yield* attempt.firstToken
      }
      return reply(question === "object" ? '{"n":1}' : "answer", { usage })
    })
  )

const program = Research.run(asks, { policy: "best-effort", context: "A short document." }).pipe(
  Effect.flatMap(Synthesis.text("Fold.")),
  Effect.provide(Layer.provide(Stack.layerOver({ pacing: { inFlight: 2 } }), claude().layer))
)

/** Runs it with these options and variables; the receiver has everything once it is over. */
const traced = (options: Parameters<typeof Telemetry.layer>[0], env: Readonly<Record<string, string>> = {}) =>
  Effect.provide(program, Telemetry.layer(options)).pipe(
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))
  )

const variablesOf = (url: string, protocol: string) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/otel`,
  OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
  OTEL_EXPORTER_OTLP_HEADERS: "authorization=Basic%20THE-SECRET,x-team=plans",
  OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
  OTEL_SERVICE_NAME: "guides",
  OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test,service.name=other",
  ANTHROPIC_BASE_URL: "https://claude.example:8443/proxy"
})

describe("telemetry", () => {
  it.live.each(["http/json", "http/protobuf"])("says what the conventions name, and no more, by %s", (protocol) =>
    Effect.gen(function* () {
      const receiver = yield* Receiver.serve()
      yield* traced({ name: "counting" }, variablesOf(receiver.url, protocol))
      assert.deepStrictEqual(
        receiver.spans.flatMap((span) => wrongIn(span, false)),
        []
      )
      const count = (kind: string) => receiver.spans.filter((span) => kindOf(span) === kind).length
      assert.deepStrictEqual(
        { runs: count("invoke_workflow"), calls: count("chat"), posts: count("POST"), backoffs: count("backoff") },
        { runs: 1, calls: 5, posts: 6, backoffs: 1 }
      )
      const called = (name: string) =>
        receiver.spans.find((span) => span.attributes["fanfold.ask.name"]?.value === name)!
      const valueOf = (name: string, key: string) => called(name).attributes[key]?.value
      assert.strictEqual(valueOf("object", "gen_ai.usage.input_tokens"), 321)
      assert.strictEqual(valueOf("object", "gen_ai.usage.cache_write.input_tokens"), 20)
      assert.strictEqual(valueOf("object", "gen_ai.request.reasoning.level"), "low")
      assert.strictEqual(valueOf("object", "gen_ai.output.type"), "json")
      assert.deepStrictEqual(valueOf("object", "gen_ai.request.stop_sequences"), ["stop"])
      assert.strictEqual(valueOf("object", "fanfold.ask.index"), 1)
      assert.strictEqual(valueOf("object", "server.address"), "claude.example")
      assert.strictEqual(valueOf("object", "server.port"), 8443)
      assert.isDefined(valueOf("streamed", "gen_ai.response.time_to_first_chunk"))
      assert.strictEqual(valueOf("wrong", "error.type"), "InvalidRequest")
      assert.deepStrictEqual(
        called("wrong").events.map(({ name }) => name),
        ["gen_ai.client.inference.exception"]
      )
      assert.strictEqual(valueOf("synthesis", "gen_ai.response.id"), "msg_synthesis")
      const run = receiver.spans.find((span) => kindOf(span) === "invoke_workflow")
      assert.strictEqual(run!.name, "invoke_workflow counting")
      assert.isTrue(receiver.spans.every(({ traceId }) => traceId === run!.traceId))

      for (const { kind, name, points, unit } of receiver.metrics()) {
        const [knownKind, knownUnit, keys] = instruments[name] ?? ["none", "none", []]
        assert.deepStrictEqual([kind, unit], [knownKind, knownUnit], name)
        for (const { attributes } of points) assert.includeMembers([...keys], Object.keys(attributes), name)
      }
      assert.deepStrictEqual(
        receiver
          .metrics()
          .map(({ name }) => name)
          .toSorted(),
        Object.keys(instruments).toSorted()
      )
      const points = (name: string) => receiver.metrics().find((each) => each.name === name)!.points
      assert.deepStrictEqual(
        points("gen_ai.client.inference.duration")[0]!.bounds,
        [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
      )
      const ofFailed = points("gen_ai.client.inference.usage.input_tokens").filter(
        ({ attributes }) => attributes["error.type"] !== undefined
      )
      assert.deepStrictEqual(
        ofFailed.map(({ value }) => value),
        [0]
      )

      assert.deepStrictEqual(receiver.requests.map(({ path }) => path).toSorted(), [
        "/otel/v1/metrics",
        "/otel/v1/traces"
      ])
      const { headers } = receiver.requests[0]!
      assert.strictEqual(headers["authorization"], "Basic THE-SECRET")
      assert.strictEqual(headers["x-team"], "plans")
      assert.strictEqual(
        headers["content-type"],
        protocol === "http/json" ? "application/json" : "application/x-protobuf"
      )
      const [resource] = receiver.resources
      assert.strictEqual(resource!["service.name"]?.value, "guides")
      assert.strictEqual(resource!["deployment.environment.name"]?.value, "test")
    }).pipe(Effect.scoped)
  )

  it.live("has prompts and answers only where they are asked for", () =>
    Effect.gen(function* () {
      const receiver = yield* Receiver.serve()
      yield* traced({ url: receiver.url, name: "counting" })
      assert.notInclude(JSON.stringify(receiver.spans), "You count.")
      assert.notInclude(JSON.stringify(receiver.spans), "A short document.")
      assert.notInclude(JSON.stringify(receiver.spans), "answer")
      receiver.spans.length = 0
      yield* traced({ url: receiver.url, name: "counting", content: true })
      assert.deepStrictEqual(
        receiver.spans.flatMap((span) => wrongIn(span, true)),
        []
      )
      const object = receiver.spans.find((span) => span.attributes["fanfold.ask.name"]?.value === "object")!
      const parsed = (key: string) => JSON.parse(String(object.attributes[key]?.value))
      assert.deepStrictEqual(parsed("gen_ai.system_instructions"), [
        { type: "text", content: "A short document." },
        { type: "text", content: "You count." }
      ])
      assert.deepStrictEqual(parsed("gen_ai.input.messages"), [
        { role: "user", parts: [{ type: "text", content: "object" }] }
      ])
      assert.deepStrictEqual(parsed("gen_ai.output.messages"), [
        { role: "assistant", parts: [{ type: "text", content: '{"n":1}' }], finish_reason: "end_turn" }
      ])
    }).pipe(Effect.scoped)
  )

  it.live("keeps several runs at once apart", () =>
    Effect.gen(function* () {
      const receiver = yield* Receiver.serve()
      yield* Effect.all([program, program, program], { concurrency: 3 }).pipe(
        Effect.provide(Telemetry.layer({ url: receiver.url, name: "counting" }))
      )
      const runs = receiver.spans.filter((span) => kindOf(span) === "invoke_workflow")
      assert.strictEqual(new Set(runs.map(({ traceId }) => traceId)).size, 3)
      for (const { spanId } of runs) {
        assert.lengthOf(
          receiver.spans.filter(({ parentSpanId }) => parentSpanId === spanId),
          5
        )
      }
    }).pipe(Effect.scoped)
  )
})
