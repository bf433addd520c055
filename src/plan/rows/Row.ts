/** One row of a file that asks are made of, and what can be wrong with one. */
import { Data, type Stream } from "effect"
import type { Document } from "../../claude/Document.ts"
import type { Position } from "../Source.ts"

/** The values by column, and the line on which the row begins. Values that are `null` are left out. */
export interface Row {
  readonly cells: Readonly<Record<string, string>>
  readonly line: number
  /** The file that the row is, where that is no text. */
  readonly document?: Document
}

/** The rows of a file, or of several, each time they are run from the beginning. */
export interface RowSource {
  readonly rows: Stream.Stream<Row, RowProblem>
  /** The question of each row where the plan has none. */
  readonly question?: string
  /** The name of each row where the plan has none. */
  readonly name?: string
  /** Columns that stand in no table, such as the text of a file. */
  readonly hidden?: ReadonlySet<string>
  /** What may not be as it was meant, in words that follow the file's name. */
  readonly notices?: ReadonlyArray<string>
  /** The files, which no output may overwrite. */
  readonly files: ReadonlyArray<string>
}

/** What is wrong with a file of rows, at a position where there is one. */
export class RowProblem extends Data.TaggedError("RowProblem")<{
  readonly file: string
  readonly position: Position | undefined
  readonly message: string
}> {}

/** A problem of a whole file. */
export const ofFile = (file: string, message: string): RowProblem =>
  new RowProblem({ file, position: undefined, message })

/** A problem of a line. */
export const atLine = (file: string, line: number, message: string, column = 1): RowProblem =>
  new RowProblem({ file, position: { line, column }, message })
