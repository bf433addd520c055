/** What the tests of workers share: a database of their own, a mock, and real processes that are killed, stopped and started. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import { latency as latencies, mockClaude } from "fanfold/mocks"
import { databaseOf, newHome } from "../cli/PostgresHome.ts"
import { type Ended, folders, reaching, root, type Running, start } from "../cli/Process.ts"
import type { Server } from "../Postgres.ts"

/** Short enough for a test to wait for its end. */
const shortLease = "3 seconds"

export interface Machines extends AsyncDisposable {
  readonly address: string
  readonly claude: ReturnType<typeof mockClaude>
  readonly cwd: string
  readonly worker: (...args: ReadonlyArray<string>) => Running
  /** The same machines, but that those which are started have clocks that are wrong by so many milliseconds. */
  readonly shifted: (millis: number) => Pick<Machines, "worker" | "run">
  /** `places`: of its own process. */
  readonly run: (places?: number, ...args: ReadonlyArray<string>) => Running
  /** Lets all processes end, workers when their calls have. */
  readonly end: () => Promise<void>
  /** Requests that were sent once more. */
  readonly repeats: () => number
}

/** A plan of so many asks without a fold; `settings`: of each of them. */
const planOf = (asks: number, settings: string) =>
  `asks:\n${Array.from({ length: asks }, (_, n) => `  q${n}: { question: Question ${n}?${settings} }`).join("\n")}\n`

/** `latency`: of the mock, in milliseconds. As YAML, `settings` of each ask, and what the `plan` has beside its asks. */
interface Setting {
  readonly asks: number
  readonly latency: number
  readonly lease?: string
  readonly settings?: string
  readonly plan?: string
}

export const machinesIn =
  (folder: ReturnType<typeof folders>) =>
  async (
    postgres: Server,
    { asks, latency, lease = shortLease, plan = "", settings = "" }: Setting
  ): Promise<Machines> => {
    const address = await newHome(postgres)
    postgres.sql(`ALTER DATABASE ${databaseOf(address)} SET fanfold.lease = '${lease}'`)
    const claude = mockClaude({ latency: latencies.fixed(latency) })
    const server = await claude.serve()
    const cwd = folder({ "plan.yaml": `${planOf(asks, settings)}${plan}` })
    const options = { cwd, env: reaching(server) }
    const running: Array<Running> = []
    const begin = (args: ReadonlyArray<string>, clock: number): Running => {
      const wrong = {
        ...options,
        env: { ...options.env, CLOCK_SHIFT_MILLIS: `${clock}` },
        preloads: [join(root, "test/ShiftedClock.ts")]
      }
      const one = start(args, clock === 0 ? options : wrong)
      running.push(one)
      return one
    }
    const shifted = (clock: number): ReturnType<Machines["shifted"]> => ({
      worker: (...args) => begin(["worker", "--journal", address, ...args], clock),
      run: (places = 0, ...args) =>
        begin(
          ["run", "plan.yaml", "--journal", address, "--queue-places", `${places}`, "--no-progress"].concat(
            "-o",
            "out.json",
            args
          ),
          clock
        )
    })
    return {
      address,
      claude,
      cwd,
      ...shifted(0),
      shifted,
      end: async () => {
        for (const { child } of running) if (child.exitCode === null) child.kill("SIGTERM")
        await Promise.all(running.map(({ ended }) => ended))
      },
      repeats: () => claude.journal.attempts - asks,
      [Symbol.asyncDispose]: async () => {
        for (const { child } of running) if (child.exitCode === null) child.kill("SIGKILL")
        await Promise.all(running.map(({ ended }) => ended))
        await server[Symbol.asyncDispose]()
      }
    }
  }

/** What a test reads of the report that a run has written. */
interface Report {
  readonly spent: { readonly asks: Readonly<Record<string, { readonly durationMillis: number }>> }
  readonly answers: object
  readonly gaps: ReadonlyArray<{ readonly name: string; readonly reason: string }>
  readonly document: string | null
  readonly estimatedCostUsd: number
}

export const reportOf = (cwd: string): Report => JSON.parse(readFileSync(join(cwd, "out.json"), "utf8")) as Report

/** The names of the answers in it. */
export const answered = (cwd: string): ReadonlyArray<string> => Object.keys(reportOf(cwd).answers)

export const succeeded = ({ code, stderr }: Ended): void => assert.strictEqual(code, 0, stderr)
