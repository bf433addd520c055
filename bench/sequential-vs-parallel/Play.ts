/** Runs arms of `sequential-vs-parallel`, and keeps their samples. */
import * as Arms from "../harness/Arms.ts"
import type * as Fanout from "../harness/Fanout.ts"
import * as Results from "../harness/Results.ts"
import * as Simulation from "../harness/Simulation.ts"
import { seed } from "./Plans.ts"

/** Wall milliseconds of every run, by case and arm. */
export const samples: Record<string, ReadonlyArray<number>> = {}

/** Times the arms of a case, adds their samples to `samples`, and returns them by arm. */
export const play = async (caseName: string, arms: ReadonlyArray<Arms.Arm>, rounds: number) => {
  const onRun = (description: string) => Results.progress(`${caseName}: ${description}`)
  const played = await Arms.play(arms, { rounds, seed, onRun })
  for (const [arm, millis] of Object.entries(played)) samples[`${caseName}, ${arm}`] = millis
  return played
}

/** An arm over a simulation of its own. Collects the parts of its runs; a run whose latencies differ from the rehearsal throws. */
export const simulatedArm = (
  name: string,
  options: Simulation.Options,
  rehearsal: Fanout.Rehearsal,
  runOf: (fetch: typeof globalThis.fetch) => () => Promise<Fanout.Parts | void>
) => {
  const simulation = Simulation.make(options)
  const run = runOf(simulation.fetch)
  const parts: Array<Fanout.Parts> = []
  const keep = (one: Fanout.Parts | void): void => void (one && parts.push(one))
  const after = () => Simulation.assertSame(simulation.latencies(), rehearsal.latencies)
  return { name, before: simulation.renew, run: () => run().then(keep), after, parts }
}
