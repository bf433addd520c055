/** A clock that counts the fibers that sleep by it. */
import { Clock, Effect } from "effect"

/** `slept`: how many sleeps have begun. `asleep`: how many have not ended. */
export const counted = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  const book = { slept: 0, asleep: 0 }
  const sleep: Clock.Clock["sleep"] = (duration) =>
    Effect.suspend(() => {
      book.slept++
      book.asleep++
      return Effect.ensuring(
        clock.sleep(duration),
        Effect.sync(() => book.asleep--)
      )
    })
  const counting: Clock.Clock = Object.assign(Object.create(clock), { sleep })
  return { book, count: Effect.provideService(Clock.Clock, counting) }
})
