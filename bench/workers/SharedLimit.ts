/** Measures how three processes share a limit that nobody tells them: against the mock, with and without a database. */
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import type { RequestLog } from "../harness/MockRuns.ts"
import type { Job } from "./LimitMember.ts"

export interface Options {
  /** The address of a database with the tables of fanfold; without it, each process estimates its share. */
  readonly database?: string | undefined
  readonly processes?: number
  readonly perSecond?: number
  /** How many requests may arrive at once. */
  readonly burst?: number
  /** Seconds from the first request that count. */
  readonly from?: number
  readonly until?: number
}

/** `used`: accepted requests of what the limit allows. `limitedShare`: 429s of all requests. */
export interface Figures {
  readonly used: number
  readonly limitedShare: number
  readonly sent: number
}

const latencyMillis = 200

/** Of each process: more than its share of the limit needs. */
const places = 8

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url))
const start = (file: string, stdin: "pipe" | "ignore", ...args: ReadonlyArray<string>) =>
  spawn(process.execPath, ["--conditions=source", pathOf(file), ...args], { stdio: [stdin, "pipe", "inherit"] })

const json = async <A>(url: string, init?: RequestInit): Promise<A> => (await (await fetch(url, init)).json()) as A

export const measure = async ({
  burst = 40,
  database,
  from = 3,
  perSecond = 40,
  processes = 3,
  until = 20
}: Options = {}): Promise<Figures> => {
  const mock = start("../harness/MockServer.ts", "pipe")
  const url = await new Promise<string>((resolve) => createInterface(mock.stdout!).once("line", resolve))
  const scenario = { latency: latencyMillis, limits: { rpm: perSecond * 60, burstSeconds: burst / perSecond } }
  const body = JSON.stringify({ phases: [{ fromSeconds: 0, scenario }] })
  const { baseUrl, logUrl } = await json<{ baseUrl: string; logUrl: string }>(`${url}/runs`, { method: "POST", body })
  const members = Array.from({ length: processes }, (_, name) =>
    start("LimitMember.ts", "ignore", JSON.stringify({ baseUrl, database, places, name } satisfies Job))
  )
  // Processes take a while to start.
  await new Promise((resolve) => setTimeout(resolve, (until + 3) * 1000))
  for (const member of members) member.kill("SIGKILL")
  const { attempts } = await json<RequestLog>(logUrl)
  mock.kill()
  const counted = attempts.filter(({ atMillis }) => atMillis >= from * 1000 && atMillis < until * 1000)
  const limited = counted.filter(({ status }) => status === 429).length
  return {
    used: (counted.length - limited) / ((until - from) * perSecond),
    limitedShare: limited / counted.length,
    sent: counted.length
  }
}
