/** Lets the user raise the limits of a budget while a run spends it. */
import { Effect, Result } from "effect"
import type { Offer } from "../../interventions/Interventions.ts"
import type { AnyFiber } from "../../scheduling/FiberClock.ts"
import type { BudgetLedger } from "./BudgetLedger.ts"

const units = ["usd", "tokens"] as const

/** `onRaised`: lets those leave that fit then. */
export const offer = (ledger: BudgetLedger, onRaised: (fiber: AnyFiber) => void): Offer<"RaiseBudget"> => ({
  current: () => {
    const { tokens, usd } = ledger.limit
    return {
      _tag: "RaiseBudget",
      ...(Number.isFinite(usd) && { usd }),
      ...(Number.isFinite(tokens) && { tokens })
    }
  },
  plan: (intervention) => {
    if (intervention.usd === undefined && intervention.tokens === undefined) return Result.fail("no budget is given")
    for (const unit of units) {
      const [limit, wanted] = [ledger.limit[unit], intervention[unit]]
      if (wanted === undefined || wanted > limit) continue
      return Result.fail(
        Number.isFinite(limit)
          ? `budget ${unit}: expected more than ${limit}, got ${wanted}`
          : `budget ${unit}: the run has no such limit`
      )
    }
    const { usd = ledger.limit.usd, tokens = ledger.limit.tokens } = intervention
    const apply = Effect.withFiber((fiber) =>
      Effect.sync(() => {
        ledger.raise({ usd, tokens })
        onRaised(fiber)
      })
    )
    return Result.succeed({ intervention, apply })
  }
})
