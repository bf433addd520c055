/** Lets contenders of `delivery` work against mocks of another process, each in a process and with a state folder of its own. */
import { execFile, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { type Contender, type Ended, type Job, questionsOf, type Work } from "./DeliveryJob.ts"
import type { Book, Setup } from "./MockRuns.ts"

const execute = promisify(execFile)

/** How a run ended, and what the server saw of it. */
export interface Outcome extends Ended, Book {}

export interface Server {
  /** Lets a contender do the work once against each of the mocks, all at the same time. */
  readonly play: (contender: Contender, work: Work, setups: ReadonlyArray<Setup>) => Promise<ReadonlyArray<Outcome>>
  readonly stop: () => void
}

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

/** Enough for a JSON of hundreds of runs, in bytes. */
const maxBuffer = 64 * 1024 * 1024

const contend = async (job: Job): Promise<ReadonlyArray<Ended>> => {
  // What a run remembers for the next one would make it known beforehand.
  const state = mkdtempSync(join(tmpdir(), "fanfold-delivery-"))
  try {
    const args = ["--conditions=source", pathOf("DeliveryContender.ts"), JSON.stringify(job)]
    const env = { ...process.env, XDG_STATE_HOME: state }
    const { stdout } = await execute(process.execPath, args, { maxBuffer, env })
    return JSON.parse(stdout) as ReadonlyArray<Ended>
  } finally {
    rmSync(state, { recursive: true })
  }
}

const json = async <A>(url: string, init?: RequestInit): Promise<A> => (await (await fetch(url, init)).json()) as A

/** Starts the server of the mocks. */
export const start = async (): Promise<Server> => {
  const child = spawn(process.execPath, ["--conditions=source", pathOf("MockServer.ts")], {
    stdio: ["pipe", "pipe", "inherit"]
  })
  const gone = (): void => {
    throw new Error("the server of the mocks ended before the benchmark did")
  }
  child.on("exit", gone)
  const url = await new Promise<string>((resolve) => createInterface(child.stdout).once("line", resolve))
  return {
    play: async (contender, work, setups) => {
      const mocks = await Promise.all(
        setups.map((setup) =>
          json<{ baseUrl: string; bookUrl: string }>(`${url}/runs`, { method: "POST", body: JSON.stringify(setup) })
        )
      )
      const ended = await contend({ ...work, contender, baseUrls: mocks.map(({ baseUrl }) => baseUrl) })
      const books = await Promise.all(mocks.map(({ bookUrl }) => json<Book>(bookUrl)))
      return ended.map((end, index) => ({ ...end, ...books[index]! }))
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
  const asks = questionsOf(work).length
  return {
    attempts: attempts.length,
    limited: withStatus(429),
    overloaded: withStatus(529),
    aborted: attempts.filter(({ outcome }) => outcome === "aborted" || outcome === "cancelled").length,
    paid: delivered.length,
    wasted: delivered.length - outcome.answers,
    doubled: delivered.length - new Set(delivered.map(({ key }) => key)).size,
    lost: asks - outcome.answers
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
