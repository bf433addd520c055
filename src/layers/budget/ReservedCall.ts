/** A call with its reservation, and what its attempts have taken. */
import { Exit } from "effect"
import type { Attempt, End, Observer } from "../../claude/Attempt.ts"
import type { Prices } from "../../claude/Price.ts"
import { rejections } from "../../claude/Rejections.ts"
import * as WorstCase from "../../cost/WorstCase.ts"
import type { Reservation } from "./BudgetLedger.ts"

/** Reasons without usage for which nothing is counted: the API answered with an error instead of a reply. */
const freeReasons: ReadonlySet<string> = new Set([...rejections, "Overloaded", "ServerError"])

export class ReservedCall implements Observer {
  readonly reservation: Reservation
  /** Its reservation is in the ledger. */
  isAdmitted = false
  readonly #prices: Prices
  #spent: WorstCase.Amount = WorstCase.noAmount

  constructor(reservation: Reservation, prices: Prices) {
    this.reservation = reservation
    this.#prices = prices
  }

  /** What all attempts have taken; nothing where none was dispatched. */
  get spent(): WorstCase.Amount {
    return this.#spent
  }

  onEnd(attempt: Attempt, end: End): void {
    const { tokens, usd } = this.#takenBy(attempt, end)
    this.#spent = { usd: this.#spent.usd + usd, tokens: this.#spent.tokens + tokens }
  }

  /** Nothing where the request was rejected; all that was reserved where the attempt broke off, or was not counted. */
  #takenBy({ request }: Attempt, { exit }: End): WorstCase.Amount {
    if (Exit.isSuccess(exit)) {
      const { value: reply } = exit
      return reply.usage.isIncomplete === true ? this.reservation.max : WorstCase.spent(request, reply, this.#prices)
    }
    const error = Exit.findErrorOption(exit)
    if (error._tag === "None") return this.reservation.max
    const isFree = error.value.usage === undefined && freeReasons.has(error.value.reason._tag)
    return isFree ? WorstCase.noAmount : this.reservation.max
  }
}
