/** The order in which arms are run: shuffled anew in each round, so that none always meets the warm machine. */
import { Effect, Random } from "effect"

/** The arms of each round in its order, the same for the same seed. */
export const shuffledRounds = <A>(
  arms: ReadonlyArray<A>,
  rounds: number,
  seed: number
): ReadonlyArray<ReadonlyArray<A>> =>
  Effect.runSync(
    Effect.all(Array.from({ length: rounds }, () => Random.shuffle(arms))).pipe(Random.withSeed(String(seed)))
  )
