/** What a call reserves in a budget before it is sent. */
import { Result } from "effect"
import type { Call } from "../../claude/Call.ts"
import type { Request } from "../../claude/Message.ts"
import type { Prices } from "../../claude/Price.ts"
import * as ToolCosts from "../../cost/ToolCosts.ts"
import * as WorstCase from "../../cost/WorstCase.ts"
import type { BudgetLedger, Reservation } from "./BudgetLedger.ts"
import { SynthesisReserve } from "./SynthesisReserve.ts"

/**
 * The reservation of a call, or in words why it has no bound. `isPriced`: the budget is in dollars. `isShared`: other processes
 * may bring answers of the same run. With the first ask of a run, what its synthesis may take is reserved too.
 */
export const reservationOf = (
  ledger: BudgetLedger,
  request: Request,
  call: Call,
  prices: Prices,
  isPriced: boolean,
  isShared: boolean
): Result.Result<Reservation, string> =>
  Result.map(WorstCase.of(request, prices, isPriced, call.batched), (max) => {
    // A comparison may be left out: as an ask, it takes nothing of what is reserved for the document, which will read what it finds.
    if (call.part === "synthesis" && !call.ask.startsWith("comparison.")) {
      const reserve = takenOver(ledger, call)
      const own = isShared
        ? sharedSynthesisMax(ledger, reserve, request, call, max, prices)
        : synthesisMax(reserve, request, call, max, prices)
      return { max: own, synthesis: undefined, answerTokens: 0 }
    }
    if (ledger.synthesis?.runId !== call.run) ledger.synthesis = ledger.reserveOf(call.run, reserveFor(call, prices))
    if (call.reused !== undefined) ledger.synthesis.put(reusedAnswers, call.reused, false)
    return { max, synthesis: ledger.synthesis, answerTokens: WorstCase.answerTokens(request) }
  })

/** All answers of the journal count as one, under a name that no ask can have. */
const reusedAnswers = ""

const reserveFor =
  ({ run, synthesis }: Call, prices: Prices) =>
  (isComplete: boolean): SynthesisReserve =>
    new SynthesisReserve(run, synthesis !== undefined && isComplete, (answerTokens, sent) =>
      WorstCase.synthesis(sent === undefined ? synthesis : sentOf(synthesis, sent), answerTokens, prices)
    )

/** The part of a planned synthesis that one request of it may take: that of its model, and of those that the API may go on to. */
const sentOf = (planned: Call["synthesis"], { fallbacks, model }: Request): Call["synthesis"] =>
  planned && { ...planned, model, fallbacks: fallbacks === undefined ? [] : (planned.fallbacks ?? []) }

/** What was reserved for the synthesis of this run, which takes it over: nothing is reserved for it beside. */
const takenOver = (ledger: BudgetLedger, { reused, run }: Call): SynthesisReserve | undefined => {
  const reserve = ledger.knownReserveOf(run)
  if (reserve === undefined) return undefined
  if (reused !== undefined) reserve.put(reusedAnswers, reused, false)
  reserve.isSent = true
  return reserve
}

/** The tokens of the answers are known better than by their length. */
const synthesisMax = (
  reserve: SynthesisReserve | undefined,
  request: Request,
  call: Call,
  max: WorstCase.Amount,
  prices: Prices
): WorstCase.Amount => {
  // The folds of a tree take over together what was reserved for all of it.
  if (call.folded !== undefined) return smaller(max, withKnown(request, call.folded, prices) ?? max)
  if (reserve === undefined) return max
  // What was reserved is for one turn: a document that is asked for again, or continued, comes with more.
  if (reserve.isComplete) return smaller(max, reserve.forDocument(WorstCase.laterTokens(request), request))
  return smaller(max, withKnown(request, reserve.known, prices) ?? max)
}

/** All answers that any process knows count by their tokens: those that are in the document, and perhaps some that were lost. */
const sharedSynthesisMax = (
  ledger: BudgetLedger,
  reserve: SynthesisReserve | undefined,
  request: Request,
  call: Call,
  max: WorstCase.Amount,
  prices: Prices
): WorstCase.Amount => {
  ledger.isSynthesisSent = true
  if (call.folded !== undefined) return smaller(max, withKnown(request, call.folded, prices) ?? max)
  const own = reserve?.known ?? call.reused ?? { tokens: 0, bytes: 0 }
  // What the answers take of the document is known only where it is known what it has beside them.
  const { answerBytes = 0, answers = 0, answerTokens = 0, expectedTokens = 0 } = (call.synthesis && ledger.others) ?? {}
  // The frame of an answer is in its tokens.
  const frames = WorstCase.answerFrameTokens * (answers + (reserve?.answers ?? 0))
  const known = { bytes: own.bytes + answerBytes + frames, tokens: own.tokens + answerTokens + expectedTokens }
  return smaller(max, withKnown(request, known, prices, call.synthesis?.inputTokens) ?? max)
}

/** What a synthesis takes whose known answers count by their tokens, and everything else in it by its length, at least `least`. */
const withKnown = (
  request: Request,
  { bytes, tokens }: WorstCase.Answer,
  prices: Prices,
  least = 0
): WorstCase.Amount | undefined => {
  const inputTokens = Math.max(least, WorstCase.inputTokens(request) - bytes) + tokens
  const usage = { inputTokens, outputTokens: request.maxTokens, ...ToolCosts.pricedUsesOf(request) }
  return WorstCase.amount(request.model, usage, prices)
}

const smaller = (a: WorstCase.Amount, b: WorstCase.Amount): WorstCase.Amount => ({
  usd: Math.min(a.usd, b.usd),
  tokens: Math.min(a.tokens, b.tokens)
})
