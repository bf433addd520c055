/** What the tests of Retry share: a 429, the tries one ask makes under virtual time, and the error they end in. */
import { assert } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { AskError, Call, Pacing, Retry } from "fanfold"
import { failure, make, recorder, send } from "../FakeClaude.ts"

export const limited = (retryAfterMillis?: number) =>
  failure(
    new AskError.RateLimited({ detail: "slow down", ...(retryAfterMillis !== undefined && { retryAfterMillis }) })
  )

/** Sends once through Retry and Pacing while hours of virtual time go by; `gaps` are the times between its tries. */
export const attempts = (options: Retry.Options, answer: Parameters<typeof make>[0], call: Partial<Call.Call> = {}) =>
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

export const failureOf = ({
  result
}: {
  readonly result: { readonly _tag: string; readonly failure?: AskError.AskError }
}) => {
  assert(result._tag === "Failure" && result.failure !== undefined)
  return result.failure
}
