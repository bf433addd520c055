/** Keeps what is spent under a limit: the most that an attempt may cost is reserved before it is sent, and settled after. */
import { Context, Effect, type Exit, type Layer, Result, Schema, SchemaGetter } from "effect"
import { AskError, OverBudget, Unbounded } from "../claude/AskError.ts"
import * as Attempt from "../claude/Attempt.ts"
import * as Call from "../claude/Call.ts"
import { type Claude, layerAround } from "../claude/Claude.ts"
import type { Reply, Request } from "../claude/Message.ts"
import * as Price from "../claude/Price.ts"
import * as WorstCase from "../cost/WorstCase.ts"
import * as Interventions from "../interventions/Interventions.ts"
import * as SharedRun from "../journal/SharedRun.ts"
import * as Issue from "../options/Issue.ts"
import { inCode, type InCode, PositiveInt } from "../options/OptionSchemas.ts"
import type { AnyFiber } from "../scheduling/FiberClock.ts"
import type { Shared, SharedRegister } from "../scheduling/SharedRegister.ts"
import { WaitingQueue } from "../scheduling/WaitingQueue.ts"
import { BudgetLedger, type Reservation } from "./budget/BudgetLedger.ts"
import * as RaisedBudget from "./budget/RaisedBudget.ts"
import { reservationOf } from "./budget/Reserving.ts"
import { ReservedCall } from "./budget/ReservedCall.ts"
import { SharedBudget } from "./budget/SharedBudget.ts"

const dollars = { expected: "a number of US dollars, more than 0" }
const Usd = Schema.Finite.annotate(dollars).check(Schema.isGreaterThan(0, dollars))
const either = { expected: "a number of US dollars, or { usd, tokens }" }

/** `usd`: US dollars, by the list prices or those of `prices`. `tokens`: input and output together. One or both. */
export const Options = Schema.Struct({
  usd: Schema.optionalKey(
    Usd.annotate({
      ...dollars,
      description: "Most US dollars to spend, by list prices (default: no limit)",
      isMain: true
    })
  ),
  tokens: Schema.optionalKey(
    PositiveInt.annotate({ description: "Most tokens to use, input and output together (default: no limit)" })
  )
})
  .check(Schema.makeFilter(({ tokens, usd }) => tokens !== undefined || usd !== undefined, either))
  .annotate(either)
export interface Options extends InCode<typeof Options> {}

/** In a plan, and in code, a number stands for US dollars. */
const Given = Schema.Union([Usd, inCode(Options).annotate(either)]).annotate(either)
export const Budget = Schema.Union([
  Usd.pipe(
    Schema.decodeTo(Schema.toType(Options), {
      decode: SchemaGetter.transform((usd: number) => ({ usd })),
      encode: SchemaGetter.transform(({ usd }: typeof Options.Type) => usd ?? 0)
    })
  ),
  Options
]).annotate({ ...either, inCode: Given })

const assertGiven = Issue.assert(Given, "budget")

/** The account of the budget of a run. It is forgotten with the run. */
export const accountOf = (register: SharedRegister, run: string): Shared => ({ register, name: `budget ${run}` })

/**
 * Where the processes that spend one budget let each other know what they have of it, each with this layer and the same limit;
 * by default the account of the run, where its journal is in a database, and else none, as one process needs none.
 */
export const Account = Context.Reference<Shared | undefined>("fanfold/layers/Budget/Account", {
  defaultValue: () => undefined
})

/**
 * Provides a `Claude` that sends nothing which might exceed the limit. A call that does not fit waits while others are under
 * way, in the order of their arrival, and fails with `OverBudget` once it cannot fit any more. What the synthesis may cost is
 * reserved where `Call` announces one. Attempts that are interrupted count in full.
 */
export const layer = (given: number | Options): Layer.Layer<Claude, never, Claude> => {
  assertGiven(given)
  const options = typeof given === "number" ? { usd: given } : given
  const { tokens = Number.POSITIVE_INFINITY, usd = Number.POSITIVE_INFINITY } = options
  return layerAround((send) =>
    Effect.gen(function* () {
      const run = yield* SharedRun.Current
      const account = (yield* Account) ?? (run && accountOf(run.register, run.id))
      const ledger = new BudgetLedger({ usd, tokens })
      const shared =
        account &&
        new SharedBudget(ledger, yield* account.register.join, account.name, (reservation) =>
          overBudget(ledger, reservation)
        )
      if (shared !== undefined) yield* Effect.addFinalizer(() => shared.close)
      const limited = within(send, ledger, options.usd !== undefined, shared)
      const interventions = yield* Interventions.Current
      yield* interventions?.offer("RaiseBudget", RaisedBudget.offer(ledger, limited.onRaised)) ?? Effect.void
      return limited.send
    })
  )
}

