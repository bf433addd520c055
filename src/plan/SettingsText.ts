/** What a plan and its flags set of a run, as text by plan key: `retry.within` is `20 seconds`. Pure. */
import { Duration } from "effect"
import { planText } from "../options/DurationText.ts"
import type { Prepared } from "./Plan.ts"

/**
 * Without what the start of the research has, policy and concurrency; without texts of prompts; and without the addresses of a journal
 * and of a receiver, which may hold secrets.
 */
export const settingsOf = ({ deadline, layers, synthesis }: Prepared): Readonly<Record<string, string>> => {
  const { journal: _, ...delivery } = layers
  const { system: _system, ...folding } = synthesis?.options ?? {}
  return Object.fromEntries(
    entriesOf({ deadline, ...delivery, ...(synthesis !== undefined && { synthesis: folding }) })
  )
}

const entriesOf = (value: unknown, path = ""): ReadonlyArray<readonly [string, string]> => {
  if (value === undefined) return []
  if (Duration.isDuration(value)) return [[path, planText(Duration.toMillis(value))]]
  if (Array.isArray(value)) return [[path, value.join(", ")]]
  if (typeof value !== "object" || value === null)
    return [[path, typeof value === "string" ? value : JSON.stringify(value)]]
  const entries = Object.entries(value)
  // A layer that is on by being there: `hedge: {}`.
  if (entries.length === 0 && path !== "") return [[path, "on"]]
  return entries.flatMap(([key, each]) => entriesOf(each, path === "" ? key : `${path}.${key}`))
}
