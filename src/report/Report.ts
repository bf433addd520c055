/** The report of a run: its outcome, usage and cost as data. `cli/OutputFormat.ts` lists the formats it is written in. */
import { Schema } from "effect"
import { Agreement } from "../pipeline/Agreement.ts"
import { whyOf } from "../pipeline/Findings.ts"
import { Contradiction } from "../claude/Contradiction.ts"
import { Intervention } from "../claude/Intervention.ts"
import { Source, sourcesOf, sourceText, Usage } from "../claude/Message.ts"
import * as DeadlineOption from "../pipeline/DeadlineOption.ts"
import type { Outcome } from "../pipeline/Pipeline.ts"
import { type Checked, Fault } from "../pipeline/Citations.ts"
import { Policy } from "../options/Policy.ts"
import { RunBreakdown } from "./RunBreakdown.ts"
import type { RunState } from "./RunState.ts"

/** Increased when a change of the report's shape would make an existing reader misread it. */
export const version = 1

/** What `--json` and `-o FILE.json` write. `answers`: the values of the answered asks by name; `gaps`: the other asks. */
export const Report = Schema.Struct({
  version: Schema.Literal(version),
  /** True if the answers come from the offline mock or from a tape. */
  simulated: Schema.Boolean,
  run: Schema.String,
  policy: Policy,
  /** What the run was given, in milliseconds from its start; null without a deadline. */
  deadlineMillis: Schema.NullOr(
    Schema.Struct({ asking: Schema.NullOr(Schema.Finite), all: Schema.NullOr(Schema.Finite) })
  ),
  /** The synthesis: prose, or the value of its schema; null if there is none. */
  document: Schema.NullOr(Schema.Unknown),
  questions: Schema.Record(Schema.String, Schema.String),
  answers: Schema.Record(Schema.String, Schema.Unknown),
  gaps: Schema.Array(
    Schema.Struct({ name: Schema.String, question: Schema.String, reason: Schema.String, message: Schema.String })
  ),
  sources: Schema.Record(Schema.String, Schema.Array(Source)),
  /** What the votes of asks agree in, by name; absent where no answer is made of votes. */
  agreements: Schema.optionalKey(Schema.Record(Schema.String, Agreement)),
  /** Message of the error that the run failed with; null if it did not fail. */
  error: Schema.NullOr(Schema.String),
  usage: Usage,
  /** By list prices or the plan's own; null if a model has no known price, or a usage is incomplete. */
  estimatedCostUsd: Schema.NullOr(Schema.Finite),
  /** Upper bound that the forecast gave, each call sent once; null if a model has no known price. */
  foreseenCostUsd: Schema.NullOr(Schema.Finite),
  durationMillis: Schema.Finite,
  spent: RunBreakdown,
  /** What the user has changed while the run was under way, and when, in epoch milliseconds; absent where that is nothing. */
  interventions: Schema.optionalKey(Schema.Array(Schema.Struct({ at: Schema.Finite, intervention: Intervention }))),
  /** What the answers contradict each other in, and the asks whose answers could not be compared; absent where that is nothing. */
  contradictions: Schema.optionalKey(Schema.Array(Contradiction)),
  uncompared: Schema.optionalKey(Schema.Array(Schema.String)),
  /** Where the synthesis has `citations`: each statement of the document, the asks that it rests on, and the sources of these. */
  citations: Schema.optionalKey(
    Schema.Struct({
      statements: Schema.Array(
        Schema.Struct({ text: Schema.String, asks: Schema.Array(Schema.String), sources: Schema.Array(Schema.String) })
      ),
      faults: Schema.Array(Fault)
    })
  )
})
export interface Report extends Schema.Schema.Type<typeof Report> {}

/** Sums over the events of the run, and the limits that it was given. */
export interface Totals {
  readonly deadline?: DeadlineOption.Given | undefined
  readonly usage: Usage
  readonly costUsd: number | undefined
  readonly foreseenUsd: number | undefined
  readonly durationMillis: number
  readonly spent: RunBreakdown
  readonly interventions?: RunState["interventions"] | undefined
  readonly contradictions?: ReadonlyArray<Contradiction> | undefined
  readonly uncompared?: ReadonlyArray<string> | undefined
  /** The statements of a cited document, and what is wrong with their marks. */
  readonly cited?: Checked | undefined
}

export const make = ({ document, error, findings }: Outcome, totals: Totals, simulated: boolean): Report => {
  const answered = findings.findings.flatMap(({ name, outcome }) =>
    outcome._tag === "Answered"
      ? [{ name, value: outcome.value, cited: sourcesOf(outcome.reply), agreement: outcome.agreement }]
      : []
  )
  const gaps = findings.gaps.map((gap) => ({
    name: gap.name,
    question: gap.question,
    reason: gap.outcome._tag === "Failed" ? gap.outcome.error.reason._tag : gap.outcome._tag,
    message: whyOf(gap)
  }))
  const { contradictions = [], interventions = [], uncompared = [] } = totals
  const agreements = answered.flatMap(({ agreement, name }) =>
    agreement === undefined ? [] : [[name, agreement] as const]
  )
  return {
    version,
    simulated,
    run: findings.run,
    policy: findings.policy,
    deadlineMillis: totals.deadline === undefined ? null : DeadlineOption.millisOf(totals.deadline),
    document: document?.value ?? null,
    questions: Object.fromEntries(findings.findings.map(({ name, question }) => [name, question])),
    answers: Object.fromEntries(answered.map(({ name, value }) => [name, value])),
    gaps,
    sources: Object.fromEntries(answered.flatMap(({ cited, name }) => (cited.length > 0 ? [[name, cited]] : []))),
    ...(agreements.length > 0 && { agreements: Object.fromEntries(agreements) }),
    error: error?.message ?? null,
    usage: totals.usage,
    estimatedCostUsd: totals.costUsd ?? null,
    foreseenCostUsd: totals.foreseenUsd ?? null,
    durationMillis: totals.durationMillis,
    spent: totals.spent,
    ...(interventions.length > 0 && {
      interventions: interventions.map(({ at, intervention }) => ({ at, intervention }))
    }),
    ...(contradictions.length > 0 && { contradictions }),
    ...(uncompared.length > 0 && { uncompared }),
    ...(totals.cited !== undefined && { citations: citationsOf(totals.cited, answered) })
  }
}

const citationsOf = (
  { faults, statements }: Checked,
  answered: ReadonlyArray<{ readonly name: string; readonly cited: ReadonlyArray<Source> }>
): NonNullable<Report["citations"]> => {
  const urls = new Map(
    answered.map(({ cited, name }) => [name, cited.map((source) => source.url ?? sourceText(source))])
  )
  return {
    faults,
    statements: statements.map(({ asks, text }) => ({
      text,
      asks,
      sources: [...new Set(asks.flatMap((name) => urls.get(name) ?? []))]
    }))
  }
}

/** Indented JSON with a line break at the end. Every character of the answers is kept. */
export const toJson = (report: Report): string => `${JSON.stringify(report, undefined, 2)}\n`

/** Reads the JSON of a report, also one of an earlier release. Fails where it is none, or of a version that is not known. */
export const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Report))

/** The JSON Schema of a report, for readers of other languages. */
export const toJsonSchema = (): object => {
  const { definitions, schema } = Schema.toJsonSchemaDocument(Report.annotate({ title: "fanfold report" }), {
    generateDescriptions: true
  })
  return { $schema: "https://json-schema.org/draft/2020-12/schema", ...schema, $defs: definitions }
}
