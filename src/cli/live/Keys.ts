/** The keys that intervene in a run which is watched on a terminal. */
import { Effect, type Scope } from "effect"
import type { Wanted } from "../../claude/Intervention.ts"

/** What each key asks for, and what it does in words. */
const interventions: Readonly<Record<string, readonly [Wanted, string]>> = {
  s: [{ _tag: "Stop" }, "stop and fold"],
  g: [{ _tag: "AskAgain", asks: [] }, "ask gaps again"],
  c: [{ _tag: "Double", limit: "concurrency" }, "double concurrency"],
  b: [{ _tag: "Double", limit: "budget" }, "double budget"],
  d: [{ _tag: "Double", limit: "deadline" }, "double deadline"]
}

/** `q`, Ctrl-C and Ctrl-D leave; the run goes on. */
const leaving: ReadonlySet<string> = new Set(["q", "\u0003", "\u0004"])

export const hint = [...Object.entries(interventions).map(([key, [, what]]) => `${key} ${what}`), "q leave"].join(" · ")

/** Whether there is a terminal to type at. */
export const canType = (): boolean => process.stdin.isTTY

/** Listens to the keys until the scope closes. */
export const listen = (
  onWanted: (wanted: Wanted) => void,
  onLeave: () => void
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const type = (key: string): void => {
        const intervention = interventions[key.toLowerCase()]
        if (intervention !== undefined) onWanted(intervention[0])
        else if (leaving.has(key)) onLeave()
      }
      const { stdin } = process
      const onData = (data: Buffer | string): void => {
        for (const key of String(data)) type(key)
      }
      stdin.setRawMode(true)
      stdin.on("data", onData)
      stdin.resume()
      return onData
    }),
    (onData) =>
      Effect.sync(() => {
        process.stdin.off("data", onData)
        process.stdin.setRawMode(false)
        process.stdin.pause()
      })
  )
