/** Written answers for the three example plans, so that they read well without a key. */
import type { Scenario } from "./Scenario.ts"
import { lisbon } from "./lisbon.ts"
import { marketStudy } from "./marketStudy.ts"
import { queues } from "./queues.ts"

/** A travel guide to Lisbon, a market study of heat pumps and a choice between three queues, as one scenario. */
export const examples: Scenario = { replies: [...lisbon, ...marketStudy, ...queues] }
