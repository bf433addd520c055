/** A mock for one run: it plays its scenarios one after the other, and logs the requests that arrive. */
import { type Entry, type MockClaude, mockClaude, type Scenario } from "fanfold/mocks"

/** `fromSeconds` counts from the first request; a call ends in the phase in which it arrived. */
export interface Phase {
  readonly fromSeconds: number
  readonly scenario: Scenario
}

export interface Setup {
  readonly phases: ReadonlyArray<Phase>
  /** Leaves out `anthropic-ratelimit-*` headers; a 429 keeps its `retry-after`. */
  readonly omitsLimitHeaders?: boolean
  /** Reports the limit of requests as what flows in within this time, instead of a minute; the bucket must hold as much. */
  readonly limitWindowSeconds?: number
}

/** One attempt as the server saw it; `atMillis` counts from the first request, `key` is the same for the same question. */
export interface Attempt extends Pick<
  Entry,
  "key" | "model" | "status" | "outcome" | "streamed" | "inputTokens" | "outputTokens"
> {
  readonly atMillis: number
}

export interface RequestLog {
  readonly attempts: ReadonlyArray<Attempt>
  readonly peakInFlight: number
}

export interface MockRun {
  readonly fetch: typeof globalThis.fetch
  /** All attempts, once none is in flight, or after 2 s: a connection that the client closed is noticed within that time. */
  readonly requestLog: () => Promise<RequestLog>
}

const maxWaitMillis = 2000
const pollMillis = 20

const limitHeader = /^anthropic-ratelimit-/

const withoutLimitHeaders = (response: Response): Response => {
  const headers = new Headers([...response.headers].filter(([name]) => !limitHeader.test(name)))
  return new Response(response.body, { status: response.status, headers })
}

const ofWindow = (response: Response, windowSeconds: number): Response => {
  const headers = new Headers(response.headers)
  for (const part of ["limit", "remaining"]) {
    const name = `anthropic-ratelimit-requests-${part}`
    headers.set(name, String(Math.floor((Number(headers.get(name)) * windowSeconds) / 60)))
  }
  return new Response(response.body, { status: response.status, headers })
}

/** The mock of a phase; `sinceMillis` is when it was created, counted from the first request. */
interface PhaseMock {
  readonly claude: MockClaude
  readonly sinceMillis: number
}

/** Creates the mock of each phase when the phase's first request arrives. */
export const make = ({ limitWindowSeconds, omitsLimitHeaders = false, phases }: Setup): MockRun => {
  const mocks = new Map<Phase, PhaseMock>()
  let startedAt: number | undefined
  const current = (): PhaseMock => {
    const at = performance.now()
    startedAt ??= at
    const sinceMillis = at - startedAt
    const phase = phases.findLast(({ fromSeconds }) => fromSeconds * 1000 <= sinceMillis)!
    const known = mocks.get(phase)
    if (known !== undefined) return known
    const journalEntries = Number.POSITIVE_INFINITY
    const made = { claude: mockClaude({ scenario: phase.scenario, journalEntries }), sinceMillis }
    mocks.set(phase, made)
    return made
  }
  const all = () => [...mocks.values()]
  const attemptOf = ({ sinceMillis }: PhaseMock, entry: Entry): Attempt => {
    const { inputTokens, key, model, outcome, outputTokens, startedMillis, status, streamed } = entry
    return { atMillis: sinceMillis + startedMillis, key, model, status, outcome, streamed, inputTokens, outputTokens }
  }
  return {
    fetch: async (input, init) => {
      const response = await current().claude.fetch(input, init)
      if (omitsLimitHeaders) return withoutLimitHeaders(response)
      return limitWindowSeconds === undefined ? response : ofWindow(response, limitWindowSeconds)
    },
    requestLog: async () => {
      const until = performance.now() + maxWaitMillis
      while (all().some(({ claude }) => claude.journal.inFlight > 0) && performance.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, pollMillis))
      }
      return {
        attempts: all().flatMap((one) => one.claude.journal.entries.map((entry) => attemptOf(one, entry))),
        peakInFlight: Math.max(0, ...all().map(({ claude }) => claude.journal.peakInFlight))
      }
    }
  }
}
