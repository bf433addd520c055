/** An offline Claude that behaves like the real one: for tests, benchmarks and demonstrations without a key. */
export { make as mockClaude, type MockClaude, type Options } from "./MockClaude.ts"
export * as latency from "./Latency.ts"
export { Scenario } from "./Scenario.ts"
export { examples } from "./scenarios/examples.ts"
