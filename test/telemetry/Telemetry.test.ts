/** What reaches an OTLP receiver: names, types, units and tree as the conventions have them; and what becomes of a run without one. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Deferred, Effect, Layer } from "effect"
import { Ask, AskError, Attempt, Message, Research, Stack, Synthesis, Telemetry } from "fanfold"
import { failure, make, overloaded, questionOf, reply } from "../FakeClaude.ts"
import { closedUrl } from "../Loopback.ts"
import * as Listeners from "../../src/claude/Listeners.ts"
import * as OtlpExport from "../../src/telemetry/OtlpExport.ts"
import { settings } from "../../src/telemetry/OtlpSettings.ts"
import * as Span from "../../src/telemetry/Span.ts"
import * as Receiver from "./Receiver.ts"

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
const instruments: Readonly<Record<string, readonly [kind: string, unit: string, attributes: ReadonlyArray<string>]>> =
  {
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

const kindOf = ({ name }: Receiver.ReceivedSpan): string => name.split(" ")[0]!

const wrongIn = (span: Receiver.ReceivedSpan, isWithContent: boolean): ReadonlyArray<string> => {
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

const usage: Message.Usage = {
  inputTokens: 1,
  cacheCreationInputTokens: 20,
  cacheReadInputTokens: 300,
  outputTokens: 4000,
  thinkingTokens: 50,
  webSearches: 0
}

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

const aSpan = Span.make(Span.identity(), undefined, { name: "x", kind: 1, startAt: 1, endAt: 2, attributes: [] })

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
      const asked = yield* Deferred.make<void>()
      const receiver = yield* Receiver.serve(() => Deferred.doneUnsafe(asked, Effect.void))
      const { reported } = yield* reportedWith(
        {},
        {
          OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
          OTEL_EXPORTER_OTLP_TIMEOUT: "150",
          OTEL_EXPORTER_OTLP_HEADERS: "authorization=THE-SECRET"
        }
      )
      assert.isTrue(yield* Deferred.isDone(asked))
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
      const reported: Array<string> = []
      const report = (problem: string) => Effect.sync(() => void reported.push(problem))
      const found = yield* settings({ url: receiver.url })
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { emit } = yield* OtlpExport.make(found!, false, report)
          // As many as leave together at once.
          for (let n = 0; n < 1000; n++) emit(aSpan)
          while (receiver.requests.length < 2) yield* Effect.sleep(5)
        })
      )
      assert.lengthOf(receiver.spans, 2000)
      assert.deepStrictEqual(reported, [])
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
