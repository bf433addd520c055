/** A budget: what is spent, what is reserved for attempts under way, and what is reserved for the synthesis. */
import { add, type Amount, noAmount } from "../../cost/WorstCase.ts"
import { type BudgetShare, higher, limitDataOf, type Others } from "./BudgetShare.ts"
import type { SynthesisReserve } from "./SynthesisReserve.ts"

const minus = (a: Amount, b: Amount): Amount => ({ usd: a.usd - b.usd, tokens: a.tokens - b.tokens })

/** Above the rounding error of added dollars. */
const epsilonUsd = 1e-12
const fits = (a: Amount, limit: Amount): boolean => a.usd <= limit.usd + epsilonUsd && a.tokens <= limit.tokens

/** One attempt: what it may take at most, and how many tokens its answer may bring to the synthesis of its run. */
export interface Reservation {
  readonly max: Amount
  readonly synthesis: SynthesisReserve | undefined
  readonly answerTokens: number
}

/** Runs that are kept, as they may take turns; a server that has a run for each of its users must not keep them all. */
const maxRuns = 64

export class BudgetLedger {
  #limit: Amount
  #isRaised = false
  #spent: Amount = noAmount
  #reserved: Amount = noAmount
  #open = 0
  /** The reserve that counts: that of the run whose ask came last. */
  synthesis: SynthesisReserve | undefined
  /** By run, in the order of their first asks. */
  readonly #reserves = new Map<string, SynthesisReserve>()
  #hasForgotten = false
  /** What other processes have of the same budget; `undefined` where there are none. */
  others: Others | undefined
  /** This process has sent the synthesis. */
  isSynthesisSent = false

  constructor(limit: Amount) {
    this.#limit = limit
  }

  /** The highest that any process of the budget knows: one of them may have raised it. */
  get limit(): Amount {
    const raised = this.others?.limit
    return raised === undefined ? this.#limit : higher(this.#limit, raised)
  }

  raise(limit: Amount): void {
    this.#limit = limit
    this.#isRaised = true
  }

  /** The run's reserve, made with its first ask; `isComplete`: no run was forgotten, whose answers it might lack. */
  reserveOf(runId: string, make: (isComplete: boolean) => SynthesisReserve): SynthesisReserve {
    const known = this.#reserves.get(runId)
    if (known !== undefined) return known
    const made = make(!this.#hasForgotten)
    const [oldest] = this.#reserves.values()
    if (this.#reserves.size >= maxRuns && oldest !== undefined) {
      this.#reserves.delete(oldest.runId)
      this.#hasForgotten ||= !oldest.isSent
    }
    this.#reserves.set(runId, made)
    return made
  }

  knownReserveOf(runId: string): SynthesisReserve | undefined {
    return this.#reserves.get(runId)
  }

  /** What is neither spent nor reserved. */
  get left(): Amount {
    return minus(this.limit, this.#totalWith(noAmount, 0))
  }

  /** What a reservation takes: its own, and what its answer may add to the synthesis. */
  neededBy({ answerTokens, max, synthesis }: Reservation): Amount {
    if (synthesis === undefined || synthesis !== this.synthesis) return max
    return add(max, minus(this.#reserveForAll(answerTokens), this.#reserveForAll(0)))
  }

  /** Whether the reservation fits now, may fit once others are settled, or never will. */
  check({ answerTokens, max, synthesis }: Reservation): "now" | "later" | "never" {
    const moreTokens = synthesis === this.synthesis ? answerTokens : 0
    if (fits(this.#totalWith(max, moreTokens), this.limit)) return "now"
    if (this.#open + (this.others?.open ?? 0) === 0) return "never"
    const onceSettled = add(add(this.#spent, max), this.#reserveForKnown(moreTokens))
    const withOthers = this.others === undefined ? onceSettled : add(onceSettled, this.others.spent)
    return fits(withOthers, this.limit) ? "later" : "never"
  }

  reserve({ answerTokens, max, synthesis }: Reservation): void {
    this.#reserved = add(this.#reserved, max)
    this.#open++
    synthesis?.expect(answerTokens)
  }

  /** Replaces what was reserved by what was taken. */
  settle({ answerTokens, max, synthesis }: Reservation, actual: Amount): void {
    this.#open--
    // Without an open reservation there is no rounding error to carry along.
    this.#reserved = this.#open === 0 ? noAmount : minus(this.#reserved, max)
    this.#spent = add(this.#spent, actual)
    synthesis?.expect(-answerTokens)
  }

  /** What this process has of the budget, as the others are to count it. */
  get share(): BudgetShare {
    const { answers = 0, expectedTokens = 0, known } = this.synthesis ?? {}
    return {
      version: 1,
      ...(this.#isRaised && { limit: limitDataOf(this.#limit) }),
      spent: this.#spent,
      reserved: this.#reserved,
      open: this.#open,
      answers,
      answerTokens: known?.tokens ?? 0,
      answerBytes: known?.bytes ?? 0,
      expectedTokens,
      isSynthesisSent: this.isSynthesisSent
    }
  }

  #totalWith(max: Amount, moreTokens: number): Amount {
    const own = add(add(this.#spent, this.#reserved), add(max, this.#reserveForAll(moreTokens)))
    return this.others === undefined ? own : add(own, add(this.others.spent, this.others.reserved))
  }

  #reserveForAll(moreTokens: number): Amount {
    if (this.others === undefined) return this.synthesis?.reserveForAll(moreTokens) ?? noAmount
    const { answerTokens, expectedTokens, isSynthesisSent } = this.others
    if (isSynthesisSent) return noAmount
    return this.synthesis?.reserveForAll(moreTokens + answerTokens + expectedTokens) ?? noAmount
  }

  #reserveForKnown(moreTokens: number): Amount {
    if (this.others?.isSynthesisSent === true) return noAmount
    return this.synthesis?.reserveForKnown(moreTokens + (this.others?.answerTokens ?? 0)) ?? noAmount
  }
}
