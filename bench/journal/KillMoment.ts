/** When a run is killed and by which signal: drawn from a seed, and waited for by what the mock sees of the run. */
import type { Entry } from "fanfold/mocks"
import { make } from "../../mocks/time/SeededRandom.ts"
import type { Running } from "./CommandLine.ts"
import type { StandaloneMock } from "./StandaloneMock.ts"

/**
 * `start`: counted from the start of the process. `asks`: once this process has sent that share of the asks that were open.
 * `synthesis`: once it was sent. `end`: once it was answered, while the document is written. Then `delayMillis` later.
 */
export interface KillMoment {
  readonly after: "start" | "asks" | "synthesis" | "end"
  readonly share: number
  readonly delayMillis: number
  readonly signal: NodeJS.Signals
}

/** Longest delays: the time in which the next thing happens. Half a second is about that from the start to the first request. */
const maxDelayMillis = { start: 1000, asks: 120, synthesis: 140, end: 60 } as const

/** Two of three are `kill -9`: the others give the process time to write what it has. */
const signals = [
  "SIGKILL",
  "SIGKILL",
  "SIGKILL",
  "SIGKILL",
  "SIGKILL",
  "SIGKILL",
  "SIGINT",
  "SIGTERM",
  "SIGHUP"
] as const
const places = ["asks", "asks", "asks", "asks", "asks", "asks", "start", "synthesis", "synthesis", "end"] as const

/** The `nth` kill (from 0) of a seed. */
export const draw = (seed: number, nth: number): KillMoment => {
  const { uniform } = make(seed, nth, 1)
  const one = <A>(values: ReadonlyArray<A>, name: string): A => values[Math.floor(uniform(name) * values.length)]!
  const after = one(places, "place")
  return {
    after,
    share: uniform("share"),
    delayMillis: uniform("delay") * maxDelayMillis[after],
    signal: one(signals, "signal")
  }
}

const pollMillis = 3

const pause = (millis: number) => new Promise<void>((resolve) => setTimeout(resolve, millis))

/** Waits for the moment, and kills. Gives whether the process was still there. */
export const kill = async (
  { after, delayMillis, share, signal }: KillMoment,
  { child }: Running,
  mock: StandaloneMock,
  run: {
    /** Requests that earlier processes have sent. */
    readonly sentBefore: number
    readonly openAsks: number
    readonly isSynthesis: (entry: Entry) => boolean
  }
): Promise<boolean> => {
  const isReached = async (): Promise<boolean> => {
    if (after === "start") return true
    const sent = (await mock.entries()).slice(run.sentBefore)
    if (after === "asks") return sent.length > share * run.openAsks
    const synthesis = sent.find(run.isSynthesis)
    return synthesis !== undefined && (after === "synthesis" || synthesis.outcome === "complete")
  }
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  while (!hasEnded() && !(await isReached())) await pause(pollMillis)
  await pause(delayMillis)
  return !hasEnded() && child.kill(signal)
}
