/** When research counts as done, and when as failed. */
import { Schema } from "effect"
import { PositiveInt } from "./OptionSchemas.ts"

const named = { expected: '"all", "best-effort", { atLeast: n } or { first: n }' }

/**
 * `"all"`: the first failure interrupts the rest. `"best-effort"`: every ask runs to its end, gaps are allowed.
 * `{ atLeast: n }`: waits for all, fails under `n` answers. `{ first: n }`: ends at the nth answer, interrupts the rest.
 */
export const Policy = Schema.Union([
  Schema.Literals(["all", "best-effort"]).annotate(named),
  Schema.Struct({ atLeast: PositiveInt }),
  Schema.Struct({ first: PositiveInt })
]).annotate(named)
export type Policy = typeof Policy.Type

/** How many answers a policy needs of `asks`. */
export const answersNeeded = (policy: Policy, asks: number): number => {
  if (policy === "all") return asks
  if (policy === "best-effort") return 0
  return "atLeast" in policy ? policy.atLeast : policy.first
}

/** Reads what `--policy` takes: `all`, `best-effort`, `atLeast=2`, `first=1`. */
export const fromString = (text: string): Policy | undefined => {
  if (text === "all" || text === "best-effort") return text
  const match = /^(atLeast|first)=([1-9]\d{0,8})$/.exec(text)
  if (match === null) return undefined
  const n = Number(match[2])
  return match[1] === "first" ? { first: n } : { atLeast: n }
}

/** Writes a policy the way `fromString` reads it. */
export const toString = (policy: Policy): string => {
  if (typeof policy === "string") return policy
  return "atLeast" in policy ? `atLeast=${policy.atLeast}` : `first=${policy.first}`
}
