/** What a user has changed of a run while it was under way, in words. No Effect: the page's script has it too. */
import type { Intervention } from "../claude/Intervention.ts"
import { planText } from "../options/DurationText.ts"
import { numberText, plural } from "../options/NumberText.ts"
import { usdText } from "../options/UsdText.ts"

/** Up to this many asks are named. */
const maxNamed = 4

/** `Stopped asking`, `Raised the budget to $5.00`. */
export const interventionText = (intervention: Intervention): string => {
  switch (intervention._tag) {
    case "Stop":
      return "Stopped asking: what was there is folded"
    case "AskAgain": {
      const { asks } = intervention
      return `Asked again: ${asks.length > maxNamed ? plural(asks.length, "ask", "asks") : asks.join(", ")}`
    }
    case "RaiseBudget": {
      const { tokens, usd } = intervention
      const parts = [
        ...(usd === undefined ? [] : [usdText(usd)]),
        ...(tokens === undefined ? [] : [`${numberText(tokens)} tokens`])
      ]
      return `Raised the budget to ${parts.join(" and ")}`
    }
    case "RaiseDeadline": {
      const { allMillis, askingMillis } = intervention
      const parts = [
        ...(askingMillis === undefined ? [] : [planText(askingMillis)]),
        ...(allMillis === undefined ? [] : [`${planText(allMillis)} for all`])
      ]
      return `Raised the deadline to ${parts.join(" and ")}`
    }
    case "RaiseConcurrency":
      return `Raised the concurrency to ${intervention.concurrency}`
  }
}
