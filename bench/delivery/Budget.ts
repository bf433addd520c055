/** Checks that a budget holds: runs in virtual time whose usage is drawn by a seed, compared with what Claude would bill. */
import { Effect, Fiber, Layer, Random } from "effect"
import { TestClock } from "effect/testing"
import { Ask, AskError, Call, Message, Price, Research, Stack, Synthesis } from "fanfold"
import { failure, make, overloaded, reply, type Sent } from "../../test/FakeClaude.ts"

export const limitUsd = 0.5
const inFlight = 50

/** How one run ended. `billedUsd` includes attempts that failed; `isFolded` is also true if there was no answer. */
export interface Spent {
  readonly asks: number
  readonly answered: number
  readonly overBudget: number
  readonly billedUsd: number
  readonly isFolded: boolean
}

/** Between 200 and 6,000 tokens. */
const maxTokensOf = (random: number): number => 200 + Math.floor(5800 * random)

/** A fake Claude that uses a random share of `maxTokens`, fails 8 % of attempts, and adds up the bill in USD. */
export const billing = () => {
  const bill = { usd: 0 }
  const answer = ({ call, request }: Sent) =>
    Effect.gen(function* () {
      const [ends, share, latency] = [yield* Random.next, yield* Random.next, yield* Random.next]
      if (ends < 0.05) return yield* Effect.delay(Effect.fail(overloaded()), 20)
      const characters = JSON.stringify([request.system, request.messages]).length
      // Most answers are short; every tenth uses all of `maxTokens`.
      const outputTokens = ends > 0.9 ? request.maxTokens : Math.ceil(request.maxTokens * share * share)
      const usage = { ...Message.noUsage, inputTokens: Math.ceil(characters / (3.3 + share)), outputTokens }
      bill.usd += Price.usdOf(request.model, usage) ?? Number.NaN
      const millis = 200 + 2000 * latency
      if (ends < 0.08 && call.part === "ask") {
        const partial = { ...usage, outputTokens: 1 }
        const reason = new AskError.CutOff({ detail: "the connection ended" })
        return yield* Effect.delay(Effect.fail(failure(reason, { usage: partial, model: request.model })), millis)
      }
      const text = "word".repeat(outputTokens)
      return yield* Effect.delay(Effect.succeed(reply(text, { usage, model: request.model })), millis)
    })
  return { bill, claude: make(answer) }
}

/** Between 40 and 160 asks, all of one model, and the synthesis of their answers. */
export const drawn = Effect.gen(function* () {
  const count = yield* Random.nextIntBetween(40, 160)
  const model = (yield* Random.nextBoolean) ? "claude-haiku-5-5" : "claude-sonnet-5-5"
  const asks = yield* Effect.forEach(Array.from({ length: count }), (_, index) =>
    Effect.map(Random.next, (random) => Ask.text(`question ${index}`, { model, maxTokens: maxTokensOf(random) }))
  )
  return { asks, synthesis: Synthesis.text("Fold all of it into one.", { contradictions: "off" }) }
})

/** States with each call which synthesis follows. */
export const plannedCall = (synthesis: Synthesis.Synthesis<string>, asks: Parameters<typeof Synthesis.planned>[1]) =>
  Effect.updateService(Call.Current, (call) => ({ ...call, synthesis: Synthesis.planned(synthesis, asks) }))

/** One run under the budget, at most 50 in flight. */
export const run = (seed: number): Effect.Effect<Spent> =>
  Effect.gen(function* () {
    const { bill, claude } = billing()
    const { asks, synthesis } = yield* drawn
    const count = asks.length
    const program = Effect.gen(function* () {
      const findings = yield* Effect.orDie(Research.run(asks, { policy: "best-effort" }))
      const isSynthesized = yield* Effect.isSuccess(Effect.tapError(synthesis(findings), (e) => Effect.log(e.message)))
      const overBudget = findings.gaps.filter(
        ({ outcome }) => outcome._tag === "Failed" && outcome.error.reason._tag === "OverBudget"
      ).length
      const answered = count - findings.gaps.length
      return { asks: count, answered, overBudget, billedUsd: bill.usd, isFolded: answered === 0 || isSynthesized }
    })
    const fiber = yield* program.pipe(
      plannedCall(synthesis, asks),
      Effect.provide(Stack.layerOver({ budget: limitUsd, pacing: { inFlight } }).pipe(Layer.provide(claude.layer))),
      Effect.forkChild
    )
    while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("1 second")
    return yield* Fiber.join(fiber)
  }).pipe(Random.withSeed(`budget ${seed}`), Effect.provide(TestClock.layer()), Effect.scoped)

/** Runs of the seeds from 0, in sequence. */
export const runs = (seeds: number): Effect.Effect<ReadonlyArray<Spent>> =>
  Effect.forEach(Array.from({ length: seeds }), (_, seed) => run(seed))
