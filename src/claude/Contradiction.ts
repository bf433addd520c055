/** What answers say against each other, as data: events, reports and answers of a synthesis have it. */
import { Schema } from "effect"

/** `statements`: what each of at least two asks says; `foundBy`: fields of typed answers, or a comparison that Claude made. */
export const Contradiction = Schema.Struct({
  subject: Schema.String,
  statements: Schema.Array(Schema.Struct({ ask: Schema.String, text: Schema.String })),
  foundBy: Schema.Literals(["fields", "comparison"])
})
export interface Contradiction extends Schema.Schema.Type<typeof Contradiction> {}

/** On one line: `growth: market says 12 %, rivals says 17 %`. */
export const textOf = ({ statements, subject }: Omit<Contradiction, "foundBy">): string =>
  `${subject}: ${statements.map(({ ask, text }) => `${ask} says ${text}`).join(", ")}`.replaceAll(/\s+/g, " ")
