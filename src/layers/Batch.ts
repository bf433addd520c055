/** Asks in Message Batches, at half the price: the results come within a day, and survive the process. */
import { Clock, Context, Duration, Effect, Layer, Schema } from "effect"
import { AskError, Unbatched } from "../claude/AskError.ts"
import * as Batches from "../claude/Batches.ts"
import * as Call from "../claude/Call.ts"
import { Claude, layerAround } from "../claude/Claude.ts"
import { addPaid, allDeclined, following, type Reply, type Request } from "../claude/Message.ts"
import { mark, observe } from "../claude/ObservedSend.ts"
import { Reachability } from "../claude/Reachability.ts"
import * as PendingTurn from "../journal/PendingTurn.ts"
import * as RequestKey from "../journal/RequestKey.ts"
import * as Issue from "../options/Issue.ts"
import { inCode, type InCode, PositiveDuration } from "../options/OptionSchemas.ts"
import * as BatchCall from "./batch/BatchCall.ts"
import { BatchRun } from "./batch/BatchRun.ts"
import { Member, type MemberOutcome } from "./batch/Member.ts"

/** `deadline`: from the creation of a batch. `poll`: between two looks at it. `settle`: from a creation that broke off. */
export const Options = Schema.Struct({
  deadline: Schema.optionalKey(
    PositiveDuration.annotate({
      description:
        "Cancel what is not back from its batch by then, and ask it live (default: none; a batch ends within 24 hours)"
    })
  ),
  poll: Schema.optionalKey(
    PositiveDuration.annotate({ description: "Longest pause between two looks at a batch (default 5 minutes)" })
  ),
  settle: Schema.optionalKey(
    PositiveDuration.annotate({
      description:
        "How long a batch may take to be listed whose creation was cut off; it is not sent again before (default 5 minutes)"
    })
  )
}).annotate({ isSwitch: "Ask in Message Batches: half the price, and answers within 24 hours" })
export interface Options extends InCode<typeof Options> {}

/** A tenth of the time that most batches take, as the documentation has it: less than an hour. */
const poll: Duration.Input = "5 minutes"

/** Longer than the API takes to create a batch that it has received. */
const settle: Duration.Input = "5 minutes"

const assertOptions = Issue.assert(inCode(Options), "batch")

/** Run each time that nothing is left to do but to wait for batches; nothing by default. */
export const Waiting = Context.Reference<Effect.Effect<void>>("fanfold/layers/Batch/Waiting", {
  defaultValue: () => Effect.void
})

/**
 * Provides a `Claude` that marks what goes into a batch: the first request of each ask, without `fallbacks`, which batches do not
 * have. What leaves its batch unanswered is sent on live, and so is a refusal where the API may ask another model.
 */
export const layerEligible = (): Layer.Layer<Claude, never, Claude> =>
  layerAround((send) => {
    const chosen = new WeakSet<Call.Execution>()

    const goOn = (request: Request, refused: Reply) =>
      Effect.mapBoth(send(request), {
        onFailure: (error) =>
          error.with({ usage: addPaid(refused.usage, error.usage), model: error.model ?? refused.model }),
        onSuccess: (reply) => following({ ...refused, declined: allDeclined(refused) }, reply)
      })

    return (request) =>
      Effect.withFiber((fiber) => {
        const call = fiber.getRef(Call.Current)
        const execution = fiber.getRef(Call.Execution)
        const turn = fiber.getRef(PendingTurn.Current)?.turn
        if (execution === undefined || chosen.has(execution) || !isFirst(call, turn)) return send(request)
        chosen.add(execution)
        const { fallbacks, ...plain } = request
        const sent = Effect.provideService(send(plain), Call.Current, { ...call, batched: true })
        return Effect.matchEffect(sent, {
          onFailure: (error) => (error.reason._tag === "Unbatched" ? send(request) : Effect.fail(error)),
          onSuccess: (reply) =>
            fallbacks !== undefined && reply.stopReason === "refusal" ? goOn(request, reply) : Effect.succeed(reply)
        })
      })
  })

