/** Progress where no terminal is: one line for each step of an ask, or nothing at all. */
import { Effect } from "effect"
import type * as Event from "../../claude/Event.ts"
import * as RunState from "../../report/RunState.ts"
import { inert } from "../../report/TerminalText.ts"
import type { Options } from "./ProgressOptions.ts"
import * as Summary from "./Summary.ts"

export const make = Effect.fnUntraced(function* ({ foreseenUsd, mode, output, summary }: Options) {
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
