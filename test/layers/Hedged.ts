/** What the tests of Hedge share: a run with second copies over a Claude of known latencies, in virtual time. */
import { assert } from "@effect/vitest"
import { Clock, Effect, Exit, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Ask, AskError, Call, Claude, Hedge, Pacing, Research, Retry } from "fanfold"
import * as RunState from "../../src/report/RunState.ts"
import { failure, make, questionOf, recorder, reply, type Sent } from "../FakeClaude.ts"

/** How long a request takes: the slow ones ten times as long as the others. */
export const latency =
  (...slow: ReadonlyArray<string>) =>
  ({ call, request }: Sent): number =>
    slow.includes(questionOf(request)) && call.hedge !== true ? 10_000 : 1000

/** Replies that say which copy they are of. */
export const answering =
  (millisOf: (sent: Sent) => number) =>
  (sent: Sent): Effect.Effect<ReturnType<typeof reply>> =>
    Effect.delay(Effect.succeed(reply(sent.call.hedge === true ? "copy" : "original")), millisOf(sent))

export const names = (n: number): ReadonlyArray<string> => Array.from({ length: n }, (_, index) => `q${index}`)

/** How far the clock goes between two looks. */
const stepMillis = 10

interface Options extends Hedge.Options {
  readonly pacing?: Pacing.Options
  /** Whether a copy cannot leave, at that time of the run: it is turned away at once, without an event. */
  readonly isFull?: (at: number) => boolean
  readonly concurrency?: number
  /** When the run is interrupted. */
  readonly stopAt?: number | undefined
}

const doorman = (isFull: (now: number) => boolean) =>
  Claude.layerAround((send) =>
    Effect.fnUntraced(function* (request) {
      const { hedge } = yield* Call.Current
      const now = yield* Clock.currentTimeMillis
      if (hedge === true && isFull(now)) {
        return yield* failure(new AskError.RateLimited({ detail: "no place for a copy" }))
      }
      return yield* send(request)
    })
  )

/** Asks `n` questions, q0 to qn, and gives what was sent, told and answered. */
export const run = Effect.fnUntraced(function* (n: number, answer: Parameters<typeof make>[0], options: Options = {}) {
  const { concurrency = "unbounded", isFull = () => false, pacing = { inFlight: 1000 }, stopAt, ...hedge } = options
  const claude = make(answer)
  const { events, listen } = recorder()
  const startedAt = yield* Clock.currentTimeMillis
  const turnedAway: Array<number> = []
  const stack = Retry.layer().pipe(
    Layer.provide(Hedge.layer(hedge)),
    Layer.provide(
      doorman((now) => {
        const at = now - startedAt
        if (isFull(at)) turnedAway.push(at)
        return isFull(at)
      })
    ),
    Layer.provide(Pacing.layer(pacing)),
    Layer.provide(claude.layer)
  )
  const asks = Object.fromEntries(names(n).map((name) => [name, Ask.text(name)]))
  const fiber = yield* Research.run(asks, { policy: "best-effort", concurrency }).pipe(
    Effect.provide(stack),
    listen,
    Effect.forkChild
  )
  // In steps, as a fiber of the run may only get its turn between two of them.
  for (let at = 0; fiber.pollUnsafe() === undefined; at += stepMillis) {
    if (stopAt !== undefined && at >= stopAt) yield* Fiber.interrupt(fiber)
    else yield* TestClock.adjust(stepMillis)
  }
  const exit = yield* Fiber.await(fiber)
  const answers = Exit.isSuccess(exit) ? exit.value.answers : {}
  const copies = claude.sent.filter(({ call }) => call.hedge === true)
  const { durationMillis = 0 } = events.find((event) => event._tag === "ResearchEnded") ?? {}
  return { ...claude, events, answers, copies, turnedAway, startedAt, durationMillis }
})

/** Every attempt that left came to one end, and the tally is even. */
export const assertEnded = (events: ReturnType<typeof recorder>["events"]): void => {
  const open = new Map<string, number>()
  const tally = RunState.make()
  for (const event of events) {
    tally.add(event)
    if (event._tag !== "Dispatched" && event._tag !== "Replied" && event._tag !== "AttemptFailed") continue
    const key = `${event.ask} ${event.hedge === true}`
    const now = (open.get(key) ?? 0) + (event._tag === "Dispatched" ? 1 : -1)
    assert.oneOf(now, [0, 1], `${event._tag} of ${key}`)
    open.set(key, now)
  }
  assert.deepStrictEqual(
    [...open].filter(([, n]) => n !== 0),
    []
  )
  assert.strictEqual(tally.inFlight, 0)
}
