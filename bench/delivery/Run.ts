/** Lets contenders of `delivery` work against mocks of another process, each in a process and with a state folder of its own. */
import { execFile, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import type { GovernorJob } from "./Governor.ts"
import type { Contender, Ended, Job, Work } from "./Job.ts"
import type { Book, Setup } from "../harness/MockRuns.ts"

/** How a run ended, and what the server saw of it. */
export interface Outcome extends Ended, Book {}

export interface Server {
  /** Lets a contender do the work once against each of the mocks, all at the same time. */
  readonly play: (contender: Contender, work: Work, setups: ReadonlyArray<Setup>) => Promise<ReadonlyArray<Outcome>>
  /** Milliseconds of small runs with the governor and without it. */
  readonly govern: (
    job: Omit<GovernorJob, "baseUrls">,
    setup: Setup,
    rounds: number
  ) => Promise<{ readonly governed: ReadonlyArray<number>; readonly ungoverned: ReadonlyArray<number> }>
  readonly stop: () => void
}

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

/** Enough for a JSON of hundreds of runs, in bytes. */
const maxBuffer = 64 * 1024 * 1024

/** Runs a file with a job in a process and a state folder of its own, and gives the JSON that it prints. */
const execute = async <A>(file: string, job: unknown): Promise<A> => {
  // What a run remembers for the next one would make it known beforehand.
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

/** Without the server the contenders would wait for it. */
const gone = (): void => {
  throw new Error("the server of the mocks ended before the benchmark did")
}

/** Starts the server of the mocks. */
export const start = async (): Promise<Server> => {
  const child = spawn(process.execPath, ["--conditions=source", pathOf("../harness/MockServer.ts")], {
    stdio: ["pipe", "pipe", "inherit"]
  })
  child.on("exit", gone)
  const url = await new Promise<string>((resolve) => createInterface(child.stdout).once("line", resolve))
  const create = (setup: Setup) =>
    json<{ baseUrl: string; bookUrl: string }>(`${url}/runs`, { method: "POST", body: JSON.stringify(setup) })
  return {
    play: async (contender, work, setups) => {
      const mocks = await Promise.all(setups.map(create))
      const job: Job = { ...work, contender, baseUrls: mocks.map(({ baseUrl }) => baseUrl) }
      const ended = await execute<ReadonlyArray<Ended>>("Contender.ts", job)
      const books = await Promise.all(mocks.map(({ bookUrl }) => json<Book>(bookUrl)))
      return ended.map((end, index) => Object.assign(end, books[index]!))
    },
    govern: async (job, setup, rounds) => {
      const mocks = await Promise.all(Array.from({ length: 2 * (rounds + 1) }, () => create(setup)))
      const governorJob: GovernorJob = { ...job, baseUrls: mocks.map(({ baseUrl }) => baseUrl) }
      return execute("Governor.ts", governorJob)
    },
    stop: () => void child.off("exit", gone).kill()
  }
}

/** Attempts of asks, leaving out those of the synthesis. */
export const asked = ({ attempts }: Book): Book["attempts"] =>
  attempts.filter(({ model }) => model?.includes("haiku") === true)

const isDelivered = ({ outcome, status }: Book["attempts"][number]): boolean => status === 200 && outcome === "complete"

/** What a run made of its asks; `paid` are answers that the server delivered whole. */
export const figuresOf = (outcome: Outcome, work: Work) => {
  const attempts = asked(outcome)
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

/** Seconds after `fromSeconds` from which on two seconds have about as many of these arrivals as `perSecond` allows. */
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
