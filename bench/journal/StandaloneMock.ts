/** `fanfold mock` in a process of its own, and what it has seen. */
import { createInterface } from "node:readline"
import type { Entry, Scenario, Statement } from "fanfold/mocks"
import { type Command, start } from "./CommandLine.ts"

/** A fault and when it applies, as in a scenario. */
export type Fault = NonNullable<Scenario["faults"]>[number]

export interface StandaloneMock extends AsyncDisposable {
  readonly url: string
  /** All requests since the last reset, in the order of their arrival. */
  readonly entries: () => Promise<ReadonlyArray<Entry>>
  /** What the API would bill since the last reset. */
  readonly ledger: () => Promise<Statement>
  /** Adds a fault until the next reset; those of the scenario precede it. */
  readonly fault: (fault: Fault) => Promise<void>
  readonly reset: () => Promise<void>
}

/** Starts it in `folder`, which has its scenario. Rejects if it ends instead of listening. */
export const serve = async (command: Command, folder: string, scenario: string): Promise<StandaloneMock> => {
  const { child, ended } = start(command, ["mock", "--port", "0", "--scenario", scenario], folder, "", true)
  const firstLine = new Promise<string>((resolve) => createInterface(child.stdout!).once("line", resolve))
  const failed = ended.then(({ stderr }) => Promise.reject(new Error(`the mock ended: ${stderr}`)))
  failed.catch(() => {})
  const url = await Promise.race([firstLine, failed])
  const control = async (path: string, init?: RequestInit): Promise<unknown> => {
    // A connection that is kept may be closed as idle while this process waits for another one, and fail the next request.
    const response = await fetch(`${url}/__mock/${path}`, { ...init, headers: { connection: "close" } })
    if (!response.ok) throw new Error(`the mock rejects ${path}: ${await response.text()}`)
    return response.json()
  }
  return {
    url,
    entries: async () => ((await control("journal")) as { readonly entries: Array<Entry> }).entries,
    ledger: async () => (await control("ledger")) as Statement,
    fault: async (fault) => void (await control("fault", { method: "POST", body: JSON.stringify(fault) })),
    reset: async () => void (await control("reset", { method: "POST" })),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM")
      await ended
    }
  }
}
