/** What happens to workers, runs and databases, and what becomes of the run. */
import { setTimeout as sleep } from "node:timers/promises"
import type { Server } from "../harness/PostgresServer.ts"
import type { Command, Ended, Running } from "../journal/CommandLine.ts"
import * as Machines from "./Machines.ts"

export interface Outcome {
  readonly what: string
  readonly problems: ReadonlyArray<string>
  /** Requests that were sent once more, how many of them the run told, and how many there may be. */
  readonly repeats: number
  readonly told: number
  readonly mayRepeat: number
  /** Requests of a second run of the same plan. */
  readonly rerun: number
  readonly wallMillis: number
}

interface Times {
  readonly stopMillis: number
  readonly goneMillis: number
  readonly lease?: string
}

interface Scene {
  readonly machines: Machines.Machines
  readonly server: Server
  readonly workers: Array<Running>
  readonly times: Times
  /** The run, which a disturbance may start anew. */
  running: Running
}

interface Disturbance {
  readonly what: (times: Times) => string
  readonly mayRepeat: number
  /** Of a call: longer where a run must outlast what is done to it. */
  readonly latencyMillis: number
  readonly play: (scene: Scene) => Promise<void>
}

const { placesPerWorker, workers } = Machines
const places = placesPerWorker * workers
const asks = 200

const seconds = (millis: number): string => `${millis / 1000} s`

const kill = async (running: Running): Promise<void> => {
  running.child.kill("SIGKILL")
  await running.ended
}

export const disturbances: ReadonlyArray<Disturbance> = [
  {
    what: () => "kill -9 of each worker in turn",
    mayRepeat: places,
    latencyMillis: 500,
    play: async ({ machines, workers }) => {
      for (let n = 0; n < Machines.workers; n++) {
        await machines.until(40 * (n + 1))
        await kill(workers[n]!)
        workers[n] = machines.worker()
      }
    }
  },
  {
    what: () => "kill -9 of all workers",
    mayRepeat: places,
    latencyMillis: 500,
    play: async ({ machines, workers }) => {
      await machines.until(80)
      await Promise.all(workers.map(kill))
      for (const n of workers.keys()) workers[n] = machines.worker()
    }
  },
  {
    what: () => "kill -9 of the run, and the same command again",
    mayRepeat: 0,
    latencyMillis: 500,
    play: async (scene) => {
      await scene.machines.until(80)
      await kill(scene.running)
      scene.running = scene.machines.run()
    }
  },
  {
    what: () => "kill -9 of the run and of all workers",
    mayRepeat: places,
    latencyMillis: 500,
    play: async (scene) => {
      const { machines, workers } = scene
      await machines.until(80)
      await Promise.all([scene.running, ...workers].map(kill))
      for (const n of workers.keys()) workers[n] = machines.worker()
      scene.running = machines.run()
    }
  },
  {
    what: ({ stopMillis }) => `SIGSTOP of a worker for ${seconds(stopMillis)}`,
    mayRepeat: placesPerWorker,
    latencyMillis: 500,
    play: async ({ machines, times, workers: [worker] }) => {
      await machines.until(80)
      worker!.child.kill("SIGSTOP")
      await sleep(times.stopMillis)
      worker!.child.kill("SIGCONT")
    }
  },
  {
    what: () => "PostgreSQL restarted in immediate mode",
    mayRepeat: places,
    latencyMillis: 500,
    play: async ({ machines, server }) => {
      await machines.until(80)
      await server.stop("immediate")
      await server.start()
    }
  },
  {
    what: ({ goneMillis }) => `PostgreSQL gone for ${seconds(goneMillis)}`,
    mayRepeat: places,
    latencyMillis: 500,
    play: async ({ machines, server, times }) => {
      await machines.until(80)
      await server.stop("immediate")
      await sleep(times.goneMillis)
      await server.start()
    }
  },
  {
    what: () => "a fourth worker joins",
    mayRepeat: 0,
    latencyMillis: 500,
    play: async ({ machines, workers }) => {
      await machines.until(40)
      workers.push(machines.worker())
    }
  }
]

/** Plays one disturbance of a run, and runs the plan once more. */
export const play = async (
  { latencyMillis, mayRepeat, play, what }: Disturbance,
  command: Command,
  server: Server,
  times: Times
): Promise<Outcome> => {
  const lease = times.lease === undefined ? {} : { lease: times.lease }
  await using machines = await Machines.prepare({ command, server, asks, latencyMillis, ...lease })
  const workers = Array.from({ length: Machines.workers }, () => machines.worker())
  await Machines.ready(workers)
  const startedAt = performance.now()
  const scene: Scene = { machines, server, workers, times, running: machines.run() }
  await play(scene)
  const ended: Ended = await scene.running.ended
  const wallMillis = performance.now() - startedAt
  const problems = machines.problems(ended)
  const attempts = await machines.attempts()
  const again = await machines.run("--reuse").ended
  const rerun = (await machines.attempts()) - attempts
  await Machines.drain(workers)
  return {
    what: what(times),
    problems: [...problems, ...machines.problems(again)],
    repeats: attempts - asks,
    told: Machines.toldRepeats(ended),
    mayRepeat,
    rerun,
    wallMillis
  }
}
