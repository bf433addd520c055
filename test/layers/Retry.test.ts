/** Trying again, under virtual time: when, how often, and when to give up. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Ask, AskError, Call, Claude, Event, Message, Pacing, Retry, Stack } from "fanfold"
import * as Tally from "../../src/Tally.ts"
import { failure, invalid, make, overloaded, recorder, reply, request, script, send } from "../FakeClaude.ts"

const limited = (retryAfterMillis?: number) =>
  failure(
    new AskError.RateLimited({ detail: "slow down", ...(retryAfterMillis !== undefined && { retryAfterMillis }) })
  )

const server = (headers?: Record<string, string>) =>
  failure(new AskError.ServerError({ detail: "oops", status: 500 }), { headers })

/** Sends once through Retry and Pacing while hours of virtual time go by; `gaps` are the times between its tries. */
const attempts = (options: Retry.Options, answer: Parameters<typeof make>[0], call: Partial<Call.Call> = {}) =>
  Effect.gen(function* () {
    const claude = make(answer)
    const { events, listen } = recorder()
    const stack = Retry.layer(options).pipe(Layer.provide(Pacing.layer({ inFlight: 8 })), Layer.provide(claude.layer))
    const fiber = yield* send().pipe(
      Effect.provide(stack),
      Effect.updateService(Call.Current, (current) => ({ ...current, ...call })),
      listen,
      Effect.result,
      Effect.forkChild
    )
    yield* TestClock.adjust("3 hours")
    const result = yield* Fiber.join(fiber)
    const times = claude.sent.map(({ at }) => at)
    const gaps = times.slice(1).map((at, index) => at - times[index]!)
    return { claude, events, gaps, result }
  })

const failureOf = ({
  result
}: {
  readonly result: { readonly _tag: string; readonly failure?: AskError.AskError }
}) => {
  assert(result._tag === "Failure" && result.failure !== undefined)
  return result.failure
}

const between = (value: number | undefined, least: number, most: number) => {
  assert.isDefined(value)
  assert.isAtLeast(value, least)
  assert.isAtMost(value, most)
}

