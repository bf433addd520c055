/**
 * Measures what Pacing costs a small run: the default stack and the same without Pacing alternate, each run with a base URL of
 * its own, so that no run knows the limits. `node PacingCost.ts JOB`; prints `PacingCostSamples` as JSON.
 */
import { Effect, Layer, Redacted } from "effect"
import { Ask, Claude, Continue, Fallback, Research, Retry, Stack, Timeout, Warm } from "fanfold"
import { shuffledRounds } from "../harness/Shuffle.ts"

export interface PacingCostJob {
  readonly asks: number
  /** Two for the warm-up, then two for each round. */
  readonly baseUrls: ReadonlyArray<string>
  readonly seed: number
}

/** Wall milliseconds of the runs. */
export interface PacingCostSamples {
  readonly withPacing: ReadonlyArray<number>
  readonly withoutPacing: ReadonlyArray<number>
}

const { asks, baseUrls, seed } = JSON.parse(process.argv[2] ?? "") as PacingCostJob
const apiKey = Redacted.make("of-no-account")
const questions = Array.from({ length: asks }, (_, index) => Ask.text(`What is the answer to question ${index}?`))

const stacks = {
  withPacing: (baseUrl: string) => Stack.layer({ apiKey, baseUrl }),
  withoutPacing: (baseUrl: string) =>
    Fallback.layer().pipe(
      Layer.provide(Continue.layer()),
      Layer.provide(Retry.layer()),
      Layer.provide(Warm.layer()),
      Layer.provide(Timeout.layer()),
      Layer.provide(Layer.effect(Claude.Claude, Claude.make({ apiKey, baseUrl })))
    )
}
type Arm = keyof typeof stacks
const arms: ReadonlyArray<Arm> = ["withPacing", "withoutPacing"]

const run = async (arm: Arm, baseUrl: string): Promise<number> => {
  const startedAt = performance.now()
  await Effect.runPromise(Effect.provide(Research.run(questions), stacks[arm](baseUrl)))
  return performance.now() - startedAt
}

const urls = baseUrls.values()
const nextUrl = (): string => urls.next().value!
const samples = { withPacing: new Array<number>(), withoutPacing: new Array<number>() } satisfies PacingCostSamples
// One untimed run of each, so that modules are loaded and the code is compiled.
for (const arm of arms) await run(arm, nextUrl())
for (const order of shuffledRounds(arms, Math.floor(baseUrls.length / 2) - 1, seed)) {
  for (const arm of order) samples[arm].push(await run(arm, nextUrl()))
}
console.log(JSON.stringify(samples))
process.exit()
