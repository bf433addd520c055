/** What the votes of one ask agree in, as data that is kept with its answer. */
import { Schema } from "effect"

/**
 * `votes` were asked for and `answered` have come; `agreeing` of them give the answer. Of data, `fields` has this by path, and
 * `agreeing` is the lowest of them. `dissent`: what the others say, each in a text.
 */
export const Agreement = Schema.Struct({
  votes: Schema.Int,
  answered: Schema.Int,
  agreeing: Schema.Int,
  fields: Schema.optionalKey(Schema.Record(Schema.String, Schema.Int)),
  dissent: Schema.Array(Schema.String)
})
export interface Agreement extends Schema.Schema.Type<typeof Agreement> {}

/** `4 of 5 votes agree`. */
export const agreementText = ({ agreeing, answered, votes }: Omit<Agreement, "dissent">): string =>
  `${agreeing} of ${votes} votes agree${answered < votes ? `, ${votes - answered} did not come` : ""}`
