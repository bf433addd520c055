/** Machines as processes of this one: a database, a mock, workers and a run, each of which may be killed. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { Scenario } from "fanfold/mocks"
import type { Server } from "../harness/PostgresServer.ts"
import { type Command, type Ended, type Running, start } from "../journal/CommandLine.ts"
import * as StandaloneMock from "../journal/StandaloneMock.ts"

export const placesPerWorker = 8
export const workers = 3

export interface Setting {
  readonly command: Command
  readonly server: Server
  readonly asks: number
  readonly latencyMillis: number
  readonly limits?: Scenario["limits"]
  /** How long a silent worker keeps its asks; the default where it is not given. */
  readonly lease?: string
}

export interface Machines extends AsyncDisposable {
  /** The name of the database. */
  readonly database: string
  readonly mock: StandaloneMock.StandaloneMock
  readonly worker: () => Running
  /** The run sends nothing itself. */
  readonly run: (...args: ReadonlyArray<string>) => Running
  readonly attempts: () => Promise<number>
  /** Waits until the mock has had so many requests. */
  readonly until: (attempts: number) => Promise<void>
  /** What the report of the run says. */
  readonly durationMillis: () => number
  /** What is wrong with the document that the run has written, in words. */
  readonly problems: (ended: Ended) => ReadonlyArray<string>
}

interface Report {
  readonly answers: object
  readonly durationMillis: number
}

const namesOf = (asks: number) => Array.from({ length: asks }, (_, n) => `q${String(n).padStart(4, "0")}`)

/** Prepares a database and a folder, and starts the mock. */
export const prepare = async ({ asks, command, latencyMillis, lease, limits, server }: Setting): Promise<Machines> => {
  const folder = mkdtempSync(join(tmpdir(), "fanfold-workers-"))
  const address = server.newDatabase()
  const database = address.slice(address.lastIndexOf("/") + 1)
  if (lease !== undefined) server.sql(`ALTER DATABASE ${database} SET fanfold.lease = '${lease}'`)
  const names = namesOf(asks)
  const plan = { asks: Object.fromEntries(names.map((name) => [name, `Question ${name}: what is it?`])) }
  writeFileSync(join(folder, "plan.json"), JSON.stringify(plan))
  writeFileSync(join(folder, "scenario.json"), JSON.stringify({ latency: latencyMillis, limits }))
  const mock = await StandaloneMock.serve(command, folder, "scenario.json")
  const begun: Array<Running> = []
  const begin = (...args: ReadonlyArray<string>): Running => {
    const one = start(command, args, folder, mock.url, true)
    begun.push(one)
    return one
  }
  const init = await begin("journal", "init", "--journal", address).ended
  if (init.code !== 0) throw new Error(`journal init: ${init.stderr}`)
  const reportOf = () => JSON.parse(readFileSync(join(folder, "out.json"), "utf8")) as Report
  const attempts = async () => (await mock.entries()).length
  return {
    database,
    mock,
    worker: () => begin("worker", "--journal", address, "--concurrency", `${placesPerWorker}`),
    run: (...args) =>
      begin(
        "run",
        "plan.json",
        "--journal",
        address,
        "--queue-places",
        "0",
        "--no-progress",
        "-o",
        "out.json",
        ...args
      ),
    attempts,
    until: async (count) => {
      while ((await attempts()) < count) await sleep(20)
    },
    durationMillis: () => reportOf().durationMillis,
    problems: ({ code, stderr }) => {
      if (code !== 0) return [`exit code ${code}: ${stderr}`]
      return Object.keys(reportOf().answers).join() === names.join() ? [] : ["answers are missing or in another order"]
    },
    [Symbol.asyncDispose]: async () => {
      for (const { child } of begun) if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL")
      await Promise.all(begun.map(({ ended }) => ended))
      await mock[Symbol.asyncDispose]()
    }
  }
}

/** Waits until the workers have said that they are ready. */
export const ready = (running: ReadonlyArray<Running>): Promise<unknown> =>
  Promise.all(running.map(({ child }) => new Promise((resolve) => child.stderr!.once("data", resolve))))

/** Ends workers as an operator would, and gives how many asks each has answered. */
export const drain = async (running: ReadonlyArray<Running>): Promise<ReadonlyArray<number>> => {
  for (const { child } of running) child.kill("SIGTERM")
  const ends = await Promise.all(running.map(({ ended }) => ended))
  return ends.map(({ stderr }) => Number(Array.from(stderr.matchAll(/^(\d+) answered/gm)).at(-1)?.[1] ?? 0))
}

/** How many calls the run says may be paid twice. */
export const toldRepeats = ({ stderr }: Ended): number =>
  Array.from(
    stderr.matchAll(/(\d+) calls? (?:was|were) (?:lost with a worker|on (?:its|their) way) and may be paid twice/g)
  )
    .map(([, count]) => Number(count))
    .reduce((sum, count) => sum + count, 0)
