/** The recordings on a tape, and which of their exchanges answers a request. */
import * as Identity from "./Identity.ts"
import type { Line } from "./Tape.ts"

/** An exchange that answers a request; `end` is called when its reply has ended. */
export interface Playing {
  readonly line: Line
  readonly end: () => void
}

/** The unused exchanges of one recording by the digest of their request, in the order in which the requests left. */
type Recording = Map<string, Array<Line>>

/** Splits the lines of a tape by the run that recorded them; those without an id are one recording. */
const recordingsOf = (
  lines: ReadonlyArray<Line>,
  digestOf: (request: Line["request"]) => string
): ReadonlyArray<Recording> => {
  const recordings = new Map<string | undefined, Recording>()
  for (const { recording } of lines) recordings.set(recording, recordings.get(recording) ?? new Map())
  for (const line of lines.toSorted((a, b) => (a.nth ?? 0) - (b.nth ?? 0))) {
    const recording = recordings.get(line.recording)!
    const digest = digestOf(line.request)
    recording.set(digest, [...(recording.get(digest) ?? []), line])
  }
  return [...recordings.values()]
}

/**
 * Gives the exchange that answers a request. Equal requests get theirs in the recorded order, from the recording that answers the
 * run, so that what is asked later finds the answers that it was asked with. A request that this recording does not hold, or
 * not so often, begins the next one that does.
 */
export const make = async (lines: ReadonlyArray<Line>): Promise<(request: Line["request"]) => Playing | undefined> => {
  const { createHash } = await import("node:crypto")
  // Identities are as long as the prompts, so that they are not kept; a shorter hash could be that of two requests.
  const digestOf = (request: Line["request"]): string =>
    createHash("sha256").update(Identity.identityOf(request)).digest("base64")
  const recordings = recordingsOf(lines, digestOf)
  const inFlight = new Map<string, ReadonlyArray<Line>>()
  let current = 0

  const play = (digest: string, line: Line): Playing => {
    inFlight.set(digest, [...(inFlight.get(digest) ?? []), line])
    const end = (): void => {
      const others = (inFlight.get(digest) ?? []).filter((other) => other !== line)
      if (others.length === 0) inFlight.delete(digest)
      else inFlight.set(digest, others)
    }
    return { line, end }
  }

  return (request) => {
    const digest = digestOf(request)
    const same = inFlight.get(digest)?.[0]
    for (let step = 0; step < recordings.length; step++) {
      const index = (current + step) % recordings.length
      const line = recordings[index]!.get(digest)?.shift()
      if (line === undefined) continue
      // Of two equal requests at once, the second one belongs to another run, and tells nothing about the first one's.
      if (same === undefined) current = index
      return play(digest, line)
    }
    // A second copy of a slow request, which was not recorded as the first one answered it.
    return same === undefined ? undefined : { line: same, end: () => {} }
  }
}
