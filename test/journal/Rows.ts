/** Runs and rows as a journal takes them, and how they are found again. */
import { Effect } from "effect"
import type { BegunRun, Journal, NewRun, Row } from "../../src/journal/Journal.ts"
import * as RequestKey from "../../src/journal/RequestKey.ts"
import { reply, request } from "../FakeClaude.ts"

export const newRun = (id: string, fields: Partial<NewRun> = {}): NewRun => ({
  id,
  plan: "plan.yaml",
  source: "",
  at: 1,
  ...fields
})

/** Begins a run that resumes what there is, and waits for no other. */
export const begin = (journal: typeof Journal.Service, id: string, fields: Partial<NewRun> = {}) =>
  Effect.map(journal.begin(newRun(id, fields), { resume: true, isAlone: false }), (run) => run as BegunRun)

/** The rows of an ask that was answered. */
export const answered = (entry: number, question: string, text = `re ${question}`, at = 1): ReadonlyArray<Row> => {
  const keyed = RequestKey.of(request(question))
  return [
    { _tag: "Entry", entry, ask: question, part: "ask", request: keyed, ordinal: 0, at, known: undefined },
    { _tag: "Turn", entry, turn: 0, key: RequestKey.ofTurn(request(question)), reply: reply(text), at },
    { _tag: "End", entry, at, state: "answered" }
  ]
}

/** The text that a journal has for a question, of these runs or of any. */
export const found = (journal: typeof Journal.Service, question: string, runs?: ReadonlyArray<string>) =>
  Effect.map(
    journal.find(RequestKey.of(request(question)).key, 0, {
      source: "",
      runs: runs ?? [],
      since: runs === undefined ? 0 : undefined
    }),
    (known) => known?.turns[0]?.reply.content[0]?.["text"]
  )
