/** Whatever a run goes through, the spans of its calls carry all that it has spent, to the token, and nothing else does. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Random } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { Ask, Attempt, Event, type Message, Research, Stack, Synthesis } from "fanfold"
import * as Listeners from "../../src/claude/Listeners.ts"
import * as RunState from "../../src/report/RunState.ts"
import { Identities } from "../../src/telemetry/Identities.ts"
import { encoding } from "../../src/telemetry/JsonEncoding.ts"
import { Metrics } from "../../src/telemetry/Metrics.ts"
import { RunSpans } from "../../src/telemetry/RunSpans.ts"
import { SpanBody } from "../../src/telemetry/SpanBody.ts"
import * as FakeBatches from "../FakeBatches.ts"
import { failure, make, overloaded, questionOf, reply, type Sent } from "../FakeClaude.ts"
import { AskError } from "fanfold"
import { attributesOf } from "./Receiver.ts"

type Act = "answer" | "stream" | "pause" | "empty" | "refuse" | "overloaded" | "limited" | "invalid" | "cut" | "hang"

interface Plan {
  /** What the attempts of an ask do, one after another and again from the first. */
  readonly acts: ReadonlyArray<ReadonlyArray<Act>>
  readonly millis: ReadonlyArray<number>
  readonly isHedged: boolean
  readonly isBatched: boolean
  readonly hasSynthesis: boolean
  readonly interruptAt: number | undefined
}

const act = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom<Act>("answer", "stream") },
  {
    weight: 4,
    arbitrary: fc.constantFrom<Act>("pause", "empty", "refuse", "overloaded", "limited", "invalid", "cut", "hang")
  }
)
const plans: fc.Arbitrary<Plan> = fc.record({
  acts: fc.array(fc.array(act, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 }),
  millis: fc.array(fc.integer({ min: 0, max: 6000 }), { minLength: 1, maxLength: 5 }),
  isHedged: fc.boolean(),
  isBatched: fc.boolean(),
  hasSynthesis: fc.boolean(),
  interruptAt: fc.option(fc.integer({ min: 0, max: 20_000 }), { nil: undefined, freq: 6 })
})

/** Different numbers in each field, so that none can be taken for another. */
const usageOf = (n: number): Message.Usage => ({
  inputTokens: 10 + n,
  cacheCreationInputTokens: 200 + n,
  cacheReadInputTokens: 3000 + n,
  outputTokens: 40_000 + n,
  thinkingTokens: 7 + n,
  webSearches: 0
})

const perform = (act: Act, millis: number, usage: Message.Usage) =>
  Effect.gen(function* () {
    const current = yield* Attempt.current
    switch (act) {
      case "overloaded":
        return yield* Effect.delay(Effect.fail(overloaded()), millis)
      case "limited":
        return yield* Effect.delay(
          Effect.fail(failure(new AskError.RateLimited({ detail: "later", retryAfterMillis: 1000 }))),
          millis
        )
      case "invalid":
        return yield* Effect.delay(Effect.fail(failure(new AskError.InvalidRequest({ detail: "wrong" }))), millis)
      case "hang":
        return yield* Effect.never
      case "cut":
        current?.chunk(() => ({ model: "claude-haiku-5-5", usage, partialText: "Par" }))
        yield* current?.firstToken ?? Effect.void
        return yield* Effect.delay(
          Effect.fail(failure(new AskError.CutOff({ detail: "gone" }), { usage, model: "claude-haiku-5-5" })),
          millis
        )
      case "stream":
        yield* Effect.sleep(millis / 2)
        current?.headers({})
        current?.chunk(() => ({ model: "claude-haiku-5-5", usage, partialText: "Par" }))
        yield* current?.firstToken ?? Effect.void
        return yield* Effect.delay(Effect.succeed(reply("streamed", { usage })), millis / 2)
      case "pause":
        return yield* Effect.delay(Effect.succeed(reply("so far", { stopReason: "pause_turn", usage })), millis)
      case "empty":
        return yield* Effect.delay(Effect.succeed(reply("", { usage })), millis)
      case "refuse":
        return yield* Effect.delay(Effect.succeed(reply("", { stopReason: "refusal", usage })), millis)
      case "answer":
        return yield* Effect.delay(Effect.succeed(reply("answer", { usage })), millis)
    }
  })

