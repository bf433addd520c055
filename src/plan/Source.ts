/** A plan's text as data, with the position of every key. */
import { Data } from "effect"

/** A position in a text; lines and columns count from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

export const beginning: Position = { line: 1, column: 1 }

export interface Problem {
  readonly message: string
  readonly position: Position
}

/** A problem of a text, at an offset in it. */
export interface Found {
  readonly message: string
  readonly offset: number
}

/** `locate` gives the position of a path's key; where the key is missing, of the nearest key above it, or the beginning. */
export interface Source {
  readonly value: unknown
  readonly locate: (path: ReadonlyArray<PropertyKey>) => Position
  /** What may stand for something else than was meant, such as text that a comment cuts. */
  readonly notices: ReadonlyArray<Problem>
}

/** Text that is not valid YAML, JSON or TOML: every syntax error with its position. */
export class SyntaxProblem extends Data.TaggedError("SyntaxProblem")<{
  readonly problems: ReadonlyArray<Problem>
}> {}
