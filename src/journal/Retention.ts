/** How long a journal keeps runs, and how large it may grow. */
import type { Duration } from "effect"
import { limitMillisOf, PositiveDuration } from "../options/OptionSchemas.ts"
import type { TrimLimits } from "./Journal.ts"

/** Plans that run once a month find their last run. */
export const keepFor = "30 days"

/** A few thousand runs of a hundred asks: far more than anyone reads again, and no burden for a disk. */
export const maxBytes = 1_000_000_000

export const Option = PositiveDuration.annotate({
  description: `Forget older runs when a run has ended (default: ${keepFor})`
})

/** What is forgotten at a time in epoch milliseconds. */
export const limits = (given: Duration.Input = keepFor, now: number): TrimLimits => {
  const millis = limitMillisOf(given)
  return { before: millis === undefined ? undefined : now - millis, maxBytes }
}
