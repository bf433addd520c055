/** Two runs side by side: which answers differ, and what each of them cost and took. Pure. */
import { isDeepStrictEqual } from "node:util"
import { Schema, Struct } from "effect"
import type { Report } from "./Report.ts"
import type { Part } from "./RunBreakdown.ts"

/** Increased when a change of shape would make an existing reader misread it. */
export const version = 1

/**
 * From the first run to the second. `answered`: it was a gap, and is none any more; `unanswered`: the other way round; `gap`: it
 * has no answer in either. `added` and `gone`: only one of the runs has the ask.
 */
const Change = Schema.Literals(["same", "changed", "answered", "unanswered", "gap", "added", "gone"])
export type Change = typeof Change.Type

/** One ask, or the synthesis, in one of the runs. `answer`: only where the two differ. */
const Side = Schema.Struct({
  isAnswered: Schema.Boolean,
  model: Schema.NullOr(Schema.String),
  estimatedCostUsd: Schema.NullOr(Schema.Finite),
  durationMillis: Schema.NullOr(Schema.Finite),
  answer: Schema.optionalKey(Schema.Unknown)
})
interface Side extends Schema.Schema.Type<typeof Side> {}

/** Null where the run does not have it. */
const sides = { change: Change, a: Schema.NullOr(Side), b: Schema.NullOr(Side) }

const AskDiff = Schema.Struct({ name: Schema.String, isQuestionChanged: Schema.Boolean, ...sides })
export interface AskDiff extends Schema.Schema.Type<typeof AskDiff> {}

/** `message`: why it has failed; null where it has not. */
const CallSide = Schema.Struct({
  ...Struct.pick(Side.fields, ["model", "estimatedCostUsd", "durationMillis"]),
  message: Schema.NullOr(Schema.String)
})

/** A round, comparison or fold, whose texts are not compared. */
const CallDiff = Schema.Struct({ name: Schema.String, a: Schema.NullOr(CallSide), b: Schema.NullOr(CallSide) })
export interface CallDiff extends Schema.Schema.Type<typeof CallDiff> {}

const RunSide = Schema.Struct({
  id: Schema.String,
  /** The path of its plan; empty for a program. */
  plan: Schema.String,
  /** When it began, in epoch milliseconds. */
  startedAt: Schema.Finite,
  asks: Schema.Int,
  answered: Schema.Int,
  estimatedCostUsd: Schema.NullOr(Schema.Finite),
  durationMillis: Schema.Finite
})
export interface RunSide extends Schema.Schema.Type<typeof RunSide> {}

/** What `fanfold runs diff A B --json` prints: asks in the order of the second run, then those that only the first has. */
export const RunsDiff = Schema.Struct({
  version: Schema.Literal(version),
  a: RunSide,
  b: RunSide,
  /** Of other plans, asks are the same where their names are. */
  isSamePlan: Schema.Boolean,
  asks: Schema.Array(AskDiff),
  /** The calls between the asks and the document, in the same order; absent where neither run has any. */
  calls: Schema.optionalKey(Schema.Array(CallDiff)),
  /** The synthesis; null where neither run has one. */
  document: Schema.NullOr(Schema.Struct(sides))
})
export interface RunsDiff extends Schema.Schema.Type<typeof RunsDiff> {}

/** A run of a journal. */
export interface Compared {
  readonly run: { readonly id: string; readonly plan: string; readonly at: number }
  readonly report: Report
}

export const make = (first: Compared, second: Compared): RunsDiff => {
  const [own, other] = [first.report, second.report]
  const names = new Set([...Object.keys(other.questions), ...Object.keys(own.questions)])
  const document = sidesOf(documentOf(own), documentOf(other))
  const [ownCalls, otherCalls] = [callsOf(own), callsOf(other)]
  const calls = new Set([...otherCalls.keys(), ...ownCalls.keys()])
  return {
    version,
    a: sideOf(first),
    b: sideOf(second),
    isSamePlan: first.run.plan === second.run.plan && first.run.plan !== "",
    asks: [...names].map((name) => {
      const [question, asked] = [valueAt(own.questions, name), valueAt(other.questions, name)]
      const isQuestionChanged = question !== undefined && asked !== undefined && question !== asked
      const { a, b, change } = sidesOf(askOf(own, name), askOf(other, name))!
      return { name, isQuestionChanged, change, a, b }
    }),
    ...(calls.size > 0 && {
      calls: [...calls].map((name) => ({ name, a: ownCalls.get(name) ?? null, b: otherCalls.get(name) ?? null }))
    }),
    document: document ?? null
  }
}

const callsOf = ({ spent }: Report): ReadonlyMap<string, typeof CallSide.Type> =>
  new Map(
    Object.entries<Part & { readonly message?: string | null }>({
      ...spent.rounds,
      ...spent.comparisons,
      ...spent.folds
    }).map(([name, { durationMillis, estimatedCostUsd, message = null, model }]) => [
      name,
      { model, estimatedCostUsd, durationMillis, message }
    ])
  )

/** A key may be one that every object has, such as `constructor`. */
const valueAt = <A>(record: Readonly<Record<string, A>>, key: string): A | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined

interface Found {
  readonly spent: Part | undefined
  readonly isAnswered: boolean
  readonly answer: unknown
}

const askOf = ({ answers, questions, spent }: Report, name: string): Found | undefined =>
  Object.hasOwn(questions, name)
    ? { spent: valueAt(spent.asks, name), isAnswered: Object.hasOwn(answers, name), answer: valueAt(answers, name) }
    : undefined

const documentOf = ({ document, spent }: Report): Found | undefined =>
  spent.synthesis === null && document === null
    ? undefined
    : { spent: spent.synthesis ?? undefined, isAnswered: document !== null, answer: document }

/** `undefined` where neither run has it. */
const sidesOf = (a: Found | undefined, b: Found | undefined) => {
  const change = changeOf(a, b)
  if (change === undefined) return undefined
  const side = (found: Found | undefined): Side | null =>
    found === undefined
      ? null
      : {
          isAnswered: found.isAnswered,
          model: found.spent?.model ?? null,
          estimatedCostUsd: found.spent?.estimatedCostUsd ?? null,
          durationMillis: found.spent?.durationMillis ?? null,
          ...(found.isAnswered && change !== "same" && { answer: found.answer })
        }
  return { change, a: side(a), b: side(b) }
}

const changeOf = (a: Found | undefined, b: Found | undefined): Change | undefined => {
  if (a === undefined) return b === undefined ? undefined : "added"
  if (b === undefined) return "gone"
  if (a.isAnswered !== b.isAnswered) return b.isAnswered ? "answered" : "unanswered"
  if (!a.isAnswered) return "gap"
  return isDeepStrictEqual(a.answer, b.answer) ? "same" : "changed"
}

const sideOf = ({ report, run }: Compared): RunSide => ({
  id: run.id,
  plan: run.plan,
  startedAt: run.at,
  asks: Object.keys(report.questions).length,
  answered: Object.keys(report.answers).length,
  estimatedCostUsd: report.estimatedCostUsd,
  durationMillis: report.durationMillis
})
