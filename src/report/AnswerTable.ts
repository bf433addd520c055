/** Answers as a table: a row for each ask, with the columns of its row, its answer, and the reason of a gap. */
import type { Ask } from "../pipeline/Ask.ts"
import { votesOf } from "../pipeline/VotesOption.ts"
import { type Finding, isGap, whyOf } from "../pipeline/Findings.ts"

/** A row of the table. */
export interface AnsweredRow {
  readonly name: string
  readonly cells: Readonly<Record<string, string>>
  readonly value?: unknown
  readonly gap?: string
  /** How many of its votes agree, as `4 of 5`. */
  readonly votes?: string
}

/** The columns of a table by name, and where each has its cell from. */
export interface Columns {
  readonly names: ReadonlyArray<string>
  readonly record: (row: AnsweredRow) => ReadonlyArray<unknown>
}

/** The fields of an answer; `undefined` for a text, or a value without named fields. */
const fieldsOf = ({ format }: Ask<unknown>): ReadonlyArray<string> | undefined => {
  if (format._tag === "Text") return undefined
  const { properties } = format.schema as { readonly properties?: object }
  return properties === undefined ? undefined : Object.keys(properties)
}

/** A name that no other column has: `answer`, or `answer_2` where the rows have a column `answer`. */
const freeName = (wanted: string, taken: Set<string>): string => {
  let name = wanted
  for (let n = 2; taken.has(name); n++) name = `${wanted}_${n}`
  taken.add(name)
  return name
}

const cellOf = (value: unknown): unknown =>
  value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : value

/** The columns of rows with these columns of their own, whose answers have the forms of `asks`. */
export const columnsOf = (own: ReadonlyArray<string>, asks: Iterable<Ask<unknown>>): Columns => {
  const all = Array.from(asks)
  const forms = all.map(fieldsOf)
  const fields = [...new Set(forms.flatMap((form) => form ?? []))]
  const taken = new Set(own)
  const ask = freeName("ask", taken)
  const answers = [
    ...(forms.includes(undefined) || fields.length === 0
      ? [{ field: undefined, name: freeName("answer", taken) }]
      : []),
    ...fields.map((field) => ({ field, name: freeName(field, taken) }))
  ]
  const hasVotes = all.some(({ options }) => votesOf(options.votes) !== undefined)
  const votesColumn = hasVotes ? [freeName("votes", taken)] : []
  const valueOf = (value: unknown, field: string | undefined): unknown => {
    const isFields = typeof value === "object" && value !== null && !Array.isArray(value)
    if (field === undefined) return fields.length > 0 && isFields ? undefined : value
    return isFields && Object.hasOwn(value, field) ? (value as Readonly<Record<string, unknown>>)[field] : undefined
  }
  return {
    names: [...own, ask, ...answers.map(({ name }) => name), ...votesColumn, freeName("gap", taken)],
    record: ({ cells, gap, name, value, votes }) => [
      ...own.map((column) => cells[column]),
      name,
      ...answers.map(({ field }) => valueOf(value, field)),
      ...votesColumn.map(() => votes),
      gap
    ]
  }
}

/** A record as the cells of CSV: objects are JSON, and what is not there is empty. */
export const cellsOf = (record: ReadonlyArray<unknown>): ReadonlyArray<unknown> => record.map(cellOf)

/** A record as a line of JSON; what is not there is left out. */
export const lineOf = (names: ReadonlyArray<string>, record: ReadonlyArray<unknown>): string =>
  `${JSON.stringify(Object.fromEntries(names.map((name, index) => [name, record[index]])))}\n`

/** The row of a finding. The reason of a gap is without the id of a request, which differs from run to run. */
export const rowOf = (finding: Finding, cells: AnsweredRow["cells"]): AnsweredRow => {
  const { name, outcome } = finding
  if (outcome._tag === "Answered") {
    const { agreement, value } = outcome
    return { name, cells, value, ...(agreement && { votes: `${agreement.agreeing} of ${agreement.votes}` }) }
  }
  if (!isGap(finding)) return { name, cells }
  if (outcome._tag !== "Failed") return { name, cells, gap: whyOf(finding) }
  const { _tag, message } = outcome.error.reason
  return { name, cells, gap: `${_tag}: ${message}` }
}
