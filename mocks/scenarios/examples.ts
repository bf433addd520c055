import type { Scenario } from "../Scenario.ts"
export const examples: Scenario = { replies: [] }
