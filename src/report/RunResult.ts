/** What the documents of a run are written of. */
import type { Report } from "./Report.ts"
import type { Answer, View } from "./View.ts"
import * as VotesMarkdown from "./VotesMarkdown.ts"

/** How a run is gone on with that has not ended: the command, where a journal keeps the run. */
export interface Unfinished {
  readonly again: string | undefined
}

export interface RunResult {
  readonly report: Report
  /** Absent where the run has ended, or is under way. */
  readonly unfinished?: Unfinished
  /** What its page shows; made when a page is written. */
  readonly view: () => View
}

/** In the order of the asks; null where there is none. */
export const answersOf = (
  { agreements = {}, answers, sources }: Report,
  { asks }: View
): ReadonlyArray<Answer | null> =>
  asks.map(({ name }) =>
    Object.hasOwn(answers, name)
      ? {
          value: answers[name],
          sources: Object.hasOwn(sources, name) ? sources[name]! : [],
          ...(Object.hasOwn(agreements, name) && { votes: VotesMarkdown.lineOf(agreements[name]!) })
        }
      : null
  )
