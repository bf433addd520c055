/** Runs contenders of `delivery` against mocks in another process, each in a process and with a state folder of its own. */
import { execFile, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import type { RequestLog, Setup } from "../harness/MockRuns.ts"
import type { Contender, Ended, Job, Work } from "./Job.ts"
import type { PacingCostJob, PacingCostSamples } from "./PacingCost.ts"

/** How a run ended, and the server's log of it. */
export interface Outcome extends Ended, RequestLog {}

export interface Server {
  /** Lets a contender do the work once against each of the mocks, all at the same time; in several processes, which divide it. */
  readonly play: (
    contender: Contender,
    work: Work,
    setups: ReadonlyArray<Setup>,
    processes?: number
  ) => Promise<ReadonlyArray<Outcome>>
  /** Milliseconds of small runs with Pacing and without it. */
  readonly playPacingCost: (
    job: Omit<PacingCostJob, "baseUrls">,
    setup: Setup,
    rounds: number
  ) => Promise<PacingCostSamples>
  readonly stop: () => void
}

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

/** Bytes of output that one process may print; the JSON of hundreds of runs is smaller. */
const maxBuffer = 64 * 1024 * 1024

/** Runs a file with a job in a process and a state folder of its own, and returns the JSON that it prints. */
const execute = async <A>(file: string, job: unknown): Promise<A> => {
  // Without a folder of its own, the process would know the limits that an earlier one remembered.
  const state = mkdtempSync(join(tmpdir(), "fanfold-delivery-"))
  try {
    const args = ["--conditions=source", pathOf(file), JSON.stringify(job)]
    const env = { ...process.env, XDG_STATE_HOME: state }
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer, env })
    return JSON.parse(stdout) as A
  } finally {
    rmSync(state, { recursive: true })
  }
}

const json = async <A>(url: string, init?: RequestInit): Promise<A> => (await (await fetch(url, init)).json()) as A

const onEarlyExit = (): void => {
  throw new Error("the server of the mocks exited before the benchmark ended")
}

/** Starts the server of the mocks. If it exits before `stop`, an exception ends this process, as contenders would wait for it. */
export const start = async (): Promise<Server> => {
  const child = spawn(process.execPath, ["--conditions=source", pathOf("../harness/MockServer.ts")], {
    stdio: ["pipe", "pipe", "inherit"]
  })
  child.on("exit", onEarlyExit)
  const url = await new Promise<string>((resolve) => createInterface(child.stdout).once("line", resolve))
  const create = (setup: Setup) =>
    json<{ baseUrl: string; logUrl: string }>(`${url}/runs`, { method: "POST", body: JSON.stringify(setup) })
  return {
    play: async (contender, work, setups, processes = 1) => {
      const mocks = await Promise.all(setups.map(create))
      const asks = work.asks / processes
      const jobs = Array.from({ length: processes }, (_, index): Job => {
        return { ...work, asks, from: index * asks, contender, baseUrls: mocks.map(({ baseUrl }) => baseUrl) }
      })
      const ended = await Promise.all(jobs.map((job) => execute<ReadonlyArray<Ended>>("Contender.ts", job)))
      const logs = await Promise.all(mocks.map(({ logUrl }) => json<RequestLog>(logUrl)))
      return logs.map((log, index) => Object.assign(joined(ended.map((each) => each[index]!)), log))
    },
    playPacingCost: async (job, setup, rounds) => {
      const mocks = await Promise.all(Array.from({ length: 2 * (rounds + 1) }, () => create(setup)))
      const pacingCostJob: PacingCostJob = { ...job, baseUrls: mocks.map(({ baseUrl }) => baseUrl) }
      return execute("PacingCost.ts", pacingCostJob)
    },
    stop: () => void child.off("exit", onEarlyExit).kill()
  }
}

/** The ends of processes that divided the work, as one: the time is that of the slowest. */
const joined = (ended: ReadonlyArray<Ended>): Ended => {
  const failure = ended.find((end) => end.failure !== undefined)?.failure
  return {
    isComplete: ended.every(({ isComplete }) => isComplete),
    answers: ended.reduce((sum, { answers }) => sum + answers, 0),
    wallMillis: Math.max(...ended.map(({ wallMillis }) => wallMillis)),
    ...(failure !== undefined && { failure })
  }
}

/** Attempts of asks: asks go to Haiku, the synthesis to Sonnet. */
export const askAttempts = ({ attempts }: RequestLog): RequestLog["attempts"] =>
  attempts.filter(({ model }) => model?.includes("haiku") === true)

const isDelivered = ({ outcome, status }: RequestLog["attempts"][number]): boolean =>
  status === 200 && outcome === "complete"

/**
 * Counts of a run's asks. `paid`: answers that the server delivered completely; `wasted`: paid answers that the caller did not
 * get; `doubled`: answers delivered more than once for the same question; `lost`: asks without an answer.
 */
export const figuresOf = (outcome: Outcome, work: Work) => {
  const attempts = askAttempts(outcome)
  const delivered = attempts.filter(isDelivered)
  const withStatus = (status: number): number => attempts.filter((one) => one.status === status).length
  return {
    attempts: attempts.length,
    limited: withStatus(429),
    overloaded: withStatus(529),
    aborted: attempts.filter(({ outcome }) => outcome === "aborted" || outcome === "cancelled").length,
    paid: delivered.length,
    wasted: delivered.length - outcome.answers,
    doubled: delivered.length - new Set(delivered.map(({ key }) => key)).size,
    lost: work.asks - outcome.answers
  }
}

/**
 * Seconds from `fromSeconds` to the first window of two seconds in which arrivals differ from `perSecond` by at most 15 %;
 * `Infinity` if there is none before `untilSeconds`. Arrivals are in milliseconds.
 */
export const settledAfter = (
  arrivals: ReadonlyArray<number>,
  fromSeconds: number,
  untilSeconds: number,
  perSecond: number
): number => {
  const windowSeconds = 2
  const stepSeconds = 0.25
  const tolerance = 0.15
  for (let at = fromSeconds; at + windowSeconds <= untilSeconds; at += stepSeconds) {
    const count = arrivals.filter((millis) => millis >= at * 1000 && millis < (at + windowSeconds) * 1000).length
    if (Math.abs(count / windowSeconds / perSecond - 1) <= tolerance) return at - fromSeconds
  }
  return Number.POSITIVE_INFINITY
}