describe("Retry", () => {
  it.effect("sends again after a passing fault and gives the reply", () =>
    Effect.gen(function* () {
      const { claude, events, result } = yield* attempts({}, script(overloaded(), overloaded(), reply("yes")))
      assert(result._tag === "Success")
      assert.deepStrictEqual(
        claude.sent.map(({ call }) => call.attempt),
        [1, 2, 3]
      )
      assert.deepStrictEqual(
        events.map((event) => ("attempt" in event ? `${event._tag} ${event.attempt}` : event._tag)),
        [
          "Dispatched 1",
          "AttemptFailed 1",
          "Retrying 1",
          "Dispatched 2",
          "AttemptFailed 2",
          "Retrying 2",
          "Dispatched 3",
          "Replied 3"
        ]
      )
    })
  )

  it.effect("never sends again what cannot be helped", () =>
    Effect.gen(function* () {
      const lasting = [
        invalid(),
        failure(new AskError.SpendLimitReached({ detail: "spent" })),
        failure(new AskError.SpendLimitReached({ detail: "spent" }), { headers: { "x-should-retry": "true" } }),
        failure(new AskError.Authentication({ detail: "no" })),
        failure(new AskError.Unreachable({ detail: "certificate", isPassing: false })),
        failure(new AskError.Refused({ category: "cyber", explanation: null }))
      ]
      for (const error of lasting) {
        const { claude, result } = yield* attempts({}, script(error))
        assert.strictEqual(failureOf({ result }), error)
        assert.strictEqual(claude.sent.length, 1)
      }
    })
  )

  it.effect("lets the API's x-should-retry win over the table", () =>
    Effect.gen(function* () {
      const no = yield* attempts({}, script(server({ "x-should-retry": "false" })))
      assert.strictEqual(no.claude.sent.length, 1)
      const yes = failure(new AskError.InvalidRequest({ detail: "odd" }), { headers: { "x-should-retry": "true" } })
      const { claude, result } = yield* attempts({}, script(yes, reply("yes")))
      assert.strictEqual(result._tag, "Success")
      assert.strictEqual(claude.sent.length, 2)
    })
  )

  it.effect("never comes back before retry-after is over, and at most a tenth later", () =>
    Effect.gen(function* () {
      for (let n = 0; n < 20; n++) {
        const { events, gaps } = yield* attempts({}, script(limited(16_000), reply("yes")))
        between(gaps[0], 16_000, 17_600)
        const retrying = events.find(({ _tag }) => _tag === "Retrying")
        assert(retrying?._tag === "Retrying")
        assert.strictEqual(retrying.delayMillis, gaps[0])
        assert.strictEqual(retrying.reason, "RateLimited")
      }
    })
  )

  it.effect("backs off from half a second, doubling, with jitter, up to the longest wait", () =>
    Effect.gen(function* () {
      const seen = new Set<number>()
      for (let n = 0; n < 20; n++) {
        const { gaps } = yield* attempts({ attempts: 12 }, script(overloaded()))
        assert.strictEqual(gaps.length, 11)
        for (const [index, gap] of gaps.entries()) {
          const step = Math.min(500 * 2 ** index, 60_000)
          between(gap, step * 0.8, step * 1.2)
        }
        seen.add(gaps[0]!)
      }
      assert.isAbove(seen.size, 10)
      const { gaps } = yield* attempts({ attempts: 6, maxWait: "2 seconds" }, script(overloaded()))
      for (const gap of gaps.slice(2)) between(gap, 1600, 2400)
    })
  )

  it.effect("a 429 without a time waits the backoff", () =>
    Effect.gen(function* () {
      const { gaps } = yield* attempts({}, script(limited(), reply("yes")))
      between(gaps[0], 400, 600)
    })
  )

  it.effect("tries passing faults at least eight times, and ends at the ask's limit", () =>
    Effect.gen(function* () {
      const { claude, result } = yield* attempts({}, script(overloaded()))
      assert.isAtLeast(claude.sent.length, 8)
      assert.strictEqual(failureOf({ result }).reason._tag, "Overloaded")
      assert.isAtMost(claude.sent.at(-1)!.at - claude.sent[0]!.at, 20 * 60_000)
    })
  )

  it.effect("makes no more tries than told", () =>
    Effect.gen(function* () {
      for (const most of [1, 2, 5]) {
        const { claude } = yield* attempts({ attempts: most }, script(overloaded()))
        assert.strictEqual(claude.sent.length, most)
      }
    })
  )

  it.effect("gives up at once where retry-after exceeds the time left, and tells the real reason", () =>
    Effect.gen(function* () {
      const { claude, events, result } = yield* attempts({ within: "10 minutes" }, script(limited(3_600_000)))
      assert.strictEqual(failureOf({ result }).reason._tag, "RateLimited")
      assert.strictEqual(claude.sent.length, 1)
      assert.isFalse(events.some(({ _tag }) => _tag === "Retrying"))
    })
  )

  it.effect("ends an ask that is still at it when its time is over", () =>
    Effect.gen(function* () {
      const { claude, events, result } = yield* attempts({ within: "10 seconds" }, () => Effect.never)
      const { reason } = failureOf({ result })
      assert.deepInclude(reason, { _tag: "TimedOut", scope: "ask", limitMillis: 10_000 })
      assert.isFalse(failureOf({ result }).isRetryable)
      assert.strictEqual(claude.interrupted, 1)
      assert.deepStrictEqual(
        events.map(({ _tag }) => _tag),
        ["Dispatched", "AttemptFailed"]
      )
    })
  )

  const paid = { ...Message.noUsage, inputTokens: 12, outputTokens: 3 }
  const cut = failure(new AskError.CutOff({ detail: "gone" }), {
    usage: paid,
    model: "claude-haiku-5-5",
    partialText: "The first"
  })
  const soFar: Claude.SoFar = () => ({ model: "claude-haiku-5-5", usage: paid, partialText: "Par" })

  it.effect("keeps what an ask whose time is over has paid, and what had come of its answer", () =>
    Effect.gen(function* () {
      const hanging = Effect.gen(function* () {
        const activity = yield* Claude.Activity
        activity(soFar)
        return yield* Effect.never
      })
      const { events, result } = yield* attempts({ within: "10 seconds" }, (_sent, nth) =>
        nth <= 2 ? Effect.fail(cut) : hanging
      )
      const error = failureOf({ result })
      assert.deepInclude(error.reason, { _tag: "TimedOut", scope: "ask" })
      assert.deepStrictEqual(error.usage, { ...Message.noUsage, inputTokens: 36, outputTokens: 9 })
      assert.strictEqual(error.partialText, "Par")
      assert.strictEqual(error.model, "claude-haiku-5-5")
      const tally = Tally.make()
      for (const event of events) tally.add(event)
      assert.deepStrictEqual(tally.usage, error.usage)
      assert.isAbove(tally.costUsd!, 0)
      const ended = events.at(-1)
      assert(ended?._tag === "AttemptFailed")
      assert.deepInclude(ended, { attempt: 3, reason: "TimedOut", usage: paid })
      assert.strictEqual(ended.durationMillis, ended.at - events.findLast(({ _tag }) => _tag === "Dispatched")!.at)
    })
  )

  it.effect("tells what an attempt has cost that is interrupted from outside", () =>
    Effect.gen(function* () {
      const claude = make(({ request }) =>
        Effect.flatMap(Claude.Activity, (tell) => {
          if (request.model === "streaming") tell(soFar)
          return Effect.never
        })
      )
      const { events, listen } = recorder()
      const stack = Retry.layer().pipe(Layer.provide(Pacing.layer({ inFlight: 8 })), Layer.provide(claude.layer))
      const both = Effect.all([send(request("a", { model: "streaming" })), send(request("b", { model: "plain" }))], {
        concurrency: 2
      })
      const fiber = yield* both.pipe(Effect.provide(stack), listen, Effect.forkChild)
      yield* TestClock.adjust("7 seconds")
      yield* Fiber.interrupt(fiber)
      const failed = events.filter(({ _tag }) => _tag === "AttemptFailed")
      assert.lengthOf(failed, 1)
      assert.deepInclude(failed[0], { attempt: 1, reason: "Interrupted", usage: paid, durationMillis: 7000 })
    })
  )

  it.effect("keeps the text of an earlier try where nothing has come of the last", () =>
    Effect.gen(function* () {
      const { result } = yield* attempts({ within: "10 seconds" }, (_sent, nth) =>
        nth === 1 ? Effect.flatMap(Claude.Activity, (tell) => Effect.fail((tell(soFar), cut))) : Effect.never
      )
      assert.deepInclude(failureOf({ result }).reason, { _tag: "TimedOut", scope: "ask" })
      assert.strictEqual(failureOf({ result }).partialText, "The first")
      assert.deepStrictEqual(failureOf({ result }).usage, paid)
    })
  )

  it.effect("tells of no attempt where the time is over in the queue", () =>
    Effect.gen(function* () {
      const claude = make(({ request }) => (request.model === "busy" ? Effect.never : Effect.fail(cut)))
      const { events, listen } = recorder()
      const stack = Retry.layer({ within: "10 seconds" }).pipe(
        Layer.provide(Pacing.layer({ inFlight: 1 })),
        Layer.provide(claude.layer)
      )
      const one = send().pipe(
        listen,
        Effect.updateService(Call.Current, (call) => ({ ...call, timeoutMillis: 5000 }))
      )
      const both = Effect.all([one, send(request("b", { model: "busy" }))], { concurrency: 2, mode: "result" })
      const fiber = yield* both.pipe(Effect.provide(stack), Effect.forkChild)
      yield* TestClock.adjust("1 minute")
      const [result] = yield* Fiber.join(fiber)
      assert.deepInclude(failureOf({ result }).reason, { _tag: "TimedOut", scope: "ask" })
      assert.deepStrictEqual(failureOf({ result }).usage, paid)
      assert.deepStrictEqual(
        events.map(({ _tag }) => _tag),
        ["Dispatched", "AttemptFailed", "Retrying"]
      )
    })
  )

  it.effect("adds up what all failed tries have paid", () =>
    Effect.gen(function* () {
      const { result } = yield* attempts({}, script(cut, overloaded(), cut, invalid()))
      assert.strictEqual(failureOf({ result }).reason._tag, "InvalidRequest")
      assert.deepStrictEqual(failureOf({ result }).usage, { ...Message.noUsage, inputTokens: 24, outputTokens: 6 })
    })
  )

  it.effect("prefers the ask's own limit", () =>
    Effect.gen(function* () {
      const { result } = yield* attempts({ within: "10 seconds" }, () => Effect.never, { timeoutMillis: 3000 })
      assert.deepInclude(failureOf({ result }).reason, { scope: "ask", limitMillis: 3000 })
    })
  )

  it.effect("counts the ask's time from its dispatch, not from the queue", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.delay(Effect.succeed(reply("yes")), "8 seconds"))
      const stack = Retry.layer({ within: "10 seconds" }).pipe(
        Layer.provide(Pacing.layer({ inFlight: 1 })),
        Layer.provide(claude.layer)
      )
      const one = Effect.result(send())
      const fiber = yield* Effect.all([one, one, one], { concurrency: 3 }).pipe(Effect.provide(stack), Effect.forkChild)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(
        (yield* Fiber.join(fiber)).map(({ _tag }) => _tag),
        ["Success", "Success", "Success"]
      )
      assert.deepStrictEqual(
        claude.sent.map(({ at }) => at),
        [0, 8000, 16_000]
      )
    })
  )

  it.effect("keeps one limit for all turns of an ask", () =>
    Effect.gen(function* () {
      const paused = Effect.delay(Effect.succeed(reply("…", { stopReason: "pause_turn" })), "4 seconds")
      const claude = make(() => paused)
      const fiber = yield* Ask.text("Long?", { timeout: "10 seconds" }).pipe(
        Effect.provide(Stack.layerOver().pipe(Layer.provide(claude.layer))),
        Effect.result,
        Effect.timed,
        Effect.forkChild
      )
      yield* TestClock.adjust("1 hour")
      const [duration, result] = yield* Fiber.join(fiber)
      assert.strictEqual(failureOf({ result }).reason._tag, "TimedOut")
      assert.strictEqual(Duration.toMillis(duration), 10_000)
      assert.strictEqual(claude.sent.length, 3)
    })
  )

  it.effect("counts its own tries, whoever else repeats the ask", () =>
    Effect.gen(function* () {
      const claude = make(script(invalid(), overloaded(), reply("yes")))
      const fiber = yield* send().pipe(
        Effect.provide(Retry.layer().pipe(Layer.provide(claude.layer))),
        Effect.retry({ times: 3 }),
        Effect.forkChild
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        claude.sent.map(({ call }) => call.attempt),
        [1, 1, 2]
      )
    })
  )

  it.effect("holds no place in the gate while it waits", () =>
    Effect.gen(function* () {
      const claude = make(({ call, request }) =>
        request.model === "busy" && call.attempt === 1 ? Effect.fail(overloaded()) : Effect.succeed(reply("yes"))
      )
      const stack = Retry.layer().pipe(Layer.provide(Pacing.layer({ inFlight: 1 })), Layer.provide(claude.layer))
      const fiber = yield* Effect.all([send(request("a", { model: "busy" })), send(request("b"))], {
        concurrency: 2
      }).pipe(Effect.provide(stack), Effect.forkChild)
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        claude.sent.map(({ request }) => request.model),
        ["busy", "claude-haiku-5-5", "busy"]
      )
      assert.strictEqual(claude.sent[1]!.at, 0)
    })
  )

  it.effect("hands every event on to who listens", () =>
    Effect.gen(function* () {
      const deltas: Array<string> = []
      const claude = make(() =>
        Effect.map(Event.Listener, ({ delta }) => {
          delta?.({ run: "", ask: "ask", part: "ask", text: "Par" })
          return reply("Paris")
        })
      )
      yield* send().pipe(
        Effect.provide(Retry.layer().pipe(Layer.provide(claude.layer))),
        Effect.provideService(Event.Listener, { emit: () => Effect.void, delta: ({ text }) => void deltas.push(text) })
      )
      assert.deepStrictEqual(deltas, ["Par"])
    })
  )
})
