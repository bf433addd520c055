/** `fanfold mock` in a process of its own, and what it has seen. */
import { createInterface } from "node:readline"
import type { Entry } from "fanfold/mocks"
import { type Command, start } from "./CommandLine.ts"

export interface StandaloneMock extends AsyncDisposable {
  readonly url: string
  /** All requests since the last reset, in the order of their arrival. */
  readonly entries: () => Promise<ReadonlyArray<Entry>>
  readonly reset: () => Promise<void>
}

/** Starts it in `folder`, which has its scenario. Rejects if it ends instead of listening. */
export const serve = async (command: Command, folder: string, scenario: string): Promise<StandaloneMock> => {
  const { child, ended } = start(command, ["mock", "--port", "0", "--scenario", scenario], folder, "")
  const firstLine = new Promise<string>((resolve) => createInterface(child.stdout!).once("line", resolve))
  const failed = ended.then(({ stderr }) => Promise.reject(new Error(`the mock ended: ${stderr}`)))
  failed.catch(() => {})
  const url = await Promise.race([firstLine, failed])
  return {
    url,
    entries: async () => {
      const journal = (await (await fetch(`${url}/__mock/journal`)).json()) as { readonly entries: Array<Entry> }
      return journal.entries
    },
    reset: async () => void (await fetch(`${url}/__mock/reset`, { method: "POST" })),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM")
      await ended
    }
  }
}
