/** How often a run asks further questions that its findings leave open, and how many. */
import { Schema } from "effect"

const maxRounds = 5
const mostNewAsks = 20

const wholeTo = (most: number) => {
  const expected = { expected: `a whole number from 1 to ${most}` }
  return Schema.Number.annotate(expected).check(
    Schema.isInt(expected),
    Schema.isGreaterThanOrEqualTo(1, expected),
    Schema.isLessThanOrEqualTo(most, expected)
  )
}

/** New asks of a round where `maxNewAsks` is not set. */
export const maxNewAsks = 3

export const RoundSettings = Schema.Struct({
  rounds: Schema.optionalKey(
    wholeTo(maxRounds).annotate({
      description:
        "Rounds of asking: before each after the first, the model of the synthesis names what the findings leave open (default: 1)"
    })
  ),
  maxNewAsks: Schema.optionalKey(
    wholeTo(mostNewAsks).annotate({ description: `Most asks that a further round has (default: ${maxNewAsks})` })
  )
})

export interface Rounds {
  readonly count: number
  readonly maxNewAsks: number
}

/** A question of a further round has at most so many bytes, so that its cost is known before. */
export const maxQuestionBytes = 1000

/** Asks that stand, in a forecast, for those of further rounds: as many, with names and questions as long as they may be. */
export const placeholders = ({ count, maxNewAsks }: Rounds): Readonly<Record<string, { readonly question: string }>> =>
  Object.fromEntries(
    Array.from({ length: (count - 1) * maxNewAsks }, (_, index) => [
      `round2-${String(index).padEnd(57, "x")}`,
      { question: "x".repeat(maxQuestionBytes) }
    ])
  )
