/** What a tree of folds costs beside one request with the same answers, as the mock bills both. */
import { mockClaude } from "fanfold/mocks"
import { Ask, run, Synthesis } from "fanfold/promise"
import { answerOf } from "./Fold.ts"

const instruction = "Say all that is planted."
/** Tokens of every document, as the simulated one would be shorter where it reads less. */
export const documentTokens = 8000

export interface Billed {
  readonly usd: number
  readonly calls: number
  /** Of the document. */
  readonly model: string | undefined
  /** Tokens that the folds below the document read and write. */
  readonly read: number
  readonly written: number
}

/** The bills of a synthesis of so many answers. */
export const play = async (count: number, tokens: number, options: Synthesis.Options): Promise<Billed> => {
  const mock = mockClaude({ seed: 1 })
  const asks: Record<string, Ask.Ask<string>> = {}
  for (let n = 0; n < count; n++) {
    asks[`q${n}`] = Ask.text(`Question ${n}?`)
    mock.when({ part: "ask", user: `Question ${n}?` }).reply(answerOf(n, tokens))
  }
  mock.when({ part: "synthesis", user: /^Say all/ }).reply(answerOf(count, documentTokens))
  await run({
    asks,
    synthesis: Synthesis.text(instruction, { contradictions: "off", ...options }),
    fetch: mock.fetch,
    apiKey: "offline"
  })
  // The asks are all answered before the first fold is sent.
  const bills = mock.journal.ledger().bills.slice(count)
  const below = bills.slice(0, -1)
  const sumOf = (of: (bill: (typeof bills)[number]) => number, all = bills) =>
    all.reduce((sum, bill) => sum + of(bill), 0)
  return {
    usd: sumOf(({ usd }) => usd ?? Number.NaN),
    calls: bills.length,
    model: bills.at(-1)?.model,
    read: sumOf(({ inputTokens }) => inputTokens, below),
    written: sumOf(({ outputTokens }) => outputTokens, below)
  }
}
