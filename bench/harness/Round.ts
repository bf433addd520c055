/** Times several arms once each, with tinybench, in the order given. */
import { Cause, Effect, Exit } from "effect"
import * as Results from "./Results.ts"

/** One thing to be timed. */
export interface Arm<E> {
  readonly name: string
  /** Wall milliseconds it is expected to take. */
  readonly foreseenMillis: number
  /** Does what must not be timed, and gives what must. */
  readonly prepare: () => Prepared<E>
}

export interface Prepared<E> {
  readonly effect: Effect.Effect<unknown, E>
  /** Takes the wall milliseconds. */
  readonly keep: (millis: number) => void
}

/** Plays a round; `begin` is told of each arm as it begins. The first arm that fails ends it. */
export const play = Effect.fnUntraced(function* <E>(arms: ReadonlyArray<Arm<E>>, begin: (arm: Arm<E>) => void) {
  // Loaded here, as of all verbs one needs it.
  const { Bench } = yield* Effect.promise(() => import("tinybench"))
  const prepared = arms.map((arm) => ({ ...arm, ...arm.prepare() }))
  const failures: Array<Cause.Cause<E>> = []
  const tasks = yield* Effect.tryPromise({
    try: (signal) => {
      const bench = new Bench({ time: 0, iterations: 1, warmup: false, throws: true, retainSamples: true })
      for (const arm of prepared) {
        const run = async () => {
          const exit = await Effect.runPromiseExit(arm.effect, { signal })
          if (Exit.isSuccess(exit)) return
          failures.push(exit.cause)
          throw Cause.squash(exit.cause)
        }
        bench.add(arm.name, run, { async: true, beforeAll: () => begin(arm) })
      }
      return bench.run()
    },
    catch: (thrown) => failures[0] ?? Cause.die(thrown)
  }).pipe(Effect.catch(Effect.failCause))
  for (const [index, task] of tasks.entries()) {
    for (const millis of Results.samplesOf(task)) prepared[index]?.keep(millis)
  }
})
