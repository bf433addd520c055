/** Times several ways to do the same with tinybench, in rounds: each arm once a round, in an order shuffled for each round. */
import { Bench } from "tinybench"
import * as Results from "./Results.ts"
import { shuffledRounds } from "./Shuffle.ts"

export interface Arm {
  readonly name: string
  /** Called before each run, untimed. */
  readonly before?: () => void
  readonly run: () => Promise<unknown>
  /** Called after each run, untimed; an exception ends the benchmark. */
  readonly after?: () => void
}

/** Wall milliseconds of every run, by arm. Calls `onRun` before each run; rejects with the first failure. */
export const play = async (
  arms: ReadonlyArray<Arm>,
  options: { readonly rounds: number; readonly seed: number; readonly onRun?: (description: string) => void }
): Promise<Readonly<Record<string, ReadonlyArray<number>>>> => {
  const { onRun, rounds, seed } = options
  const samples = Object.fromEntries(arms.map(({ name }) => [name, new Array<number>()]))
  for (const [index, order] of shuffledRounds(arms, rounds, seed).entries()) {
    // tinybench runs all iterations of a task in a row, so each round is a bench of its own.
    const bench = new Bench({ time: 0, iterations: 1, warmup: false, throws: true, retainSamples: true })
    for (const { after, before, name, run } of order) {
      const beforeEach = () => {
        onRun?.(`${name}, round ${index + 1} of ${rounds}`)
        before?.()
      }
      bench.add(name, run, { async: true, beforeEach, afterEach: () => after?.() })
    }
    for (const task of await bench.run()) samples[task.name]!.push(...Results.samplesOf(task))
  }
  return samples
}
