/** The offline Claude in tests with Vitest: made once for a file or a `describe`, judged and reset after each test. */
import { afterEach, beforeEach, vi } from "vitest"
import * as Clock from "./time/Clock.ts"
import { make, type MockClaude, type Options } from "./MockClaude.ts"

export * from "./index.ts"

/** Options of the mock, and what happens around each test. */
export interface UseOptions extends Options {
  /** Fails a test in which the client made a mistake that the journal shows; true by default. */
  readonly judge?: boolean
  /** Replaces the global `fetch` during each test, for code that takes no `fetch`; false by default. */
  readonly stubFetch?: boolean
}

/** The clock of the machine's date, which Vitest's fake timers replace together with its timers. */
const dateClock: Clock.Clock = { ...Clock.real, now: () => Date.now() }

/** The timer of the machine, also where a test has replaced the global one. */
const { setTimeout: machineTimeout } = globalThis
const settleMillis = 5
const maxSettles = 100

/** Waits up to 0.5 s for requests to end that the test has ended, such as aborted ones. */
const settled = async ({ journal }: MockClaude): Promise<void> => {
  for (let count = 0; journal.inFlight > 0 && count < maxSettles; count++) {
    await new Promise<void>((resolve) => void machineTimeout(resolve, settleMillis))
  }
}

/**
 * Makes an offline Claude for the tests of a file or a `describe`. After each test it fails the test if the client made a mistake,
 * and forgets replies, faults and the journal. With `vi.useFakeTimers()`, latencies pass with `vi.advanceTimersByTimeAsync()`.
 */
export const useMockClaude = ({ judge = true, stubFetch = false, ...options }: UseOptions = {}): MockClaude => {
  const claude = make({ clock: dateClock, ...options })
  if (stubFetch) beforeEach(() => void vi.stubGlobal("fetch", claude.fetch))
  afterEach(async () => {
    if (stubFetch) vi.unstubAllGlobals()
    if (judge) await settled(claude)
    const { ok, problems } = claude.journal.verdict()
    claude.reset()
    if (!judge || ok) return
    throw new Error(
      `The client made mistakes:\n${problems.map(({ detail, kind }) => `- ${kind}: ${detail}`).join("\n")}`
    )
  })
  return claude
}
