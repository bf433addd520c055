/** Keeps what is spent under a limit: the most that an attempt may cost is set aside before it leaves, and settled after. */
import { Effect, Exit, type Fiber, Layer, Result, Schema, SchemaGetter } from "effect"
import { AskError, OverBudget, Unbounded } from "../claude/AskError.ts"
import * as Call from "../claude/Call.ts"
import { Claude } from "../claude/Claude.ts"
import * as Event from "../claude/Event.ts"
import { LinkedQueue } from "../scheduling/LinkedQueue.ts"
import * as Issue from "../options/Issue.ts"
import { inCode, PositiveInt } from "../options/OptionSchemas.ts"
import type { Reply, Request } from "../claude/Message.ts"
import * as Price from "../claude/Price.ts"
import { type Reservation, SynthesisReserve, BudgetLedger } from "./budget/BudgetLedger.ts"
import * as WorstCase from "../cost/WorstCase.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

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
export interface Options {
  readonly usd?: number | undefined
  readonly tokens?: number | undefined
}

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

/**
 * Provides a `Claude` that sends nothing which might exceed the limit. A call that does not fit waits while others are on
 * their way, first asked first served, and fails with `OverBudget` once it cannot fit any more. What the synthesis may cost
 * is kept back where `Call` tells of one. Attempts that were stopped on their way count in full.
 */
export const layer = (given: number | Options): Layer.Layer<Claude, never, Claude> => {
  assertGiven(given)
  const options = typeof given === "number" ? { usd: given } : given
  const { tokens = Number.POSITIVE_INFINITY, usd = Number.POSITIVE_INFINITY } = options
  const isPriced = options.usd !== undefined
  return Layer.effect(
    Claude,
    Effect.map(Claude, ({ send }) => {
      const ledger = new BudgetLedger({ usd, tokens })
      const queue = new LinkedQueue<Waiting>()
      /** Whether anybody below tells what leaves, as `Pacing` does; if not, all that was let in counts as sent. */
      let isTold = false

      const letIn = (waiting: Waiting): void => {
        ledger.take(waiting.claim)
        waiting.isIn = true
      }

      /** Lets those in who fit now, in their order, and turns those away who never will. */
      const admit = (fiber: AnyFiber): void => {
        for (let first = queue.first; first !== undefined; first = queue.first) {
          const { claim, leave, resume } = first
          const verdict = ledger.look(claim)
          if (verdict === "later") return
          leave()
          if (verdict === "now") letIn(first)
          const entered = first.isIn ? Effect.void : Effect.fail(overBudget(ledger, claim))
          // A task of its own: a resumed fiber would run here and now, and might end within the one that begins.
          fiber.currentDispatcher.scheduleTask(() => resume(entered), 0)
        }
      }

      const wait = (waiting: Waiting, fiber: AnyFiber): Effect.Effect<void, AskError> =>
        Effect.callback((resume) => {
          waiting.resume = resume
          waiting.leave = queue.push(waiting)
          admit(fiber)
          return Effect.sync(() => {
            waiting.leave()
            admit(fiber)
          })
        })

      /** What the call may take, for which run; the run's synthesis gets its share with the first of its asks. */
      const claimOf = (request: Request, call: Call.Call, stated: Price.Prices): Result.Result<Reservation, string> =>
        Result.map(WorstCase.of(request, stated, isPriced), (most) => {
          if (call.part === "synthesis") return synthesisClaim(request, call, most, stated)
          if (ledger.fold?.run !== call.run) ledger.fold = ledger.foldOf(call.run, foldOf(call, stated))
          return { most, fold: ledger.fold, answerTokens: WorstCase.answerTokens(request) }
        })

      /** Its answers are known better than by their length, and what was kept back for it is now its own. */
      const synthesisClaim = (
        request: Request,
        call: Call.Call,
        most: WorstCase.Amount,
        stated: Price.Prices
      ): Reservation => {
        const fold = ledger.known(call.run)
        const claim = { fold: undefined, answerTokens: 0 }
        if (fold === undefined) return { ...claim, most }
        fold.isUnderWay = true
        const { bytes, tokens } = fold.known
        // What was kept back knows of one turn: a document that is asked for again, or continued, comes with more.
        const kept = () => fold.whole(WorstCase.laterTokens(request))
        const inputTokens = Math.max(0, WorstCase.inputTokens(request) - bytes) + tokens
        const usage = { inputTokens, outputTokens: request.maxTokens, webSearches: WorstCase.searchesOf(request) }
        const known = WorstCase.amount(request.model, usage, stated) ?? most
        return { ...claim, most: least(most, fold.isKept ? kept() : known) }
      }

      return Claude.of({
        send: (request) =>
          Effect.withFiber((fiber) => {
            const call = fiber.getRef(Call.Current)
            const stated = fiber.getRef(Price.Overrides)
            const listener = fiber.getRef(Event.Listener)
            const claimed = claimOf(request, call, stated)
            if (Result.isFailure(claimed)) {
              return Effect.fail(new AskError({ reason: new Unbounded({ detail: claimed.failure }) }))
            }
            const waiting: Waiting = { claim: claimed.success, isIn: false, hasLeft: false, resume: none, leave: none }
            const watching: Event.Listener = {
              ...listener,
              emit: (event) => {
                if (event._tag === "Dispatched") waiting.hasLeft = isTold = true
                return listener.emit(event)
              }
            }
            const sent = Effect.provideService(send(request), Event.Listener, watching)
            const admitted = Effect.suspend(() => {
              const verdict =
                queue.first === undefined || call.part === "synthesis" ? ledger.look(waiting.claim) : "later"
              if (verdict === "now") {
                letIn(waiting)
                return sent
              }
              // A second copy that would have to wait comes too late to help.
              if (verdict === "never" || call.hedge === true) return Effect.fail(overBudget(ledger, waiting.claim))
              return Effect.andThen(wait(waiting, fiber), sent)
            })
            return Effect.onExit(admitted, (exit) =>
              Effect.sync(() => {
                if (!waiting.isIn) return
                const isFree = isTold && !waiting.hasLeft
                ledger.settle(waiting.claim, isFree ? WorstCase.noAmount : actual(exit, request, waiting.claim, stated))
                if (Exit.isSuccess(exit)) {
                  const isContinued = request.messages.at(-1)?.role === "assistant"
                  waiting.claim.fold?.put(call.ask, WorstCase.answerOf(exit.value), isContinued)
                }
                admit(fiber)
              })
            )
          })
      })
    })
  )
}

