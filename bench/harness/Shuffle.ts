/** The order in which arms run: shuffled for each round, so that no arm always runs after the same other one. */
import { Effect, Random } from "effect"

/** `rounds` shuffles of `arms`; the same seed gives the same order. */
export const shuffledRounds = <A>(
  arms: ReadonlyArray<A>,
  rounds: number,
  seed: number
): ReadonlyArray<ReadonlyArray<A>> =>
  Effect.runSync(
    Effect.all(Array.from({ length: rounds }, () => Random.shuffle(arms))).pipe(Random.withSeed(String(seed)))
  )
