/** `reuse` takes answers of the journal: a run that has none must not be paid as if it had not been asked to. */
import { Effect } from "effect"
import type { Prepared } from "../plan/Plan.ts"
import { type Failure, usageError } from "./ExitCode.ts"

/** `words`: what was typed, by which the flags are told from the keys of the plan. */
export const check = (
  { journal, reuse }: Prepared["layers"],
  words: ReadonlyArray<string>
): Effect.Effect<void, Failure> => {
  // What is taken by default, or nothing, loses nothing.
  if (journal !== false || reuse === undefined || reuse === "unfinished" || reuse === "never") return Effect.void
  const isTyped = (flag: string) => words.some((word) => word === flag || word.startsWith(`${flag}=`))
  const [asking, askingAway] = isTyped("--reuse")
    ? ["--reuse", "leave --reuse out"]
    : ["reuse in the plan", "add --fresh"]
  const [off, offAway] = isTyped("--no-journal")
    ? ["--no-journal", "leave --no-journal out"]
    : ["journal: false in the plan", "name a journal (--journal FILE)"]
  return Effect.fail(
    usageError(
      `${asking} and ${off} exclude each other: without a journal all is asked and paid again; ${offAway}, or ${askingAway}`
    )
  )
}
