/**
 * What the governor costs a small run: the default stack and the same without Pacing, by turns, each run to a base URL of its
 * own, so that none knows anything. `node DeliveryGovernor.ts JOB`; prints the milliseconds of both.
 */
import { Effect, Layer, Redacted } from "effect"
import { Ask, Claude, Continue, Fallback, Research, Retry, Stack, Timeout, Warm } from "fanfold"
import { shuffledRounds } from "../harness/Shuffle.ts"

export interface GovernorJob {
  readonly asks: number
  /** Two for each round. */
  readonly baseUrls: ReadonlyArray<string>
  readonly seed: number
}

const { asks, baseUrls, seed } = JSON.parse(process.argv[2] ?? "") as GovernorJob
const apiKey = Redacted.make("of-no-account")
const questions = Array.from({ length: asks }, (_, index) => Ask.text(`What is the answer to question ${index}?`))

const arms = {
  governed: (baseUrl: string) => Stack.layer({ apiKey, baseUrl }),
  ungoverned: (baseUrl: string) =>
    Fallback.layer.pipe(
      Layer.provide(Continue.layer()),
      Layer.provide(Retry.layer()),
      Layer.provide(Warm.layer()),
      Layer.provide(Timeout.layer()),
      Layer.provide(Layer.effect(Claude.Claude, Claude.make({ apiKey, baseUrl })))
    )
}
type Arm = keyof typeof arms

const run = async (arm: Arm, baseUrl: string): Promise<number> => {
  const startedAt = performance.now()
  await Effect.runPromise(Effect.provide(Research.run(questions), arms[arm](baseUrl)))
  return performance.now() - startedAt
}

const urls = baseUrls.values()
const next = (): string => urls.next().value!
const samples: Record<Arm, Array<number>> = { governed: [], ungoverned: [] }
// What is loaded and compiled by the first run of each is no matter of the governor.
for (const arm of ["governed", "ungoverned"] as const) await run(arm, next())
for (const order of shuffledRounds(["governed", "ungoverned"] as const, Math.floor(baseUrls.length / 2) - 1, seed)) {
  for (const arm of order) samples[arm].push(await run(arm, next()))
}
console.log(JSON.stringify(samples))
process.exit()
