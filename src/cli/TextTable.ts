/** Text in columns. */

export interface Column<A> {
  readonly title: string
  readonly cell: (row: A) => string
  /** Numbers are aligned to the right. */
  readonly isNumber?: boolean
}

/** A heading and a line for each row, without the columns that have no text in any row. */
export const lines = <A>(columns: ReadonlyArray<Column<A>>, rows: ReadonlyArray<A>): ReadonlyArray<string> => {
  const drawn = columns
    .map(({ cell, isNumber, title }) => ({ isNumber, texts: [title, ...rows.map(cell)] }))
    .filter(({ texts }) => texts.slice(1).some((text) => text !== ""))
    .map(({ isNumber, texts }) => {
      const width = texts.reduce((max, { length }) => Math.max(max, length), 0)
      return texts.map((text) => (isNumber === true ? text.padStart(width) : text.padEnd(width)))
    })
  return ["", ...rows].map((_, row) =>
    drawn
      .map((texts) => texts[row])
      .join("  ")
      .trimEnd()
  )
}
