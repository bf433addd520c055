/** A run's outcome as data, and as a document. */
import { stripVTControlCharacters } from "node:util"
import { Schema } from "effect"
import { whyOf } from "../pipeline/Findings.ts"
import { Source, sourcesOf, Usage } from "../claude/Message.ts"
import type { Outcome } from "../pipeline/Pipeline.ts"
import { Policy } from "../options/Policy.ts"
import { RunBreakdown } from "./RunBreakdown.ts"

/** Raised when the report's shape changes in a way that an old reader would misread. */
export const version = 1

/** What `--json` and `-o FILE.json` write. `answers` hold the finished asks by name, `gaps` the others. */
export const Report = Schema.Struct({
  version: Schema.Literal(version),
  /** True where no model was asked: the answers come from the offline mock. */
  simulated: Schema.Boolean,
  run: Schema.String,
  policy: Policy,
  /** The synthesis: prose, or the value of its schema; null where there is none. */
  document: Schema.NullOr(Schema.Unknown),
  questions: Schema.Record(Schema.String, Schema.String),
  answers: Schema.Record(Schema.String, Schema.Unknown),
  gaps: Schema.Array(
    Schema.Struct({ name: Schema.String, question: Schema.String, reason: Schema.String, message: Schema.String })
  ),
  sources: Schema.Record(Schema.String, Schema.Array(Source)),
  /** Why the run failed; null where it did not. */
  error: Schema.NullOr(Schema.String),
  usage: Usage,
  /** From list prices, or those of the plan; null where a model's price is not known. */
  estimatedCostUsd: Schema.NullOr(Schema.Finite),
  /** What it was to cost at most, each call sent once; null as above. */
  foreseenCostUsd: Schema.NullOr(Schema.Finite),
  durationMillis: Schema.Finite,
  spent: RunBreakdown
})
export interface Report extends Schema.Schema.Type<typeof Report> {}

/** What the events of the run add up to. */
export interface Totals {
  readonly usage: Usage
  readonly costUsd: number | undefined
  readonly foreseenUsd: number | undefined
  readonly durationMillis: number
  readonly spent: RunBreakdown
}

export const make = ({ document, error, findings }: Outcome, totals: Totals, simulated: boolean): Report => {
  const answered = findings.findings.flatMap(({ name, outcome }) =>
    outcome._tag === "Answered" ? [{ name, value: outcome.value, cited: sourcesOf(outcome.reply) }] : []
  )
  const gaps = findings.gaps.map((gap) => ({
    name: gap.name,
    question: gap.question,
    reason: gap.outcome._tag === "Failed" ? gap.outcome.error.reason._tag : gap.outcome._tag,
    message: whyOf(gap)
  }))
  return {
    version,
    simulated,
    run: findings.run,
    policy: findings.policy,
    document: document?.value ?? null,
    questions: Object.fromEntries(findings.findings.map(({ name, question }) => [name, question])),
    answers: Object.fromEntries(answered.map(({ name, value }) => [name, value])),
    gaps,
    sources: Object.fromEntries(answered.flatMap(({ cited, name }) => (cited.length > 0 ? [[name, cited]] : []))),
    error: error?.message ?? null,
    usage: totals.usage,
    estimatedCostUsd: totals.costUsd ?? null,
    foreseenCostUsd: totals.foreseenUsd ?? null,
    durationMillis: totals.durationMillis,
    spent: totals.spent
  }
}

/** The report as indented JSON, with a line end. */
export const toJson = (report: Report): string => `${JSON.stringify(report, undefined, 2)}\n`

/**
 * The document as Markdown: the synthesis, or, where there is none, each answer under its name. What a terminal would obey,
 * and what reorders text, is left out; JSON keeps every character.
 */
export const toMarkdown = (report: Report): string => {
  const { answers, document, gaps, questions, sources } = report
  const parts =
    document === null
      ? Object.entries(answers).map(([name, value]) => section(name, questions[name] ?? "", textOf(value)))
      : [textOf(document)]
  if (document === null && gaps.length > 0) {
    parts.push(`## No answer\n\n${gaps.map(({ message, name }) => `- **${name}**: ${inLine(message)}`).join("\n")}`)
  }
  const cited = new Map(Object.values(sources).flatMap((list) => list.map((source) => [source.url, source] as const)))
  if (cited.size > 0) {
    parts.push(`## Sources\n\n${[...cited.values()].map(({ title, url }) => `- [${title}](${url})`).join("\n")}`)
  }
  return inert(`${parts.map((part) => part.trim()).join("\n\n")}\n`)
}

/** Without what shows a text otherwise than it is. Marks of direction and joiners stay: languages and emoji need them. */
const inert = (text: string): string =>
  stripVTControlCharacters(text)
    .replace(/\r(?!\n)/g, "\n")
    .replace(/(?![\t\n\r])\p{Cc}|[\u202A-\u202E\u2066-\u2069]/gu, "")
    .toWellFormed()

const section = (name: string, question: string, text: string): string =>
  `## ${name}\n\n*${inLine(question)}*\n\n${text}`

const inLine = (text: string): string => text.trim().replace(/\s+/g, " ")

const textOf = (value: unknown): string =>
  typeof value === "string" ? value : `\`\`\`json\n${JSON.stringify(value, undefined, 2)}\n\`\`\``