/** `onRaised`: lets those leave that the limit of the ledger allows after it was raised. */
interface Limited {
  readonly send: Attempt.Send
  readonly onRaised: (fiber: AnyFiber) => void
}

const within = (send: Attempt.Send, ledger: BudgetLedger, isPriced: boolean, shared?: SharedBudget): Limited => {
  const queue = new WaitingQueue<ReservedCall, AskError>()

  const admit = (call: ReservedCall): void => {
    ledger.reserve(call.reservation)
    call.isAdmitted = true
  }

  /** Admits those at the head of the queue that fit now, and fails those that never will. */
  const admitWaiting = (fiber: AnyFiber): void => {
    for (let first = queue.first; first !== undefined; first = queue.first) {
      const fitting = ledger.check(first.value.reservation)
      if (fitting === "later") return
      if (fitting === "now") admit(first.value)
      first.release(fitting === "now" ? Effect.void : Effect.fail(overBudget(ledger, first.value.reservation)), fiber)
    }
  }

  const onSettled = (fiber: AnyFiber): void => (shared === undefined ? admitWaiting(fiber) : shared.onSettled(fiber))

  const reserveAndSend = (request: Request) =>
    Effect.withFiber<Reply, AskError>((fiber) => {
      const call = fiber.getRef(Call.Current)
      const prices = fiber.getRef(Price.Overrides)
      const reserved = reservationOf(ledger, request, call, prices, isPriced, shared !== undefined)
      if (Result.isFailure(reserved)) {
        return Effect.fail(new AskError({ reason: new Unbounded({ detail: reserved.failure }) }))
      }
      const own = new ReservedCall(reserved.success, prices)
      const sent = Attempt.observed(send(request), own, fiber)
      const wait = queue.wait(own, {
        onQueued: () => admitWaiting(fiber),
        onInterrupt: () => admitWaiting(fiber)
      })
      const admittedAlone = Effect.suspend(() => {
        const isNext = queue.first === undefined || call.part === "synthesis"
        const fitting = isNext ? ledger.check(own.reservation) : "later"
        if (fitting === "now") {
          admit(own)
          return sent
        }
        // A second copy that would have to wait comes too late to help.
        if (fitting === "never" || call.hedge === true) return Effect.fail(overBudget(ledger, own.reservation))
        return Effect.andThen(wait, sent)
      })
      const admitted =
        shared === undefined
          ? admittedAlone
          : Effect.andThen(shared.admit(own, call.part, call.hedge === true, fiber), sent)
      const settle = (exit: Exit.Exit<Reply, AskError>): void => {
        if (!own.isAdmitted) return
        ledger.settle(own.reservation, own.spent)
        // A refusal brings no answer to the synthesis.
        if (exit._tag === "Success" && exit.value.stopReason !== "refusal") {
          const isContinued = request.messages.at(-1)?.role === "assistant"
          own.reservation.synthesis?.put(call.ask, WorstCase.answerOf(exit.value), isContinued)
          // The answer that joins votes takes their place.
          if (call.vote?.nth === 0) own.reservation.synthesis?.forgetVotes(call.vote)
        }
        onSettled(fiber)
      }
      return Effect.onExit(admitted, (exit) => Effect.sync(() => settle(exit)))
    })

  if (shared === undefined) return { send: reserveAndSend, onRaised: onSettled }
  const learning = (request: Request) =>
    Effect.flatMap(Call.Current, ({ part }) =>
      part === "synthesis" ? Effect.andThen(shared.learned, reserveAndSend(request)) : reserveAndSend(request)
    )
  return { send: learning, onRaised: onSettled }
}

const overBudget = (ledger: BudgetLedger, reservation: Reservation): AskError => {
  const { left, limit } = ledger
  const needed = ledger.neededBy(reservation)
  const unit = needed.tokens > left.tokens ? "tokens" : "usd"
  const reason = new OverBudget({
    unit,
    limit: limit[unit],
    needed: needed[unit],
    left: Math.max(0, left[unit])
  })
  return new AskError({ reason })
}
