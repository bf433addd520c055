/** The options of every form of progress, and the listener that each returns. */
import type * as Event from "../../claude/Event.ts"
import type { RunState } from "../../report/RunState.ts"

/** Where progress is written; `process.stderr` is one. Its size is read again for each frame. */
export interface TerminalStream {
  readonly columns?: number | undefined
  readonly rows?: number | undefined
  readonly isTTY?: boolean | undefined
  readonly write: (text: string) => unknown
}

export interface ProgressOptions {
  readonly output: TerminalStream
  /** `live` redraws a region of a terminal, `lines` writes a line for each step, `quiet` writes nothing. */
  readonly mode: "live" | "lines" | "quiet"
  /** Whether live progress uses colours. */
  readonly color: boolean
  /** Whether time, tokens and cost are written at the end. */
  readonly summary: boolean
  /** Upper bound of the run's cost, shown in the summary beside what it cost. */
  readonly foreseenUsd?: (() => number | undefined) | undefined
  /** Whether the run goes on when this progress ends, as one of another process does: then nothing is said of its end. */
  readonly goesOn?: (() => boolean) | undefined
  /** Lines below the live region, such as the keys that may be typed. */
  readonly notes?: (() => ReadonlyArray<string>) | undefined
}

/** The listener of a run, with the state folded from its events. */
export interface Progress extends Event.Listener {
  readonly state: RunState
}
