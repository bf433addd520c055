/** The recordings on a tape, and which of their exchanges answers a request. */
import * as SeededRandom from "../time/SeededRandom.ts"
import * as Identity from "./Identity.ts"
import type { Line } from "./Tape.ts"

/** An exchange that answers a request; `end` is called when its reply has ended. */
export interface Playing {
  readonly line: Line
  readonly end: () => void
}

/** The exchanges of one request in one recording, in the order in which the requests left. */
interface Takes {
  readonly identity: string
  readonly unused: Array<Line>
}

/** The exchanges of one recording, by a hash of the request. */
type Recording = Map<number, Array<Takes>>

const takesOf = (recording: Recording, identity: string): Takes | undefined =>
  recording.get(SeededRandom.hash(identity, 0))?.find((takes) => takes.identity === identity)

const add = (recording: Recording, line: Line): void => {
  const identity = Identity.identityOf(line.request)
  const takes = takesOf(recording, identity)
  if (takes !== undefined) return void takes.unused.push(line)
  const hash = SeededRandom.hash(identity, 0)
  recording.set(hash, [...(recording.get(hash) ?? []), { identity, unused: [line] }])
}

/** Splits the lines of a tape by the run that recorded them; those without an id are one recording. */
const recordingsOf = (lines: ReadonlyArray<Line>): ReadonlyArray<Recording> => {
  const recordings = new Map<string | undefined, Recording>()
  for (const { recording } of lines) recordings.set(recording, recordings.get(recording) ?? new Map())
  for (const line of lines.toSorted((a, b) => (a.nth ?? 0) - (b.nth ?? 0))) add(recordings.get(line.recording)!, line)
  return [...recordings.values()]
}

/**
 * Gives the exchange that answers a request. Equal requests get theirs in the recorded order, from the recording that answers the
 * run, so that what is asked later finds the answers that it was asked with. A request that this recording does not hold, or
 * not so often, begins the next one that does.
 */
export const make = (lines: ReadonlyArray<Line>): ((request: Line["request"]) => Playing | undefined) => {
  const recordings = recordingsOf(lines)
  const inFlight = new Map<string, ReadonlyArray<Line>>()
  let current = 0

  const play = (identity: string, line: Line): Playing => {
    inFlight.set(identity, [...(inFlight.get(identity) ?? []), line])
    const end = (): void => {
      const others = (inFlight.get(identity) ?? []).filter((other) => other !== line)
      if (others.length === 0) inFlight.delete(identity)
      else inFlight.set(identity, others)
    }
    return { line, end }
  }

  return (request) => {
    const identity = Identity.identityOf(request)
    const same = inFlight.get(identity)?.[0]
    for (let step = 0; step < recordings.length; step++) {
      const index = (current + step) % recordings.length
      const line = takesOf(recordings[index]!, identity)?.unused.shift()
      if (line === undefined) continue
      // Of two equal requests at once, the second one belongs to another run, and tells nothing about the first one's.
      if (same === undefined) current = index
      return play(identity, line)
    }
    // A second copy of a slow request, which was not recorded as the first one answered it.
    return same === undefined ? undefined : { line: same, end: () => {} }
  }
}
