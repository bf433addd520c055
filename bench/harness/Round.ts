/** Times several arms once each with tinybench, in the given order. */
import { Cause, Effect, Exit } from "effect"
import * as Results from "./Results.ts"

export interface Arm<E> {
  readonly name: string
  /** Expected wall milliseconds. */
  readonly foreseenMillis: number
  /** Does the untimed work, and returns the effect that is timed. */
  readonly prepare: () => Prepared<E>
}

export interface Prepared<E> {
  readonly effect: Effect.Effect<unknown, E>
  /** Called with the measured wall milliseconds. */
  readonly keep: (millis: number) => void
}

/** Times each arm once; calls `onStart` before each. Fails with the cause of the first arm that fails. */
export const play = Effect.fnUntraced(function* <E>(arms: ReadonlyArray<Arm<E>>, onStart: (arm: Arm<E>) => void) {
  // Only `fanfold bench` needs tinybench, so that the other verbs do not load it.
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
        bench.add(arm.name, run, { async: true, beforeAll: () => onStart(arm) })
      }
      return bench.run()
    },
    catch: (thrown) => failures[0] ?? Cause.die(thrown)
  }).pipe(Effect.catch(Effect.failCause))
  for (const [index, task] of tasks.entries()) {
    for (const millis of Results.samplesOf(task)) prepared[index]?.keep(millis)
  }
})
