/** The mock of one run: it plays scenarios one after the other, and keeps book of what arrived. */
import { type Entry, type MockClaude, mockClaude, type Scenario } from "fanfold/mocks"

/** `fromSeconds` is counted from the first request; what is under way stays with the phase in which it arrived. */
export interface Phase {
  readonly fromSeconds: number
  readonly scenario: Scenario
}

export interface Setup {
  readonly phases: ReadonlyArray<Phase>
  /** The API does not tell its limits in headers; a refusal keeps its `retry-after`. */
  readonly hidesLimits?: boolean
}

/** One attempt as the server saw it, in milliseconds since the first request; `key` is the same for the same question. */
export interface Attempt extends Pick<
  Entry,
  "key" | "model" | "status" | "outcome" | "streamed" | "inputTokens" | "outputTokens"
> {
  readonly atMillis: number
}

export interface Book {
  readonly attempts: ReadonlyArray<Attempt>
  readonly peakInFlight: number
}

export interface MockRun {
  readonly fetch: typeof globalThis.fetch
  /** What arrived, once nothing is under way any more, or after a while. */
  readonly book: () => Promise<Book>
}

/** A client that has gone is noticed within that. */
const longestWaitMillis = 2000
const lookEveryMillis = 20

const limitHeader = /^anthropic-ratelimit-/

const withoutLimits = (response: Response): Response => {
  const headers = new Headers([...response.headers].filter(([name]) => !limitHeader.test(name)))
  return new Response(response.body, { status: response.status, headers })
}

interface Playing {
  readonly claude: MockClaude
  readonly sinceMillis: number
}

/** Nothing is simulated before the first request comes. */
export const make = ({ hidesLimits = false, phases }: Setup): MockRun => {
  const playing = new Map<Phase, Playing>()
  let startedAt: number | undefined
  const now = (): Playing => {
    const at = performance.now()
    startedAt ??= at
    const sinceMillis = at - startedAt
    const phase = phases.findLast(({ fromSeconds }) => fromSeconds * 1000 <= sinceMillis)!
    const known = playing.get(phase)
    if (known !== undefined) return known
    const journalEntries = Number.POSITIVE_INFINITY
    const made = { claude: mockClaude({ scenario: phase.scenario, journalEntries }), sinceMillis }
    playing.set(phase, made)
    return made
  }
  const all = () => [...playing.values()]
  const attemptOf = ({ sinceMillis }: Playing, entry: Entry): Attempt => {
    const { inputTokens, key, model, outcome, outputTokens, startedMillis, status, streamed } = entry
    return { atMillis: sinceMillis + startedMillis, key, model, status, outcome, streamed, inputTokens, outputTokens }
  }
  return {
    fetch: async (input, init) => {
      const response = await now().claude.fetch(input, init)
      return hidesLimits ? withoutLimits(response) : response
    },
    book: async () => {
      const until = performance.now() + longestWaitMillis
      while (all().some(({ claude }) => claude.journal.inFlight > 0) && performance.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, lookEveryMillis))
      }
      return {
        attempts: all().flatMap((one) => one.claude.journal.entries.map((entry) => attemptOf(one, entry))),
        peakInFlight: Math.max(0, ...all().map(({ claude }) => claude.journal.peakInFlight))
      }
    }
  }
}
