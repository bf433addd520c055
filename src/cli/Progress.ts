/** What the command line shows while it works: a live region on a terminal, plain lines elsewhere, or nothing. */
import { Effect, type Scope } from "effect"
import type * as Event from "../claude/Event.ts"
import * as RunState from "../report/RunState.ts"
import { inert } from "./Inert.ts"
import * as Live from "./Live.ts"
import * as Summary from "./Summary.ts"

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

/**
 * Gives a listener that shows a run until the scope closes; then the summary is written and, on a terminal, the cursor
 * given back. Close the scope before writing anything else. Only `live` asks for deltas, which makes answers stream.
 */
export const make = (options: Options): Effect.Effect<Progress, never, Scope.Scope> =>
  options.mode === "live" ? Live.make(options) : plain(options)

const plain = Effect.fnUntraced(function* ({ foreseenUsd, mode, output, summary }: Options) {
  const tally = RunState.make()
  const told = new Set<Readonly<RunState.Entry>>()
  const tell = (line: string): void => void output.write(`${line}\n`)
  const isQuiet = mode === "quiet"
  if (summary && !isQuiet) {
    yield* Effect.addFinalizer(() =>
      unfailing(() => {
        const table = Summary.table(tally)
        const lines = table.length === 0 ? [] : ["", ...table]
        for (const line of [...lines, ...Summary.closing(tally, foreseenUsd)]) tell(inert(line))
      })
    )
  }
  return {
    tally,
    told,
    emit: (event: Event.Event) =>
      unfailing(() => {
        tally.add(event)
        const line = isQuiet ? undefined : lineOf(tally, event)
        if (line === undefined) return
        tell(inert(line))
        const entry = event._tag === "Failed" ? tally.of(event) : undefined
        if (entry !== undefined) told.add(entry)
      })
  }
})

/** Progress must never be the reason why a paid answer is lost. */
const unfailing = (thunk: () => void): Effect.Effect<void> => Effect.ignoreCause(Effect.sync(thunk))

/** The line that tells an event, where it matters; the tally has taken the event in. */
const lineOf = (tally: RunState.RunState, event: Event.Event): string | undefined => {
  if (event._tag === "ResearchEnded") return unsentLine(tally)
  const entry = tally.of(event)
  if (entry === undefined) return undefined
  const isAsk = entry.part === "ask"
  const name = isAsk ? entry.name : "the synthesis"
  switch (event._tag) {
    case "Dispatched":
      if (entry.dispatches > 1) return undefined
      return isAsk ? `🔄 Asking ${name}` : `🧵 Folding ${RunState.plural(tally.answered, "answer", "answers")}`
    case "Retrying":
      return `⏳ Retrying ${name} in ${RunState.durationText(event.delayMillis)}: ${event.message}`
    case "FellBack":
      return `↪️ Asking ${name} with ${event.to} instead: ${event.message}`
    case "Reasked":
      return `🔁 Asking ${name} again: ${event.issue}`
    case "Answered":
      return `✅ ${isAsk ? `Answered ${name}` : "Folded"} in ${RunState.durationText(entry.durationMillis ?? 0)}`
    case "Failed":
      // Thousands may share a budget or a deadline: what was never sent is told once, at the end.
      if (isAsk && entry.dispatches === 0) return undefined
      return `❌ Failed ${name}: ${event.message}`
    case "Interrupted":
      return entry.dispatches === 0 ? undefined : `🛑 Stopped ${name}`
    default:
      return undefined
  }
}

/** Asks that were stopped before they were sent share one line: there may be thousands. */
const unsentLine = ({ asks }: RunState.RunState): string | undefined => {
  const unsent = asks.filter(({ dispatches, status }) => status === "interrupted" && dispatches === 0)
  const [first] = unsent
  if (first === undefined) return undefined
  return unsent.length === 1
    ? `🛑 Stopped ${first.name} before it was sent`
    : `🛑 Stopped ${RunState.numberText(unsent.length)} asks before they were sent`
}
