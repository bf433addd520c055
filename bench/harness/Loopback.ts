/** Starts `LoopbackServer.ts`, a fast stand-in for the API in another process, and reads what it prints. */
import { spawn, type ChildProcess } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

export type Protocol = "HTTP/1.1" | "TLS, HTTP/2"

/** Limits per minute, in the server's headers and in `pacing.limits`: too high to delay any benchmark. */
export const unboundLimits = { rpm: 10_000_000, itpm: 10_000_000_000, otpm: 10_000_000_000 }

export interface Options {
  readonly protocol: Protocol
  /** Whether responses carry `anthropic-ratelimit-*` headers. */
  readonly sendsLimitHeaders: boolean
  /** Latency in milliseconds of each question, by case: question `n` of case `c` is answered after `latencies[c][n]`. */
  readonly latencies: ReadonlyArray<ReadonlyArray<number>>
}

/** The server's view of a run: its first request. Times are of `process.hrtime`, which all processes of a machine share. */
export interface FirstRequest {
  readonly run: string
  readonly atMillis: number
  /** `1.1` or `2.0`, as negotiated. */
  readonly httpVersion: string
}

export interface Server {
  /** Base URL of a case. With `run`, any string of digits and letters, the server reports the run's first request. */
  readonly baseUrl: (caseIndex: number, run?: string) => string
  /** Settles when the run's first request has arrived. */
  readonly firstRequest: (run: string) => Promise<FirstRequest>
  readonly stop: () => void
}

/** Starts a server. If it exits before `stop`, an exception ends this process, as its clients would wait for ever. */
export const start = async (options: Options): Promise<Server> => {
  const file = fileURLToPath(new URL("LoopbackServer.ts", import.meta.url))
  const child = spawn(process.execPath, ["--conditions=source", file], { stdio: ["pipe", "pipe", "inherit"] })
  child.on("exit", onEarlyExit)
  child.stdin.write(`${JSON.stringify(options)}\n`)
  const lines = createInterface(child.stdout)
  const origin = await new Promise<string>((resolve) => lines.once("line", resolve))
  const requests = new Map<string, PromiseWithResolvers<FirstRequest>>()
  const requestOf = (run: string): PromiseWithResolvers<FirstRequest> => {
    const request = requests.get(run) ?? Promise.withResolvers<FirstRequest>()
    requests.set(run, request)
    return request
  }
  lines.on("line", (line) => {
    const request = JSON.parse(line) as FirstRequest
    requestOf(request.run).resolve(request)
  })
  return {
    baseUrl: (caseIndex, run) => `${origin}/${caseIndex}${run === undefined ? "" : `/${run}`}`,
    firstRequest: (run) => requestOf(run).promise,
    stop: () => void child.off("exit", onEarlyExit).kill()
  }
}

const onEarlyExit = (): never => {
  throw new Error("the loopback server exited before the benchmark ended")
}

/** The first line that a process prints; rejects if it ends without one. */
export const firstLine = (child: ChildProcess, name: string): Promise<string> =>
  new Promise((resolve, reject) => {
    createInterface(child.stdout!).once("line", resolve)
    child.on("error", reject)
    child.on("close", (code) => reject(new Error(`${name} ended with ${code} before it printed a line`)))
  })
