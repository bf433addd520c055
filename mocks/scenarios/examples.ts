/** Answers for the four example plans of `fanfold init`, so that they can be run without a key. */
import type { Scenario } from "./Scenario.ts"
import { contractReview } from "./contractReview.ts"
import { lisbon } from "./lisbon.ts"
import { marketContradictions, marketStudy } from "./marketStudy.ts"
import { queues } from "./queues.ts"

/** One scenario with the answers of a travel guide, a market study, a comparison of queues and a review of a contract. */
export const examples: Scenario = {
  replies: [...lisbon, ...marketStudy, ...queues, ...contractReview],
  contradictions: marketContradictions
}
