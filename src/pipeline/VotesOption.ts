/** How often an ask is asked, and how many of its answers must agree. */
import { Schema } from "effect"
import { PositiveInt } from "../options/OptionSchemas.ts"

const either = { expected: "a whole number ≥ 1, or { count, atLeast }" }

const Counts = Schema.Struct({ count: PositiveInt, atLeast: Schema.optionalKey(PositiveInt) }).check(
  Schema.makeFilter(({ atLeast = 1, count }) =>
    atLeast <= count
      ? undefined
      : { path: ["atLeast"], issue: `expected at most ${count}, as many as there are votes, got ${atLeast}` }
  )
)

export const VotesOption = Schema.Union([PositiveInt, Counts]).annotate(either).annotate({
  description:
    "How often it is asked: a number, or { count, atLeast }, where fewer votes that agree than `atLeast` count as a gap (default: 1)"
})
export type VotesOption = typeof VotesOption.Type

/** `atLeast`: the fewest votes that must agree. */
export interface Votes {
  readonly count: number
  readonly atLeast: number
}

/** `undefined` where it is asked once. */
export const votesOf = (given: VotesOption | undefined): Votes | undefined => {
  const { atLeast = 1, count } = typeof given === "object" ? given : { count: given ?? 1 }
  return count === 1 ? undefined : { count, atLeast }
}

/** How many calls of an ask are votes, or its only one. */
export const callsOf = (given: VotesOption | undefined): number => votesOf(given)?.count ?? 1
