/** When a run with a batch is killed: drawn from a seed, and waited for by what the mock sees of the run. */
import type { Entry } from "fanfold/mocks"
import { make } from "../../mocks/time/SeededRandom.ts"
import type { Running } from "../journal/CommandLine.ts"
import type { StandaloneMock } from "../journal/StandaloneMock.ts"
import * as Subject from "./Subject.ts"

const places = {
  /** At any time from the start of the process. */
  start: { weight: 3, maxDelayMillis: 3000 },
  /** About when the batch is sent: before it is kept that it will be, after that, and while it is on its way. */
  intent: { weight: 4, maxDelayMillis: 160 },
  /** Once the batch has arrived: before and after the reply, and while its id is kept. */
  create: { weight: 5, maxDelayMillis: 60 },
  /** Once the state of the batch was asked for, for the first time or later. */
  poll: { weight: 4, maxDelayMillis: 80 },
  /** Once the results were asked for: before, while and after they are read. */
  results: { weight: 5, maxDelayMillis: 450 },
  synthesis: { weight: 1, maxDelayMillis: 140 },
  /** Once the synthesis was answered, while the document is written. */
  end: { weight: 1, maxDelayMillis: 60 }
} as const

export type Place = keyof typeof places

/** `share`: of the polls that a run makes about. */
export interface KillMoment {
  readonly after: Place
  readonly share: number
  readonly delayMillis: number
}

const weighted = (Object.keys(places) as Array<Place>).flatMap((place) =>
  Array<Place>(places[place].weight).fill(place)
)

/** The `nth` kill (from 0) of a seed. */
export const draw = (seed: number, nth: number): KillMoment => {
  const { uniform } = make(seed, nth, 1)
  const after = weighted[Math.floor(uniform("place") * weighted.length)]!
  return { after, share: uniform("share"), delayMillis: uniform("delay") * places[after].maxDelayMillis }
}

/** About as many polls as a run makes. */
const polls = 12

/** Half of the kills at the intent come before the batch usually arrives. */
const intentLead = places.intent.maxDelayMillis / 2

const pollMillis = 2

const pause = (millis: number) => new Promise<void>((resolve) => setTimeout(resolve, millis))

/** Waits for the moment, and kills with SIGKILL. Gives whether the process was still there. */
export const kill = async (
  { after, delayMillis, share }: KillMoment,
  { child }: Running,
  mock: StandaloneMock,
  run: {
    /** Requests that earlier processes have sent. */
    readonly sentBefore: number
    /** From the start of a process to the arrival of its batch, when nothing disturbs it. */
    readonly createMillis: number
  }
): Promise<boolean> => {
  const isReached = async (): Promise<boolean> => {
    if (after === "start" || after === "intent") return true
    const entries = (await mock.entries()).slice(run.sentBefore)
    const synthesis = entries.findLast(Subject.isMessage)
    const reached: Readonly<Record<Exclude<Place, "start" | "intent">, (entry: Entry) => boolean>> = {
      create: Subject.isCreate,
      poll: Subject.isPoll,
      results: Subject.isResults,
      synthesis: (entry) => entry === synthesis,
      end: (entry) => entry === synthesis && entry.outcome === "complete"
    }
    return entries.filter(reached[after]).length > (after === "poll" ? share * polls : 0)
  }
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  while (!hasEnded() && !(await isReached())) await pause(pollMillis)
  await pause(after === "intent" ? Math.max(0, run.createMillis - intentLead) + delayMillis : delayMillis)
  return !hasEnded() && child.kill("SIGKILL")
}
