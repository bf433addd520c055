/** What every form of progress is given, and the listener that each returns. */
import type * as Event from "../../claude/Event.ts"
import type * as RunState from "../../report/RunState.ts"

/** Where progress goes; `process.stderr` is one. Its size is read anew for each frame. */
export interface Output {
  readonly columns?: number | undefined
  readonly rows?: number | undefined
  readonly isTTY?: boolean | undefined
  readonly write: (text: string) => unknown
}

export interface Options {
  readonly output: Output
  /** `live` for a terminal, `lines` for anything else, `quiet` for nothing at all. */
  readonly mode: "live" | "lines" | "quiet"
  /** Whether live progress may use colours. */
  readonly color: boolean
  /** Whether time, tokens and cost are told at the end. */
  readonly summary: boolean
  /** What the run was to cost at most, to be told beside what it cost. */
  readonly foreseenUsd?: number | undefined
}

/** A listener for a run, and what its events add up to. */
export interface Progress extends Event.Listener {
  readonly tally: RunState.RunState
  /** Asks, and the synthesis, of which was told in full why they failed; complete when the scope has closed. */
  readonly told: ReadonlySet<Readonly<RunState.Entry>>
}
