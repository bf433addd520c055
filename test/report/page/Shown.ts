/** Pages of runs for tests: of events, with answers. */
import { Effect } from "effect"
import type { Event } from "fanfold"
import { toHtml } from "../../../src/report/Html.ts"
import { type About, RunView } from "../../../src/report/RunView.ts"
import type { Answer, View } from "../../../src/report/View.ts"
import { answered, begin, dispatched, eventOf, failed, replied, started } from "../../RunEvents.ts"

const about: About = {
  plan: "/home/me/plan.yaml",
  state: "ended",
  simulated: false,
  error: null,
  again: { command: "fanfold run plan.yaml --reuse", isKept: true },
  foreseenCostUsd: 1,
  document: "# A document\n\nWith *prose* and [a link](https://example.org/).\n\n| a | b |\n|---|---|\n| 1 | 2 |"
}

export const viewOf = (events: ReadonlyArray<Event.Event>, more: Partial<About> = {}): View => {
  const view = new RunView()
  for (const event of events) view.add(event)
  return view.data({ ...about, ...more })
}

/** A run of so many asks, each 20 ms after the one before; every `failing`th fails. */
export const runOf = (asks: number, failing = 10): ReadonlyArray<Event.Event> => {
  const names = Array.from({ length: asks }, (_, n) => `ask${n}`)
  const own = names.flatMap((name, n) => {
    const at = n * 20
    const ended =
      n % failing === failing - 1 ? [failed(at + 900, name)] : [replied(at + 900, name), answered(at + 900, name)]
    return [started(at, name), dispatched(at + 10, name), ...ended]
  })
  return [begin(0, ...names), ...own.toSorted((a, b) => a[0] - b[0])].map(eventOf)
}

export const answersTo = (
  { asks }: View,
  textOf = (name: string) => `The answer of **${name}**.`
): ReadonlyArray<Answer | null> =>
  asks.map(({ name, status }) =>
    status === "answered"
      ? { value: textOf(name), sources: [{ url: `https://example.org/${name}`, title: "A source" }] }
      : null
  )

export const htmlOf = (view: View, answers = answersTo(view)): Promise<string> =>
  Effect.runPromise(toHtml(view, answers))
