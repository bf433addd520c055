/** The plans, latencies and simulated accounts of `sequential-vs-parallel`. */
import { examples, latency, type MockClaude } from "fanfold/mocks"
import type * as Fanout from "../harness/Fanout.ts"
import * as Results from "../harness/Results.ts"
import * as Simulation from "../harness/Simulation.ts"

export const seed = 1
export const fixedMillis = 200
/** Simulated milliseconds of Sonnet per real one; a call still takes a hundred times as long as the mock's own work. */
export const sonnetSpeed = 25
/** Numbers of asks. */
export const sizes = Results.isQuick ? [3, 10] : [3, 10, 30, 100]
export const roundsOf = (asks: number): number => (asks <= 10 && !Results.isQuick ? 5 : 4)

const instruction = "Write a travel guide to Lisbon for a first visit of three days."
/** As long as the guide in the examples; the synthesis that the mock writes itself would grow with the number of asks. */
const guide = "What is worth a visit is near the river, and the hills want shoes with a grip. ".repeat(20)

export const planOf = (asks: number): Fanout.Plan => ({
  questions:
    asks === 3
      ? [
          "Which attractions in Lisbon are worth a first visit, and why?",
          "How does a visitor get around Lisbon, and what does it cost?",
          "Which customs, food and music should a visitor to Lisbon know?"
        ]
      : Array.from({ length: asks }, (_, index) => `What should a visitor know about street ${index + 1} of Lisbon?`),
  synthesis: instruction
})

/** Adds the reply to the synthesis. */
export const configure = (claude: MockClaude): void => void claude.when({ user: instruction }).reply(guide)

const base = { seed, limits: Simulation.limits, scenario: examples, configure }
export const fixed = { ...base, latency: latency.fixed(fixedMillis) }
const sonnet = { ...base, latency: latency.sonnet45, timeScale: 1 / sonnetSpeed }

/** Of the comparison of sequential with parallel. */
export const latencies: Readonly<Record<string, Simulation.Options>> = {
  [`fixed, ${fixedMillis} ms`]: fixed,
  [`Sonnet-like, ${sonnetSpeed} × as fast`]: sonnet
}

/** Of the comparison with the SDK. With `fixed`, the hardest, all answers arrive in the same millisecond. */
export const sdkLatencies: Readonly<Record<string, Simulation.Options>> = {
  "none: own cost": { ...base, latency: latency.none },
  "fixed, 300 ms": { ...base, latency: latency.fixed(300) },
  ...(!Results.isQuick && { [`Sonnet-like, ${sonnetSpeed} × as fast`]: sonnet })
}
