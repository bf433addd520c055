/** A simulated Claude that is created again before every run, so that every run gets the same latencies. */
import { mockClaude, type MockClaude } from "fanfold/mocks"

/** Every attempt of a run with its simulated milliseconds, sorted by the attempt's key. */
export type Latencies = ReadonlyArray<readonly [attempt: string, millis: number]>

/** The mock's options, and a function that adds replies and faults to it. */
export interface Options extends NonNullable<Parameters<typeof mockClaude>[0]> {
  readonly configure?: (claude: MockClaude) => void
}

export interface Simulation {
  /** Stays the same when the mock is renewed, so that clients can be created once. */
  readonly fetch: typeof globalThis.fetch
  /** Replaces the mock: a latency depends on how often a request was sent before, so a second run would get other ones. */
  readonly renew: () => void
  readonly latencies: () => Latencies
  /** Simulated milliseconds of every attempt, in the order of arrival. */
  readonly plannedMillis: () => ReadonlyArray<number>
}

/** Limits per minute of the simulated account: higher than any benchmark needs, so that no run waits for them. */
export const limits = { rpm: 1e6, itpm: 1e9, otpm: 1e9 }

export const make = ({ configure, ...options }: Options): Simulation => {
  const mock = (): MockClaude => {
    const claude = mockClaude({ limits, ...options, journalEntries: Number.POSITIVE_INFINITY })
    configure?.(claude)
    return claude
  }
  let current = mock()
  return {
    fetch: (input, init) => current.fetch(input, init),
    renew: () => {
      current = mock()
    },
    latencies: () =>
      current.journal.entries
        .map(({ attempt, key, plannedMillis }) => [`${key}#${attempt}`, plannedMillis] as const)
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    plannedMillis: () => current.journal.entries.map(({ plannedMillis }) => plannedMillis)
  }
}

/** Throws unless both are the same: runs that waited for different latencies cannot be compared. */
export const assertSame = (found: Latencies, expected: Latencies): void => {
  const isSame =
    found.length === expected.length &&
    found.every(([attempt, millis], index) => attempt === expected[index]![0] && millis === expected[index]![1])
  if (!isSame) throw new Error("A run had other requests or latencies than the rehearsal: its time means nothing")
}
