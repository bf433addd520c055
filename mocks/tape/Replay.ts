/** Answers from a tape, with the recorded replies and times. */
import * as Clock from "../time/Clock.ts"
import * as SeededRandom from "../time/SeededRandom.ts"
import * as Incoming from "../wire/Incoming.ts"
import { NetworkFailure } from "../wire/NetworkFailure.ts"
import * as Outgoing from "../wire/Outgoing.ts"
import * as Prompt from "../answers/Prompt.ts"
import * as Form from "./Form.ts"
import * as Tape from "./Tape.ts"
import { objectOf } from "../wire/UncheckedJson.ts"

const words = (text: string): ReadonlySet<string> => new Set(text.toLowerCase().match(/[\p{L}\p{N}_-]+/gu) ?? [])

/** The Jaccard similarity of two sets, from 0 to 1. */
const similarity = (a: ReadonlySet<string>, b: ReadonlySet<string>): number => {
  const shared = [...a].filter((word) => b.has(word)).length
  return shared / Math.max(1, a.size + b.size - shared)
}

/** Gives the end of the last user turn for messages, or of the body for other requests. */
const textOf = ({ body }: Tape.Line["request"]): string => {
  const { user } = Prompt.read(objectOf(Tape.parsed(body)) ?? {})
  return JSON.stringify((user === "" ? body : user).slice(-shownCharacters))
}

const shownCharacters = 200

/** Writes the error of a request that is not on the tape: the most similar one, and the fields in which they differ. */
const missingMessage = (request: Tape.Line["request"], lines: ReadonlyArray<Tape.Line>): string => {
  const requested = words(Tape.identityOf(request))
  const nearest = lines
    .map((line) => ({ line, score: similarity(requested, words(Tape.identityOf(line.request))) }))
    .toSorted((a, b) => b.score - a.score)[0]?.line.request
  if (nearest === undefined) return "The tape is empty: record it first."
  if (Tape.identityOf(nearest) === Tape.identityOf(request))
    return `The tape holds this request, but not so often: ${textOf(request)}`
  const requestedBody = objectOf(Tape.questionOf(request.body)) ?? {}
  const nearestBody = objectOf(Tape.questionOf(nearest.body)) ?? {}
  const fields = [...new Set([...Object.keys(requestedBody), ...Object.keys(nearestBody)])].filter(
    (field) => JSON.stringify(requestedBody[field]) !== JSON.stringify(nearestBody[field])
  )
  return `This request is not on the tape: ${request.method} ${request.path} ${textOf(request)}. The nearest one differs in ${fields.join(", ") || "its path"}: ${nearest.method} ${nearest.path} ${textOf(nearest)}. Record again, or ask what was recorded.`
}

/** Takes the first reply of this form before the next error, else the first line: what was tried again stays in its order. */
const take = (lines: Array<Tape.Line>, streamed: boolean): Tape.Line | undefined => {
  const errorAt = lines.findIndex((line) => !Form.isReply(line))
  const replies = errorAt === -1 ? lines : lines.slice(0, errorAt)
  const index = replies.findIndex((line) => Form.hasForm(line, streamed))
  return lines.splice(Math.max(0, index), 1)[0]
}

/**
 * Answers from a tape; equal requests get their recorded replies in order, as a stream or one body, whichever they ask for.
 * Recorded times are divided by `speed`: 1 by default, Infinity for no delay. A request that is not on the tape gets a 400 that
 * must not be retried.
 */
export const replay = async (
  file: string,
  options: { readonly speed?: number; readonly clock?: Clock.Clock } = {}
): Promise<Tape.Tape> => {
  const clock = options.clock ?? Clock.real
  const speed = options.speed ?? 1
  const lines = await Tape.read(file)
  const unused = new Map<number, Array<Tape.Line>>()
  for (const line of lines) {
    const key = SeededRandom.hash(Tape.identityOf(line.request), 0)
    unused.set(key, [...(unused.get(key) ?? []), line])
  }
  return {
    fetch: async (input, init) => {
      const { headers, method, signal, text, url } = await Incoming.read(input, init)
      const request = { method, path: Tape.pathOf(url), body: Tape.redacted(text, Tape.keyOf(headers)) }
      const streamed = Form.wantsStream(text)
      const line = take(unused.get(SeededRandom.hash(Tape.identityOf(request), 0)) ?? [], streamed)
      if (line === undefined) {
        const error = {
          type: "error",
          error: { type: "invalid_request_error", message: missingMessage(request, lines) },
          request_id: null
        }
        return Response.json(error, { status: 400, headers: { "x-should-retry": "false" } })
      }
      if (line.response === undefined) throw new NetworkFailure(line.failed ?? "ECONNRESET")
      const startedAt = clock.now()
      const at = (millis: number): number => startedAt + millis / speed
      const { chunks, cut, headers: recordedHeaders, headersAtMillis, status } = Form.inForm(line.response, streamed)
      const outgoing: Outgoing.Outgoing = {
        status,
        headers: { ...recordedHeaders },
        headersAtMillis: at(headersAtMillis),
        chunks: chunks.map((chunk) => ({ text: chunk.text, atMillis: at(chunk.atMillis) })),
        ending: cut ? "reset" : "close"
      }
      await clock.sleep(Math.max(0, outgoing.headersAtMillis - clock.now()), signal)
      const body = Outgoing.body(outgoing, { clock, signal, onRead: () => {}, onEnd: () => {} })
      return new Response(body, { status, headers: outgoing.headers })
    }
  }
}
