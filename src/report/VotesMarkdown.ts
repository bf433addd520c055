/** What the votes of asks agree in, as Markdown. */
import { type Agreement, agreementText } from "../pipeline/Agreement.ts"

const onOneLine = (text: string): string => text.trim().replace(/\s+/g, " ")

/** `4 of 5 votes agree (verdict 4, growth 5); dissent: verdict: "wait" (1)`. */
export const lineOf = (agreement: Agreement): string => {
  const { dissent, fields = {} } = agreement
  const counts = Object.entries(fields).map(([field, count]) => `${field} ${count}`)
  const where = counts.length < 2 ? "" : ` (${counts.join(", ")})`
  const others = dissent.length === 0 ? "" : `; dissent: ${dissent.map(onOneLine).join("; ")}`
  return `${agreementText(agreement)}${where}${others}`
}

/** Nothing where no ask has votes. */
export const section = (agreements: Readonly<Record<string, Agreement>>): ReadonlyArray<string> => {
  const lines = Object.entries(agreements).map(([name, agreement]) => `- **${name}**: ${lineOf(agreement)}`)
  return lines.length === 0 ? [] : [`## Votes\n\n${lines.join("\n")}`]
}
