/** Sends a second copy of an ask that takes much longer than the others: the first reply wins, and the other is aborted. */
import { Duration, Effect, type Layer, Schema } from "effect"
import * as Call from "../claude/Call.ts"
import { type Claude, layerAround } from "../claude/Claude.ts"
import * as Issue from "../options/Issue.ts"
import { durationOr, inCode, type InCode, PositiveInt } from "../options/OptionSchemas.ts"
import { hedgedCall } from "./hedge/HedgedCall.ts"
import { HedgeScheduler } from "./hedge/HedgeScheduler.ts"

/** `after`: when a call takes too long, from its dispatch. `max`: most second copies in a run. */
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
export interface Options extends InCode<typeof Options> {}

/** The share of a run's asks that may have a second copy: those above the 95th percentile. */
const maxShare = 0.05

/** Copies that a small run may have: of 50 asks, 2 in 100 of them slow, seldom more than three are. */
const minCopies = 3

const assertOptions = Issue.assert(inCode(Options), "hedge")

/**
 * Provides a `Claude` that hedges asks, never a synthesis or what goes into a batch. It counts from the dispatch of a request, so that a call which is
 * queued below is not hedged, and sends no copy after a 429 or 529 until the next reply.
 */
export const layer = (options: Options = {}): Layer.Layer<Claude, never, Claude> => {
  assertOptions(options)
  const { after = "p95", max } = options
  const afterMillis = after === "p95" ? undefined : Duration.toMillis(after)
  return layerAround((send) => {
    const scheduler = new HedgeScheduler()
    const runOf = ({ asks, run }: Call.Call) =>
      scheduler.run(run, () => max ?? Math.max(minCopies, Math.floor(maxShare * asks)), afterMillis)
    return (request) =>
      Effect.withFiber((fiber) => {
        const call = fiber.getRef(Call.Current)
        if (call.part !== "ask" || call.hedge === true || call.batched === true) return send(request)
        const run = runOf(call)
        return run.isSpent ? send(request) : hedgedCall(send, request, run, scheduler, fiber)
      })
  })
}
