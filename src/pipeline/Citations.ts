/** Checks, by code, that the statements of a document name the answers on which they rest. */
import { Effect, Schema } from "effect"
import * as Statements from "./Statements.ts"

/** What is wrong with the marks of a document. */
export const Fault = Schema.Struct({
  kind: Schema.Literals(["unknown mark", "mark of a gap", "no mark", "unused answer", "useless marks"]),
  /** In words, with the name or the statement. */
  message: Schema.String
})
export interface Fault extends Schema.Schema.Type<typeof Fault> {}

/** Names of the asks that a document may rest on, and of those that it may not. */
export interface Names {
  readonly answered: ReadonlyArray<string>
  readonly gaps: ReadonlyArray<string>
}

export interface Checked {
  readonly statements: ReadonlyArray<Statements.Statement>
  readonly faults: ReadonlyArray<Fault>
}

/** What the prompt says of marks. */
export const instruction =
  "Write after each statement, before its full stop, in brackets the names of the findings that it rests on, such as [NAME] or " +
  "[NAME, NAME]: only those that say it, and only names that stand in <finding name=…> or as marks in the text of a finding. " +
  "Every sentence needs such a mark, but for headings and for what is said to be missing; every finding that says something is used."

export const check = (document: string, names: Names): Effect.Effect<Checked> =>
  Effect.map(Statements.of(document), (statements) => ({ statements, faults: faultsOf(statements, names) }))

/** Fewer words than this are a title or an exclamation, no statement. */
const fewestWords = 4

const needsMark = ({ asks, text }: Statements.Statement, gaps: ReadonlyArray<string>): boolean =>
  asks.length === 0 &&
  text.split(" ").length >= fewestWords &&
  !/[:?]$/.test(text) &&
  !gaps.some((gap) => text.includes(gap))

/** Marks say nothing where so many statements, and this share of them, name each of at least three answers. */
const fewestUseless = { statements: 3, share: 0.8, answers: 3 }

const faultsOf = (statements: ReadonlyArray<Statements.Statement>, { answered, gaps }: Names): ReadonlyArray<Fault> => {
  const [known, missing] = [new Set(answered), new Set(gaps)]
  const used = new Set(statements.flatMap(({ asks }) => asks))
  const wrong = [...used].flatMap((name): ReadonlyArray<Fault> => {
    if (known.has(name)) return []
    return missing.has(name)
      ? [{ kind: "mark of a gap", message: `[${name}] has no answer, so nothing can rest on it` }]
      : [{ kind: "unknown mark", message: `[${name}] is the name of no finding` }]
  })
  const unmarked = statements
    .filter((statement) => needsMark(statement, gaps))
    .map(({ text }): Fault => ({ kind: "no mark", message: `no mark: ${text}` }))
  const unused = answered
    .filter((name) => !used.has(name))
    .map((name): Fault => ({ kind: "unused answer", message: `nothing rests on ${name}` }))
  return [...wrong, ...unmarked, ...unused, ...uselessOf(statements, answered)]
}

const uselessOf = (
  statements: ReadonlyArray<Statements.Statement>,
  answered: ReadonlyArray<string>
): ReadonlyArray<Fault> => {
  const marked = statements.filter(({ asks }) => asks.length > 0)
  const withAll = marked.filter(({ asks }) => asks.length >= answered.length).length
  const isUseless =
    answered.length >= fewestUseless.answers &&
    marked.length >= fewestUseless.statements &&
    withAll >= fewestUseless.share * marked.length
  return isUseless
    ? [{ kind: "useless marks", message: `${withAll} of ${marked.length} marked statements name all answers` }]
    : []
}
