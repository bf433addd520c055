/** A plan's text as data, with the way back from a path to its place. */
import { Data } from "effect"

/** A place in a text, counted from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

export const beginning: Position = { line: 1, column: 1 }

/** `locate` gives the place of the key a path leads to; where that is missing, of the nearest key above it, or the beginning. */
export interface Source {
  readonly value: unknown
  readonly locate: (path: ReadonlyArray<PropertyKey>) => Position
}

/** Text that is no YAML, JSON or TOML: every problem with its place. */
export class SyntaxProblem extends Data.TaggedError("SyntaxProblem")<{
  readonly problems: ReadonlyArray<{ readonly message: string; readonly position: Position }>
}> {}
