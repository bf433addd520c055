/** Answers from a tape, with the recorded replies and times. */
import * as Clock from "../time/Clock.ts"
import * as Incoming from "../wire/Incoming.ts"
import { NetworkFailure } from "../wire/NetworkFailure.ts"
import * as Outgoing from "../wire/Outgoing.ts"
import * as Prompt from "../answers/Prompt.ts"
import * as Form from "./Form.ts"
import * as Identity from "./Identity.ts"
import * as Recordings from "./Recordings.ts"
import * as Secrets from "./Secrets.ts"
import * as Tape from "./Tape.ts"
import { objectOf } from "../wire/UncheckedJson.ts"

/** How fast a tape is played, by which clock, and who is informed of a torn line. */
export interface Options {
  readonly speed?: number
  readonly clock?: Clock.Clock
  readonly onTorn?: (lineNumber: number) => void
}

const words = (text: string): ReadonlySet<string> => new Set(text.toLowerCase().match(/[\p{L}\p{N}_-]+/gu) ?? [])

/** The Jaccard similarity of two sets, from 0 to 1. */
const similarity = (a: ReadonlySet<string>, b: ReadonlySet<string>): number => {
  const shared = [...a].filter((word) => b.has(word)).length
  return shared / Math.max(1, a.size + b.size - shared)
}

/** Gives the end of the last user turn for messages, or of the body for other requests. */
const textOf = ({ body }: Tape.Line["request"]): string => {
  const { user } = Prompt.read(objectOf(Identity.parsed(body)) ?? {})
  return JSON.stringify((user === "" ? body : user).slice(-shownCharacters))
}

const shownCharacters = 200

/** Writes the error of a request that is not on the tape: the most similar one, and the fields in which they differ. */
const missingMessage = (request: Tape.Line["request"], lines: ReadonlyArray<Tape.Line>): string => {
  const identity = Identity.identityOf(request)
  const requested = words(identity)
  const candidates = lines.map(({ request }) => ({ request, identity: Identity.identityOf(request) }))
  if (candidates.some((candidate) => candidate.identity === identity))
    return `The tape holds this request, but not so often: ${textOf(request)}`
  const nearest = candidates
    .map(({ identity, request }) => ({ request, score: similarity(requested, words(identity)) }))
    .toSorted((a, b) => b.score - a.score)[0]?.request
  if (nearest === undefined) return "The tape is empty: record it first."
  const runs = new Set(lines.map(({ recording }) => recording)).size
  const advice =
    runs === 1
      ? "Record again, or ask what was recorded."
      : `The tape holds ${runs} runs, and one that was stopped lets the next one answer its rest: delete the tape and record again, or ask what was recorded.`
  const requestedBody = objectOf(Identity.questionOf(request.body)) ?? {}
  const nearestBody = objectOf(Identity.questionOf(nearest.body)) ?? {}
  const fields = [...new Set([...Object.keys(requestedBody), ...Object.keys(nearestBody)])].filter(
    (field) => JSON.stringify(requestedBody[field]) !== JSON.stringify(nearestBody[field])
  )
  return `This request is not on the tape: ${request.method} ${request.path} ${textOf(request)}. The nearest one differs in ${fields.join(", ") || "its path"}: ${nearest.method} ${nearest.path} ${textOf(nearest)}. ${advice}`
}

/**
 * Answers from a tape; equal requests get their recorded replies in order, as a stream or one body, whichever they ask for.
 * Recorded times are divided by `speed`: 1 by default, Infinity for no delay. A request that is not on the tape gets a 400 that
 * must not be retried. `onTorn` is called with the number of a line that was not written to its end; by default, that is a
 * process warning.
 */
export const replay = async (file: string, options: Options = {}): Promise<Tape.Tape> => {
  const clock = options.clock ?? Clock.real
  const speed = options.speed ?? 1
  const lines = await Tape.read(file, options.onTorn)
  const take = await Recordings.make(lines)
  return {
    fetch: async (input, init) => {
      const incoming = await Incoming.read(input, init)
      const { headers, signal, text, url } = incoming
      const request = Identity.requestOf(incoming, Secrets.of([...headers, ...url.searchParams]))
      const playing = take(request)
      if (playing === undefined) {
        const error = {
          type: "error",
          error: { type: "invalid_request_error", message: missingMessage(request, lines) },
          request_id: null
        }
        return Response.json(error, { status: 400, headers: { "x-should-retry": "false" } })
      }
      const { end, line } = playing
      const startedAt = clock.now()
      const at = (millis: number): number => startedAt + millis / speed
      const wait = (millis: number): Promise<void> => clock.sleep(Math.max(0, at(millis) - clock.now()), signal)
      const recorded = line.response
      const response = recorded && Form.inForm(recorded, line.request.body, Form.wantsStream(text))
      try {
        await wait(response?.headersAtMillis ?? line.failedAtMillis ?? 0)
        if (response === undefined) throw new NetworkFailure(line.failed ?? "ECONNRESET")
      } catch (error) {
        end()
        throw error
      }
      const outgoing: Outgoing.Outgoing = {
        status: response.status,
        headers: { ...response.headers },
        headersAtMillis: at(response.headersAtMillis),
        chunks: response.chunks.map((chunk) => ({ text: chunk.text, atMillis: at(chunk.atMillis) })),
        ending: response.cut ? "reset" : "close"
      }
      const body = Outgoing.body(outgoing, { clock, signal, onRead: () => {}, onEnd: end })
      return new Response(body, { status: outgoing.status, headers: outgoing.headers })
    }
  }
}
