/** What one process has of a budget that several share, as the others are to count it. */
import { Schema } from "effect"
import { add, type Amount, noAmount } from "../../cost/WorstCase.ts"
import type { Held } from "../../scheduling/SharedRegister.ts"

const AmountData = Schema.Struct({ usd: Schema.Finite, tokens: Schema.Finite })

/** A limit that is not there is null, as JSON has no infinity. */
const LimitData = Schema.Struct({ usd: Schema.NullOr(Schema.Finite), tokens: Schema.NullOr(Schema.Finite) })

export const limitDataOf = ({ tokens, usd }: Amount): typeof LimitData.Type => ({
  usd: Number.isFinite(usd) ? usd : null,
  tokens: Number.isFinite(tokens) ? tokens : null
})

/** Of each unit the higher limit; one that is not there is the highest. */
export const higher = (limit: Amount, ...others: ReadonlyArray<typeof LimitData.Type | undefined>): Amount =>
  others.reduce<Amount>(
    (highest, other) =>
      other === undefined
        ? highest
        : {
            usd: Math.max(highest.usd, other.usd ?? Number.POSITIVE_INFINITY),
            tokens: Math.max(highest.tokens, other.tokens ?? Number.POSITIVE_INFINITY)
          },
    limit
  )

/** `limit`: where the process has raised it. `open`: reservations that are not settled. Of answers: those that the synthesis will read; `expectedTokens`: those under way. */
const BudgetShare = Schema.Struct({
  version: Schema.Literal(1),
  limit: Schema.optionalKey(LimitData),
  spent: AmountData,
  reserved: AmountData,
  open: Schema.Int,
  answers: Schema.Int,
  answerTokens: Schema.Int,
  answerBytes: Schema.Int,
  expectedTokens: Schema.Int,
  isSynthesisSent: Schema.Boolean
})
export interface BudgetShare extends Schema.Schema.Type<typeof BudgetShare> {}

/** A process with open reservations writes at least this often. */
export const renewMillis = 5000

/** A process that has not written for so long has ended. One that was stopped for 20 seconds, or had no database for that long, has not. */
const lostAfterMillis = 30_000

/** The shares of all other processes together. What a lost process had reserved is spent: nobody knows how its calls ended. */
export interface Others extends Omit<BudgetShare, "version"> {}

const decode = Schema.decodeUnknownSync(BudgetShare)

/** Throws for a share that another version of fanfold has written: without it, the budget may be exceeded. */
export const together = (held: ReadonlyArray<Held>): Others | undefined =>
  held.reduce<Others | undefined>((sum, { ageMillis, value }) => {
    const share = decode(value)
    const limit = share.limit === undefined ? sum?.limit : limitDataOf(higher(noAmount, share.limit, sum?.limit))
    const isLost = ageMillis > lostAfterMillis
    const spent = isLost ? add(share.spent, share.reserved) : share.spent
    return {
      ...(limit !== undefined && { limit }),
      spent: add(sum?.spent ?? noAmount, spent),
      reserved: add(sum?.reserved ?? noAmount, isLost ? noAmount : share.reserved),
      open: (sum?.open ?? 0) + (isLost ? 0 : share.open),
      answers: (sum?.answers ?? 0) + share.answers,
      answerTokens: (sum?.answerTokens ?? 0) + share.answerTokens + (isLost ? share.expectedTokens : 0),
      answerBytes: (sum?.answerBytes ?? 0) + share.answerBytes,
      expectedTokens: (sum?.expectedTokens ?? 0) + (isLost ? 0 : share.expectedTokens),
      isSynthesisSent: sum?.isSynthesisSent === true || share.isSynthesisSent
    }
  }, undefined)
