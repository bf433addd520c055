/** The keys that intervene in a run which is watched on a terminal. */
import { Effect, type Scope } from "effect"
import type { Wanted } from "../../claude/Intervention.ts"
import type { Offer } from "../../report/Offers.ts"

/** What each key asks for. */
const interventions: Readonly<Record<string, Wanted>> = {
  s: { _tag: "Stop" },
  g: { _tag: "AskAgain", asks: [] },
  c: { _tag: "Double", limit: "concurrency" },
  b: { _tag: "Double", limit: "budget" },
  d: { _tag: "Double", limit: "deadline" }
}

/** `q`, Ctrl-C and Ctrl-D leave; the run goes on. */
const leaving: ReadonlySet<string> = new Set(["q", "\u0003", "\u0004"])

/** Of what can be changed now. Fits into 80 columns. */
export const hintOf = (offers: ReadonlyArray<Offer>): string => {
  const doubled = (["concurrency", "budget", "deadline"] as const).filter((offer) => offers.includes(offer))
  const parts = [
    offers.includes("stop") ? "s stop" : "",
    offers.includes("ask") ? "g ask gaps again" : "",
    doubled.length === 0 ? "" : `${doubled.map(([key]) => key).join("/")} double ${doubled.join("/")}`,
    "q leave"
  ]
  return parts.filter((part) => part !== "").join(" · ")
}

/** Whether there is a terminal to type at. */
export const canType = (): boolean => process.stdin.isTTY

/** Listens to the keys until the scope closes. */
export const listen = (
  onWanted: (wanted: Wanted) => void,
  onLeave: () => void
): Effect.Effect<void, never, Scope.Scope> => {
  const onData = (data: Buffer | string): void => {
    for (const key of String(data)) {
      const intervention = interventions[key.toLowerCase()]
      if (intervention !== undefined) onWanted(intervention)
      else if (leaving.has(key)) onLeave()
    }
  }
  return Effect.acquireRelease(
    Effect.sync(() => {
      process.stdin.setRawMode(true)
      process.stdin.on("data", onData)
      process.stdin.resume()
    }),
    () =>
      Effect.sync(() => {
        process.stdin.off("data", onData)
        process.stdin.setRawMode(false)
        process.stdin.pause()
      })
  )
}