const play = Effect.fnUntraced(function* (plan: Plan) {
  const { acts, hasSynthesis, interruptAt, isBatched, isHedged, millis } = plan
  const tries = new Map<string, number>()
  const claude = make(({ call, request }: Sent, nth) => {
    const name = call.ask
    const done = tries.get(name) ?? 0
    tries.set(name, done + 1)
    const own = acts[Number(name.slice(1))] ?? ["answer"]
    assert.isNotEmpty(questionOf(request) + String(request.messages.length))
    return perform(own[done % own.length]!, millis[nth % millis.length]!, usageOf(nth))
  })
  const batches = FakeBatches.make({
    outcome: (request) =>
      questionOf(request) === "q1"
        ? { _tag: "Errored", error: overloaded() }
        : { _tag: "Succeeded", reply: reply("batched", { usage: usageOf(900) }) }
  })
  const options: Stack.Options = {
    retry: { within: "2 minutes", attempts: 4 },
    timeout: { attempt: "30 seconds", firstToken: "20 seconds", stall: "10 seconds" },
    ...(isHedged && { hedge: { after: "2 seconds", max: 3 } }),
    ...(isBatched && { batch: {} })
  }
  const layer = Stack.layerOver(options).pipe(Layer.provide([claude.layer, batches.layer]))
  const model = ["claude-haiku-5-5", "claude-sonnet-5-5"] as const
  const asks = Object.fromEntries(acts.map((_, index) => [`q${index}`, Ask.text(`q${index}`, { model })]))
  const state = RunState.make()
  const body = new SpanBody(encoding, 2)
  const metrics = new Metrics(encoding, 0, false)
  const folded = new RunSpans({
    name: undefined,
    server: [],
    requestUrl: undefined,
    isWithContent: false,
    encoding,
    identities: new Identities(encoding),
    metrics,
    spans: {
      begin: (...span) => body.begin(...span),
      end: (error, event) => body.end(error, event)
    }
  })
  const listener = Listeners.all([
    { emit: (event) => Effect.sync(() => state.add(event)) },
    { emit: (event: Event.Event, content) => Effect.sync(() => folded.add(event, content)) }
  ])
  const research = Research.run(asks, { policy: "best-effort" })
  const program = hasSynthesis
    ? Effect.asVoid(Effect.flatMap(research, Synthesis.text("Fold.")))
    : Effect.asVoid(research)
  const fiber = yield* program.pipe(
    Effect.provide(layer),
    Effect.provideService(Event.Listener, listener),
    Random.withSeed("telemetry"),
    Effect.forkChild
  )
  if (interruptAt !== undefined) {
    yield* TestClock.adjust(interruptAt)
    yield* Fiber.interrupt(fiber)
  } else {
    for (let hour = 0; hour < 48 && fiber.pollUnsafe() === undefined; hour++) yield* TestClock.adjust("1 hour")
  }
  yield* Fiber.await(fiber)
  folded.close()
  const { resourceSpans } = JSON.parse(Buffer.concat(body.whole(encoding.resource({}))).toString())
  const spans: ReadonlyArray<any> = resourceSpans[0].scopeSpans[0].spans
  return { spans: spans.map((span) => ({ span, attributes: attributesOf(span.attributes) })), state, metrics }
})

type Played = Effect.Success<ReturnType<typeof play>>

const sumOf = ({ spans }: Played, key: string): number =>
  spans.reduce((sum, { attributes }) => sum + Number(attributes[key]?.value ?? 0), 0)

const check = (played: Played): void => {
  const { metrics, spans, state } = played
  const { usage } = state
  const spent: Readonly<Record<string, number>> = {
    "gen_ai.usage.input_tokens": usage.inputTokens + usage.cacheCreationInputTokens + usage.cacheReadInputTokens,
    "gen_ai.usage.output_tokens": usage.outputTokens,
    "gen_ai.usage.cache_read.input_tokens": usage.cacheReadInputTokens,
    "gen_ai.usage.cache_write.input_tokens": usage.cacheCreationInputTokens,
    "gen_ai.usage.reasoning.output_tokens": usage.thinkingTokens
  }
  for (const [key, tokens] of Object.entries(spent)) {
    assert.strictEqual(sumOf(played, key), tokens, key)
    const counter = key.replace("gen_ai.usage", "gen_ai.client.inference.usage")
    const points = metrics.snapshot(0).find(({ instrument }) => instrument.name === counter)?.points ?? []
    assert.strictEqual(
      points.reduce((sum, { value }) => sum + Number(value), 0),
      tokens,
      counter
    )
  }
  const byId = new Map(spans.map(({ span }) => [span.spanId, span]))
  assert.strictEqual(byId.size, spans.length)
  for (const { attributes, span } of spans) {
    const isCall = span.name.startsWith("chat")
    if (!isCall)
      assert.isFalse(
        Object.keys(attributes).some((key) => key.startsWith("gen_ai.usage.")),
        span.name
      )
    const parent = span.parentSpanId === undefined ? undefined : byId.get(span.parentSpanId)
    if (span.name === "invoke_workflow") assert.isUndefined(parent)
    else assert.match(parent!.name, isCall ? /^invoke_workflow$/ : /^chat/)
    if (parent !== undefined) {
      assert.strictEqual(parent.traceId, span.traceId)
      assert.isTrue(
        BigInt(span.startTimeUnixNano) >= BigInt(parent.startTimeUnixNano),
        `${span.name} begins in its parent`
      )
      assert.isTrue(BigInt(span.endTimeUnixNano) <= BigInt(parent.endTimeUnixNano), `${span.name} ends in its parent`)
    }
  }
  assert.lengthOf(
    spans.filter(({ span }) => span.name === "invoke_workflow"),
    1
  )
  const inFlight = metrics.snapshot(0).find(({ instrument }) => instrument.name === "fanfold.in_flight")
    ?.points[0]?.value
  assert.strictEqual(inFlight, 0)
}

describe("the spans of a run", () => {
  it.effect(
    "carry its spending to the token, through retries, hedges, fallbacks and batches: 200 seeds",
    () =>
      Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(plans, (plan) =>
            Effect.runPromise(Effect.map(Effect.provide(play(plan), TestClock.layer()), check))
          ),
          { numRuns: 200, seed: 15 }
        )
      ),
    120_000
  )
})
