/** How long workers take for the asks of a run, how they share them, and what an ask costs beside its call. */
import type { Server } from "../harness/PostgresServer.ts"
import type { Command } from "../journal/CommandLine.ts"
import * as Machines from "./Machines.ts"

export interface Round {
  /** As the report of the run says it: from the begun journal to the last answer. */
  readonly wallMillis: number
  /** Asks of each worker. */
  readonly shares: ReadonlyArray<number>
}

/** One run of so many asks by three workers. */
export const play = async (command: Command, server: Server, asks: number, latencyMillis: number): Promise<Round> => {
  await using machines = await Machines.prepare({ command, server, asks, latencyMillis })
  const workers = Array.from({ length: Machines.workers }, () => machines.worker())
  await Machines.ready(workers)
  const ended = await machines.run().ended
  const problems = machines.problems(ended)
  if (problems.length > 0) throw new Error(problems.join("; "))
  return { wallMillis: machines.durationMillis(), shares: await Machines.drain(workers) }
}
