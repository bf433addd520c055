/** Sends a second copy of an ask that takes much longer than the others: the first reply wins, and the other is aborted. */
import { Duration, Effect, Layer, Schema } from "effect"
import * as Call from "../claude/Call.ts"
import { Claude } from "../claude/Claude.ts"
import * as Issue from "../options/Issue.ts"
import { durationOr, inCode, PositiveInt } from "../options/OptionSchemas.ts"
import { HedgeScheduler } from "./hedge/HedgeScheduler.ts"
import { race } from "./hedge/HedgedCall.ts"

/** `after`: when a call takes too long, from its leaving. `max`: most second copies in a run. */
export const Options = Schema.Struct({
  after: Schema.optionalKey(
    durationOr("p95").annotate({
      description:
        "Send a second copy of an ask that takes longer than this; p95: than 95 % of them (default: no copies, or p95 where only max is given)"
    })
  ),
  max: Schema.optionalKey(
    PositiveInt.annotate({ description: "Most second copies in a run (default: 5 % of the asks, at least 3)" })
  )
})
export interface Options {
  readonly after?: "p95" | Duration.Input | undefined
  readonly max?: number | undefined
}

/** The share of a run's asks that may have a second copy: those that are slower than the 95th percentile. */
const share = 0.05

/** Copies that a small run may have: of 50 asks, 2 in 100 of them slow, seldom more than three are. */
const fewest = 3

const assertOptions = Issue.assert(inCode(Options), "hedge")

/**
 * Provides a `Claude` that hedges asks, never a synthesis. It counts from `Dispatched`, as `Pacing` tells it below, so that
 * no call is hedged that merely waits for its turn, and sends none after a 429 or 529 until the next reply.
 */
export const layer = (options: Options = {}): Layer.Layer<Claude, never, Claude> => {
  assertOptions(options)
  const { after = "p95", max } = options
  const afterMillis = after === "p95" ? undefined : Duration.toMillis(after)
  return Layer.effect(
    Claude,
    Effect.map(Claude, ({ send }) => {
      const scheduler = new HedgeScheduler()
      const runOf = ({ asks, run }: Call.Call) =>
        scheduler.run(run, () => max ?? Math.max(fewest, Math.floor(share * asks)), afterMillis)
      return Claude.of({
        send: (request) =>
          Effect.withFiber((fiber) => {
            const call = fiber.getRef(Call.Current)
            if (call.part !== "ask" || call.hedge === true) return send(request)
            const run = runOf(call)
            return run.isSpent ? send(request) : race(send, request, run, scheduler, fiber)
          })
      })
    })
  )
}
