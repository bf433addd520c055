/** Which answers of the journal a run takes instead of asking again. */
import { Duration } from "effect"
import { durationOr, limitMillisOf } from "../options/OptionSchemas.ts"
import type { BegunRun, Reusable } from "./Journal.ts"

const unfinished = "unfinished"

/**
 * `unfinished`: what runs of the same plan have paid that did not end; `always`: whatever has an answer; a time: what was
 * answered no longer ago; `never`: nothing.
 */
export const Option = durationOr(unfinished, "always", "never").annotate({
  description: "Which answers of the journal are taken (default: unfinished)",
  // Two of its words are flags: `--reuse` and `--fresh`.
  hasNoFlag: true
})

/** Before every time that a clock may have said, in epoch milliseconds. */
export const anyTime = Number.MIN_SAFE_INTEGER

/** As code gives it. */
export type Given = "unfinished" | "always" | "never" | Duration.Input

/** What counts for a run with this option; `undefined` where nothing does. `now` is in epoch milliseconds. */
export const reusable = (
  given: Given | undefined,
  { resumed, source }: Pick<BegunRun, "resumed" | "source">,
  now: number
): Reusable | undefined => {
  if (given === "never") return undefined
  const from = { source, runs: resumed }
  if (given === undefined || given === unfinished) return { ...from, since: undefined }
  const millis = given === "always" ? undefined : limitMillisOf(given)
  // Clocks may be set back, so that an answer is of tomorrow.
  return { ...from, since: millis === undefined ? anyTime : now - millis }
}
