/** Ways to do the same, timed with tinybench in rounds: each once a round, in an order that the seed shuffles anew. */
import { Bench } from "tinybench"
import * as Results from "./Results.ts"
import { shuffledRounds } from "./Shuffle.ts"

export interface Arm {
  readonly name: string
  /** Done before each run, untimed. */
  readonly before?: () => void
  readonly run: () => Promise<unknown>
  /** Done after each run, untimed; what it throws ends the benchmark. */
  readonly after?: () => void
}

/** Milliseconds of every run, by the arm's name. `tell` is called before each run; the first run that fails ends all. */
export const play = async (
  arms: ReadonlyArray<Arm>,
  options: { readonly rounds: number; readonly seed: number; readonly tell?: (what: string) => void }
): Promise<Readonly<Record<string, ReadonlyArray<number>>>> => {
  const { rounds, seed, tell } = options
  const samples = Object.fromEntries(arms.map(({ name }) => [name, new Array<number>()]))
  for (const [index, order] of shuffledRounds(arms, rounds, seed).entries()) {
    // tinybench runs all iterations of a task in a row, so each round is a bench of its own.
    const bench = new Bench({ time: 0, iterations: 1, warmup: false, throws: true, retainSamples: true })
    for (const { after, before, name, run } of order) {
      const beforeEach = () => {
        tell?.(`${name}, round ${index + 1} of ${rounds}`)
        before?.()
      }
      bench.add(name, run, { async: true, beforeEach, afterEach: () => after?.() })
    }
    for (const task of await bench.run()) samples[task.name]!.push(...Results.samplesOf(task))
  }
  return samples
}
