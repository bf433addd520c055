/** Writes a report as a Markdown document. */
import { Record } from "effect"
import { type Source, sourceKey, sourceText } from "../claude/Message.ts"
import type { Agreement } from "../pipeline/Agreement.ts"
import * as CitedMarkdown from "./CitedMarkdown.ts"
import * as FoldsMarkdown from "./FoldsMarkdown.ts"
import { textOf as proofText } from "./Proof.ts"
import type { Report } from "./Report.ts"
import { interventionText } from "./InterventionText.ts"
import type { Unfinished } from "./RunResult.ts"
import { inertDocument } from "./TerminalText.ts"
import * as VotesMarkdown from "./VotesMarkdown.ts"

/**
 * What the document lacks because folds failed; the synthesis, or, without one, that the run is unfinished, each answer under its
 * name and then the gaps; then votes, levels and the cited sources, and what the user has changed during the run. Escape sequences and
 * characters that reorder text are removed, because the document may be printed on a terminal.
 */
export const toMarkdown = (report: Report, unfinished?: Unfinished): string => {
  const { agreements = {}, answers, citations, document, gaps, interventions = [], questions, sources, spent } = report
  const parts =
    document === null
      ? Object.entries(answers).map(([name, value]) =>
          section(name, questions[name] ?? "", textOf(value), agreements[name])
        )
      : citations === undefined || typeof document !== "string"
        ? [textOf(document)]
        : [...CitedMarkdown.toMarkdown(document, Record.map(answers, proofText), questions)]
  if (document === null && unfinished !== undefined) parts.unshift(unfinishedText(report, unfinished))
  if (document !== null) parts.unshift(...FoldsMarkdown.lost(spent))
  parts.push(...contradictionParts(report))
  if (document === null && gaps.length > 0) {
    parts.push(`## No answer\n\n${gaps.map(({ message, name }) => `- **${name}**: ${onOneLine(message)}`).join("\n")}`)
  }
  if (document !== null) parts.push(...VotesMarkdown.section(agreements), ...FoldsMarkdown.section(spent))
  const cited = new Map(
    Object.values(sources).flatMap((list) => list.map((source) => [sourceKey(source), source] as const))
  )
  if (cited.size > 0) {
    parts.push(`## Sources\n\n${[...cited.values()].map(sourceLine).join("\n")}`)
  }
  if (interventions.length > 0) {
    const lines = interventions.map(({ intervention }) => `- ${interventionText(intervention)}`)
    parts.push(`## Changed during the run\n\n${lines.join("\n")}`)
  }
  return inertDocument(`${parts.map((part) => part.trim()).join("\n\n")}\n`)
}

const unfinishedText = ({ answers, error }: Report, { again }: Unfinished): string =>
  [
    `**No document: ${error === null ? "the run was stopped before its end" : onOneLine(error)}.**`,
    ...(Object.keys(answers).length === 0 ? [] : ["What was answered until then follows."]),
    ...(again === undefined ? [] : [`To go on: \`${onOneLine(again)}\``])
  ].join(" ")

const sourceLine = (source: Source): string =>
  source.url === undefined ? `- ${onOneLine(sourceText(source))}` : `- [${source.title}](${source.url})`

const section = (name: string, question: string, text: string, agreement: Agreement | undefined): string =>
  [
    `## ${name}`,
    `*${onOneLine(question)}*`,
    text,
    ...(agreement === undefined ? [] : [VotesMarkdown.lineOf(agreement)])
  ].join("\n\n")

/** What the answers contradict each other in; in a document it stands behind the text that settles it. */
const contradictionParts = ({ contradictions = [], uncompared = [] }: Report): ReadonlyArray<string> => [
  ...(contradictions.length === 0
    ? []
    : [
        `## Contradictions\n\nThe answers contradict each other; the document settles it or calls it open.\n\n${contradictions.map(contradictionLine).join("\n")}`
      ]),
  ...(uncompared.length === 0 ? [] : [`Not compared with each other: ${uncompared.join(", ")}.`])
]

const contradictionLine = ({ statements, subject }: NonNullable<Report["contradictions"]>[number]): string =>
  `- **${onOneLine(subject)}**: ${statements.map(({ ask, text }) => `${ask} says “${onOneLine(text)}”`).join(", ")}`

const onOneLine = (text: string): string => text.trim().replace(/\s+/g, " ")

const textOf = (value: unknown): string =>
  typeof value === "string" ? value : `\`\`\`json\n${JSON.stringify(value, undefined, 2)}\n\`\`\``
