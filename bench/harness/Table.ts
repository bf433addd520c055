/** Formats rows of named cells as a Markdown table, aligned so that a terminal shows it too. */

export type Row = Readonly<Record<string, string | number>>

/** Columns are the names in all rows, in order of first appearance; a missing cell is empty. Figures are right-aligned. */
export const toMarkdown = (rows: ReadonlyArray<Row>): string => {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const cellsOf = (row: Row) => columns.map((column) => String(row[column] ?? "").replaceAll("|", "\\|"))
  const cells = rows.map(cellsOf)
  const widths = columns.map((column, index) => Math.max(3, column.length, ...cells.map((row) => row[index]!.length)))
  const isFigure = columns.map((_, index) => cells.every((row) => /^[-+~≤<]?[\d.,]*( ?[%×])?$/.test(row[index]!)))
  const pad = (cell: string, index: number) =>
    isFigure[index]! ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!)
  const rule = widths.map((width, index) => (isFigure[index]! ? `${"-".repeat(width - 1)}:` : "-".repeat(width)))
  return [columns.map(pad), rule, ...cells.map((row) => row.map(pad))].map((row) => `| ${row.join(" | ")} |`).join("\n")
}
