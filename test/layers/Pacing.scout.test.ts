/** The first calls of a large run are streamed where nothing is known, so that what their headers tell comes early. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { Ask, Call, Event, Pacing, Research, Stack } from "fanfold"
import { attempt, make, reply, request, send, type Sent } from "../FakeClaude.ts"
import { begun, continued, message, serve, startStream, stopped } from "../Loopback.ts"

const allowing = (limit: number) => ({
  "anthropic-ratelimit-requests-limit": String(limit),
  "anthropic-ratelimit-requests-remaining": String(limit - 1)
})

/** Replies take two seconds; the headers of a stream are in after 200 ms. */
const answer =
  (headers: Record<string, string>) =>
  ({ call }: Sent) =>
    Effect.flatMap(attempt, (current) =>
      Effect.sleep(200).pipe(
        Effect.tap(() => Effect.sync(() => call.streamed === true && current.headers(headers))),
        Effect.andThen(Effect.delay(Effect.succeed(reply("yes", { headers })), 1800))
      )
    )

/** Sends for a run of so many asks, all at once, and gives how each was sent and when. */
const sendAll = Effect.fnUntraced(function* (asks: number, headers: Record<string, string>, options?: Pacing.Options) {
  const claude = make(answer(headers))
  const fiber = yield* Effect.forEach(Array.from({ length: asks }), () => send(request()), {
    concurrency: "unbounded"
  }).pipe(
    Effect.updateService(Call.Current, (call) => ({ ...call, asks })),
    Effect.provide(Pacing.layer(options).pipe(Layer.provide(claude.layer))),
    Effect.forkChild
  )
  yield* TestClock.adjust("1 minute")
  yield* Fiber.join(fiber)
  return claude.sent.map(({ at, call }) => [call.streamed === true, at] as const)
})

describe("the first calls", () => {
  it.effect("of a large run are streamed, and the others leave plain when the first headers are in", () =>
    Effect.gen(function* () {
      const sent = yield* sendAll(20, allowing(60_000))
      assert.deepStrictEqual(
        sent,
        Array.from({ length: 20 }, (_, index) => (index < 8 ? ([true, 0] as const) : ([false, 200] as const)))
      )
    })
  )

  it.effect("are no longer streamed once one has come without headers", () =>
    Effect.gen(function* () {
      const sent = yield* sendAll(20, {})
      assert.deepStrictEqual(
        sent.map(([streamed]) => streamed),
        Array.from({ length: 20 }, (_, index) => index < 8)
      )
      assert.isBelow(sent[8]![1], 300)
    })
  )

  it.effect("of a small run, or of one that is told a limit, are plain", () =>
    Effect.gen(function* () {
      for (const sent of [yield* sendAll(8, {}), yield* sendAll(20, {}, { limits: { rpm: 60_000 } })]) {
        assert.isTrue(sent.every(([streamed]) => !streamed))
      }
    })
  )

  it.live("are the same over the wire as the others, in reply, usage and events", () =>
    Effect.gen(function* () {
      const limits = allowing(60_000)
      const { arrived, url } = yield* serve((response, _request, nth) => {
        if (nth > 8)
          return void response
            .writeHead(200, { "content-type": "application/json", ...limits })
            .end(JSON.stringify(message("Paris")))
        for (const [name, value] of Object.entries(limits)) response.setHeader(name, value)
        startStream(response).write(begun)
        // The first eight end when all others have come, who must not have waited for them.
        const ending = setInterval(() => {
          if (arrived.length < 20) return
          clearInterval(ending)
          response.end(continued + stopped)
        }, 5)
      })
      const events: Array<Event.Event> = []
      const asks = Array.from({ length: 20 }, () => Ask.text("Capital of France?"))
      const findings = yield* Research.run(asks).pipe(
        Effect.provide(Stack.layer({ apiKey: Redacted.make("key"), baseUrl: url })),
        Effect.provideService(Event.Listener, { emit: (event) => Effect.sync(() => void events.push(event)) })
      )
      assert.deepStrictEqual(
        findings.answers,
        asks.map(() => "Paris")
      )
      assert.deepStrictEqual(
        arrived.map(({ body }) => body.stream === true),
        asks.map((_, index) => index < 8)
      )
      const usages = events.flatMap((event) => (event._tag === "Replied" ? [event.usage] : []))
      assert.strictEqual(usages.length, 20)
      for (const usage of usages) assert.deepStrictEqual(usage, usages[0])
    })
  )
})