/** The first request of an ask that is no second copy, is not asked again, and does not join votes, as the user does not wait a day for these. */
const isFirst = ({ again, attempt, hedge, part, vote }: Call.Call, turn = 0): boolean =>
  part === "ask" && attempt === 1 && hedge !== true && again !== true && turn === 0 && vote?.nth !== 0

/**
 * Provides a `Claude` that lets marked requests join a batch, and gives their results. An attempt in a batch is observed when its
 * result is there: what waits counts for no time limit. Batches go on when the process ends; with a journal, the run that goes on
 * with this one finds them. Dies where the `Claude` below has no `Batches`.
 */
export const layer = (options: Options = {}): Layer.Layer<Claude, never, Claude> => {
  assertOptions(options)
  const times = {
    deadlineMillis: Duration.toMillis(options.deadline ?? Duration.infinity),
    pollMillis: Duration.toMillis(options.poll ?? poll),
    settleMillis: Duration.toMillis(options.settle ?? settle)
  }
  return Layer.effect(
    Claude,
    Effect.gen(function* () {
      const send = observe((yield* Claude).send)
      const batches = yield* Batches.Current
      if (batches === undefined) return yield* Effect.die(new Error("batch: this Claude has no message batches"))
      const scope = yield* Effect.scope
      const reachability = new Reachability()
      const answered = Effect.sync(() => reachability.onReply())
      const runs = new Map<string, BatchRun>()
      const runOf = (call: Call.Call): Effect.Effect<BatchRun> =>
        Effect.gen(function* () {
          const known = runs.get(call.run)
          if (known !== undefined) return known
          const run = new BatchRun({ batches, reachability, times }, call.asks, yield* Waiting)
          runs.set(call.run, run)
          yield* Effect.forkIn(Effect.provideService(run.drive, Call.Current, { ...call, ask: "" }), scope)
          return run
        })

      const joined = (request: Request, call: Call.Call, turn: PendingTurn.PendingTurn | undefined) =>
        Effect.flatMap(runOf(call), (run) => {
          const asked = turn?.request ?? run.file(RequestKey.of(request, call.fallback).key)
          return Effect.flatMap(run.join(new Member(idOf(asked), call.ask, request)), (outcome) =>
            resultOf(request, outcome)
          )
        })

      const live = (request: Request, call: Call.Call) => {
        const run = runs.get(call.run)
        return run === undefined ? send(request) : run.busyWith(Effect.tap(send(request), answered))
      }

      return Claude.of({
        send: mark((request) =>
          Effect.withFiber((fiber) => {
            const call = fiber.getRef(Call.Current)
            return call.batched === true
              ? joined(request, call, fiber.getRef(PendingTurn.Current))
              : live(request, call)
          })
        )
      })
    })
  )
}

/** Cancels a batch, or gives it as it is where it has ended; tries again while the API is away. */
export const cancel = (batches: Batches.Batches, id: string): Effect.Effect<Batches.Batch, AskError> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    BatchCall.repeated(batches.cancel(id), { batch: id, createdAt: now })
  )

/** 43 characters of the key, and the ordinal. */
const idOf = ({ key, ordinal }: Pick<PendingTurn.PendingTurn["request"], "key" | "ordinal">): string =>
  `${key}-${ordinal}`

/** The result as an attempt that leaves and ends at this moment. */
const resultOf = (request: Request, outcome: MemberOutcome): Effect.Effect<Reply, AskError> => {
  switch (outcome._tag) {
    case "Succeeded":
      return observe(() => Effect.succeed(outcome.reply))(request)
    case "Errored":
      return observe(() => Effect.fail(outcome.error))(request)
    case "Rejected":
      return Effect.fail(outcome.error)
    default: {
      const reason = outcome._tag === "Canceled" ? "canceled" : outcome._tag === "Expired" ? "expired" : "missing"
      return Effect.fail(new AskError({ reason: new Unbatched({ outcome: reason }) }))
    }
  }
}