/** A call before the ledger. */
interface Waiting {
  readonly claim: Reservation
  /** Something is set aside for it. */
  isIn: boolean
  /** It was dispatched, so that it may have to be paid. */
  hasLeft: boolean
  resume: (effect: Effect.Effect<void, AskError>) => void
  leave: () => void
}

const none = (): void => {}

const least = (a: WorstCase.Amount, b: WorstCase.Amount): WorstCase.Amount => ({
  usd: Math.min(a.usd, b.usd),
  tokens: Math.min(a.tokens, b.tokens)
})

const foldOf =
  ({ run, synthesis }: Call.Call, stated: Price.Prices) =>
  (isWhole: boolean): SynthesisReserve =>
    new SynthesisReserve(run, synthesis !== undefined && isWhole, (answerTokens) =>
      WorstCase.synthesis(synthesis, answerTokens, stated)
    )

/** Reasons that the API gives at the door, before it has done any work. */
const free = new Set([
  "RateLimited",
  "SpendLimitReached",
  "Overloaded",
  "ServerError",
  "InvalidRequest",
  "Authentication",
  "BillingFailed",
  "PermissionDenied",
  "NotFound",
  "TooLarge"
])

/** What an attempt took: nothing where it was refused, all that was set aside where it was broken off. */
const actual = (
  exit: Exit.Exit<Reply, AskError>,
  request: Request,
  { most }: Reservation,
  stated: Price.Prices
): WorstCase.Amount => {
  if (Exit.isSuccess(exit)) return WorstCase.spent(request, exit.value.model, exit.value.usage, stated)
  const error = Exit.findErrorOption(exit)
  if (error._tag === "None") return most
  return error.value.usage === undefined && free.has(error.value.reason._tag) ? WorstCase.noAmount : most
}

const overBudget = (ledger: BudgetLedger, claim: Reservation): AskError => {
  const { left, limit } = ledger
  const needed = ledger.need(claim)
  const unit = needed.tokens > left.tokens ? "tokens" : "usd"
  const reason = new OverBudget({
    unit,
    limit: limit[unit],
    needed: needed[unit],
    left: Math.max(0, left[unit])
  })
  return new AskError({ reason })
}
