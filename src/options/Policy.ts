/** When a research ends, and when it fails. */
import { Schema } from "effect"
import { PositiveInt } from "./OptionSchemas.ts"

const policyText = { expected: '"all", "best-effort", { atLeast: n } or { first: n }' }

/**
 * `"all"`: the first failure interrupts the other asks. `"best-effort"`: every ask runs to its end, gaps are allowed.
 * `{ atLeast: n }`: waits for all, fails under `n` answers. `{ first: n }`: ends at the nth answer, interrupts the rest.
 * The default is `"all"` in code, and `"best-effort"` in plans and on the command line.
 */
export const Policy = Schema.Union([
  Schema.Literals(["all", "best-effort"]).annotate(policyText),
  Schema.Struct({ atLeast: PositiveInt }),
  Schema.Struct({ first: PositiveInt })
]).annotate(policyText)
export type Policy = typeof Policy.Type

/** The number of answers that a policy needs of so many asks. */
export const answersNeeded = (policy: Policy, asks: number): number => {
  if (policy === "all") return asks
  if (policy === "best-effort") return 0
  return "atLeast" in policy ? policy.atLeast : policy.first
}

/** Reads the value of `--policy`: `all`, `best-effort`, `atLeast=2`, `first=1`; `undefined` for any other text. */
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
