/** What must hold of waiting and leading whatever calls do: all end, one leads at a time, and nobody waits for nobody. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { AskError, Call } from "fanfold"
import { failure, invalid, make, questionOf, request, send } from "../FakeClaude.ts"
import { document, stackOver, timely } from "./Warmed.ts"

const maxWait = 500

interface Plan {
  readonly prefix: number
  readonly askedAt: number
  readonly begins: number
  readonly lasts: number
  readonly outcome: "answer" | "cut" | "invalid"
  readonly interruptAt: number | undefined
}

const plan: fc.Arbitrary<Plan> = fc.record({
  prefix: fc.integer({ min: 0, max: 1 }),
  askedAt: fc.integer({ min: 0, max: 1500 }),
  begins: fc.integer({ min: 0, max: 900 }),
  lasts: fc.integer({ min: 0, max: 900 }),
  outcome: fc.constantFrom("answer", "cut", "invalid"),
  interruptAt: fc.option(fc.integer({ min: 0, max: 2500 }), { nil: undefined, freq: 2 })
})

const resultOf = {
  answer: {},
  cut: { result: failure(new AskError.CutOff({ detail: "gone" })) },
  invalid: { result: invalid() }
}

/** From when to when a call led, and when a call came and left, all in milliseconds after the start. */
interface Book {
  readonly led: Array<{ readonly prefix: number; readonly from: number; to: number }>
  readonly left: Map<number, number>
}

/** Sends every plan's call at its time, interrupts some, and much later two calls of each prefix. */
const play = Effect.fnUntraced(function* (plans: ReadonlyArray<Plan>, inFlight: number) {
  const startedAt = yield* Clock.currentTimeMillis
  const book: Book = { led: [], left: new Map() }
  const claude = make((sent, nth) =>
    Effect.suspend(() => {
      const index = Number(questionOf(sent.request))
      const each = plans[index]
      if (each === undefined) return timely()(sent, nth)
      const { begins, interruptAt = Number.POSITIVE_INFINITY, lasts, outcome, prefix } = each
      const at = sent.at - startedAt
      book.left.set(index, at)
      if (sent.call.streamed === true) {
        const ends = at + begins + (outcome === "answer" ? 0 : lasts)
        book.led.push({ prefix, from: at, to: Math.min(ends, Math.max(at, interruptAt)) })
      }
      return timely(() => ({ begins, ends: begins + lasts, ...resultOf[outcome] }))(sent, nth)
    })
  )
  const one = (each: Plan, index: number) =>
    Effect.gen(function* () {
      yield* Effect.sleep(each.askedAt)
      const context = `${document}${each.prefix}`
      const fiber = yield* Effect.forkChild(Effect.result(send(request(String(index), { context }))))
      if (each.interruptAt !== undefined) {
        yield* Effect.sleep(Math.max(0, each.interruptAt - each.askedAt))
        yield* Fiber.interrupt(fiber)
      }
      return (yield* Fiber.await(fiber))._tag
    })
  const last = Effect.forEach(
    ["0", "1", "0", "1"],
    (prefix) => send(request("last", { context: `${document}${prefix}` })),
    { concurrency: "unbounded" }
  )
  const fiber = yield* Effect.gen(function* () {
    const ends = yield* Effect.forEach(plans, one, { concurrency: "unbounded" })
    yield* Effect.sleep("10 minutes")
    const before = claude.sent.length
    yield* last
    return { book, claude, ends, last: claude.sent.slice(before) }
  }).pipe(
    Effect.updateService(Call.Current, (call) => ({ ...call, asks: 2 })),
    Effect.provide(stackOver(claude, { maxWait }, inFlight)),
    Effect.forkChild
  )
  yield* TestClock.adjust("1 hour")
  return yield* Fiber.join(fiber)
})

const check = (assertion: (plans: ReadonlyArray<Plan>, inFlight: number) => Effect.Effect<void, unknown>) =>
  Effect.promise(() =>
    fc.assert(
      fc.asyncProperty(
        fc.array(plan, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 4 }),
        (plans, inFlight) => Effect.runPromise(Effect.provide(assertion(plans, inFlight), TestClock.layer()))
      ),
      { numRuns: 200 }
    )
  )

describe("whatever calls do", () => {
  it.effect("all end, and nothing of them is left behind", () =>
    check((plans, inFlight) =>
      Effect.gen(function* () {
        const { claude, ends, last } = yield* play(plans, inFlight)
        for (const [index, each] of plans.entries()) {
          if (each.interruptAt === undefined) assert.strictEqual(ends[index], "Success")
        }
        assert.strictEqual(claude.inFlight, 0)
        const leading = last.filter(({ call }) => call.streamed === true)
        assert.strictEqual(leading.length, 2)
      })
    )
  )

  it.effect("one leads at a time, and whoever waits has a leader that is not too late", () =>
    check((plans) =>
      Effect.gen(function* () {
        const { book } = yield* play(plans, 1000)
        for (const prefix of [0, 1]) {
          const led = book.led.filter((one) => one.prefix === prefix)
          for (const [index, { from }] of led.entries()) assert.isAtLeast(from, led[index - 1]?.to ?? 0)
          for (const [index, left] of book.left) {
            let at = plans[index]!.askedAt
            if (plans[index]!.prefix !== prefix) continue
            for (const { from, to } of led) if (from <= at) at = Math.max(at, Math.min(to, from + maxWait))
            assert.isAtMost(left, at, `ask ${index} waited for nobody`)
          }
        }
      })
    )
  )
})
