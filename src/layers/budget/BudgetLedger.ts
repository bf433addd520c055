/** What a budget holds: what is spent, what is set aside for attempts on their way, and what is kept for the synthesis. */

import { type Amount, type Answer, noAmount } from "../../cost/WorstCase.ts"

const add = (a: Amount, b: Amount): Amount => ({ usd: a.usd + b.usd, tokens: a.tokens + b.tokens })
const minus = (a: Amount, b: Amount): Amount => ({ usd: a.usd - b.usd, tokens: a.tokens - b.tokens })

/** What a rounding error of added dollars may hide. */
const grain = 1e-12
const isWithin = (a: Amount, limit: Amount): boolean => a.usd <= limit.usd + grain && a.tokens <= limit.tokens

/** The answers of a run, and what the synthesis that follows may take at most; it grows with them. */
export class SynthesisReserve {
  readonly run: string
  /** Something is kept back for it from the start, and no answer was forgotten. */
  readonly isKept: boolean
  readonly #most: (answerTokens: number) => Amount
  readonly #answers = new Map<string, Answer>()
  #known: Answer = { tokens: 0, bytes: 0 }
  #promised = 0
  /** The synthesis has been asked for: what it may take is set aside as for every other attempt. */
  isUnderWay = false

  constructor(run: string, isKept: boolean, most: (answerTokens: number) => Amount) {
    this.run = run
    this.isKept = isKept
    this.#most = most
  }

  /** All answers that are known. */
  get known(): Answer {
    return this.#known
  }

  /** What the synthesis of the known answers may take, where so many tokens more are sent. */
  whole(more: number): Amount {
    return this.#most(this.#known.tokens + more)
  }

  /** What has to be kept back for the answers that are known, or also for those that may come, and `more`. */
  least(more = 0): Amount {
    return this.isUnderWay ? noAmount : this.#most(this.#known.tokens + more)
  }
  most(more: number): Amount {
    return this.least(this.#promised + more)
  }

  promise(tokens: number): void {
    this.#promised += tokens
  }

  /** An ask has an answer, in the place of an earlier one, or behind it where its turn was `continued`. */
  put(ask: string, { bytes, tokens }: Answer, continued: boolean): void {
    const before = this.#answers.get(ask) ?? { tokens: 0, bytes: 0 }
    const now = continued ? { tokens: before.tokens + tokens, bytes: before.bytes + bytes } : { tokens, bytes }
    this.#answers.set(ask, now)
    this.#known = {
      tokens: this.#known.tokens + now.tokens - before.tokens,
      bytes: this.#known.bytes + now.bytes - before.bytes
    }
  }
}

/** One attempt: what it may take at most, and how many tokens its answer may bring to the synthesis of its run. */
export interface Reservation {
  readonly most: Amount
  readonly fold: SynthesisReserve | undefined
  readonly answerTokens: number
}

/** Runs that are remembered, as they may take turns; a server that has one for each of its users must not keep them all. */
const mostFolds = 64

export class BudgetLedger {
  readonly limit: Amount
  #spent: Amount = noAmount
  #open: Amount = noAmount
  #claims = 0
  /** The run whose synthesis something is kept for. */
  fold: SynthesisReserve | undefined
  /** In the order of their first asks. */
  readonly #folds = new Map<string, SynthesisReserve>()
  #hasForgotten = false

  constructor(limit: Amount) {
    this.limit = limit
  }

  /** The run's fold, made with its first ask; `isWhole`: no run was forgotten whose answers may be missing in it. */
  foldOf(run: string, make: (isWhole: boolean) => SynthesisReserve): SynthesisReserve {
    const known = this.#folds.get(run)
    if (known !== undefined) return known
    const made = make(!this.#hasForgotten)
    const [oldest] = this.#folds.values()
    if (this.#folds.size >= mostFolds && oldest !== undefined) {
      this.#folds.delete(oldest.run)
      this.#hasForgotten ||= !oldest.isUnderWay
    }
    this.#folds.set(run, made)
    return made
  }

  known(run: string): SynthesisReserve | undefined {
    return this.#folds.get(run)
  }

  /** What is neither spent nor set aside, nor kept for the synthesis. */
  get left(): Amount {
    return minus(this.limit, this.#needed(noAmount, 0))
  }

  /** What the claim asks for: its own, and what its answer may add to the synthesis. */
  need({ answerTokens, fold, most }: Reservation): Amount {
    const kept = fold === undefined || fold !== this.fold ? noAmount : minus(fold.most(answerTokens), fold.most(0))
    return add(most, kept)
  }

  /** Whether the claim fits now, may fit once others are settled, or never will. */
  look(claim: Reservation): "now" | "later" | "never" {
    const more = claim.fold === this.fold ? claim.answerTokens : 0
    if (isWithin(this.#needed(claim.most, more), this.limit)) return "now"
    if (this.#claims === 0) return "never"
    const least = add(add(this.#spent, claim.most), this.fold?.least(more) ?? noAmount)
    return isWithin(least, this.limit) ? "later" : "never"
  }

  take({ answerTokens, fold, most }: Reservation): void {
    this.#open = add(this.#open, most)
    this.#claims++
    fold?.promise(answerTokens)
  }

  /** Puts what was really taken in the place of what was set aside. */
  settle({ answerTokens, fold, most }: Reservation, actual: Amount): void {
    this.#claims--
    this.#open = this.#claims === 0 ? noAmount : minus(this.#open, most)
    this.#spent = add(this.#spent, actual)
    fold?.promise(-answerTokens)
  }

  #needed(most: Amount, more: number): Amount {
    return add(add(this.#spent, this.#open), add(most, this.fold?.most(more) ?? noAmount))
  }
}
