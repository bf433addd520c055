/** A simulated Claude that is made anew before every run, so that every run meets the same latencies. */
import { mockClaude, type MockClaude } from "fanfold/mocks"

/** Every attempt of a run with its simulated milliseconds, in the order of their keys. */
export type Met = ReadonlyArray<readonly [call: string, millis: number]>

/** A mock's options, and the replies and faults to lay down in it. */
export interface Options extends NonNullable<Parameters<typeof mockClaude>[0]> {
  readonly lay?: (claude: MockClaude) => void
}

export interface Simulation {
  /** Stays the same while the mock behind it changes, so that clients can be made once. */
  readonly fetch: typeof globalThis.fetch
  /** Forgets all requests: draws count how often a request came, so a second run would meet other latencies. */
  readonly renew: () => void
  readonly met: () => Met
  /** Simulated milliseconds of every attempt, in the order of arrival. */
  readonly plannedMillis: () => ReadonlyArray<number>
}

/** What the account allows a minute: more than any benchmark asks for, so that waiting for Anthropic is not measured. */
export const limits = { rpm: 1e6, itpm: 1e9, otpm: 1e9 }

export const make = ({ lay, ...options }: Options): Simulation => {
  const mock = (): MockClaude => {
    const claude = mockClaude({ limits, ...options, journalEntries: Number.POSITIVE_INFINITY })
    lay?.(claude)
    return claude
  }
  let current = mock()
  return {
    fetch: (input, init) => current.fetch(input, init),
    renew: () => {
      current = mock()
    },
    met: () =>
      current.journal.entries
        .map(({ attempt, key, plannedMillis }) => [`${key}#${attempt}`, plannedMillis] as const)
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    plannedMillis: () => current.journal.entries.map(({ plannedMillis }) => plannedMillis)
  }
}

/** Throws where a run met anything else than another: arms that wait for different things cannot be compared. */
export const assertSame = (found: Met, expected: Met): void => {
  const isSame =
    found.length === expected.length &&
    found.every(([call, millis], index) => call === expected[index]![0] && millis === expected[index]![1])
  if (!isSame) throw new Error("A run met other requests or latencies than the rehearsal: its time means nothing")
}
