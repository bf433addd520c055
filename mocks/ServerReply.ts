/** Sends a decided reply over Node's HTTP server, at its times and with its ending. */
import type { ServerResponse } from "node:http"
import type { Attempted } from "./Engine.ts"
import type { Clock } from "./time/Clock.ts"
import type { Outgoing } from "./wire/Outgoing.ts"
import { NetworkFailure } from "./wire/NetworkFailure.ts"

const drained = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    response.once("drain", resolve)
    response.once("close", resolve)
  })

/** Sends status, headers and a whole body. With a length, Node sends all in one write. */
const sendWhole = (
  { onEnd, onHeaders, onRead }: Attempted,
  { chunks, headers, status }: Outgoing,
  response: ServerResponse
): void => {
  onHeaders()
  onRead()
  const { text } = chunks[0]!
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(text) })
  onEnd("complete")
  response.end(text)
}

const isWhole = ({ chunks, ending }: Outgoing, now: number): boolean =>
  chunks.length === 1 && ending === "close" && chunks[0]!.atMillis <= now

/** Sends a reply; resolves when it is written, or the client has closed the connection. */
export const send = async (attempted: Attempted, clock: Clock, response: ServerResponse): Promise<void> => {
  const { onEnd, onHeaders, onRead, outgoing } = attempted
  const isDue = !(outgoing instanceof NetworkFailure) && outgoing.headersAtMillis <= clock.now()
  if (isDue && isWhole(outgoing, clock.now())) return sendWhole(attempted, outgoing, response)
  let isOver = false
  let sleeping: AbortController | undefined
  const finish = (end: Parameters<Attempted["onEnd"]>[0]): void => {
    isOver = true
    onEnd(end)
  }
  response.once("close", () => {
    if (isOver) return
    finish("aborted")
    sleeping?.abort()
  })
  const sleepUntil = async (atMillis: number): Promise<void> => {
    const wait = atMillis - clock.now()
    if (wait <= 0) return
    sleeping = new AbortController()
    await clock.sleep(wait, sleeping.signal).catch(() => {})
  }

  if (outgoing instanceof NetworkFailure) {
    await sleepUntil(outgoing.atMillis)
    if (isOver) return
    finish("failed")
    response.socket?.resetAndDestroy()
    return
  }
  await sleepUntil(outgoing.headersAtMillis)
  if (isOver) return
  if (isWhole(outgoing, clock.now())) {
    isOver = true
    return sendWhole(attempted, outgoing, response)
  }
  onHeaders()
  onRead()
  const { chunks, ending, headers } = outgoing
  response.writeHead(outgoing.status, headers)
  let next = 0
  while (next < chunks.length) {
    const now = clock.now()
    if (chunks[next]!.atMillis > now) {
      // The client gets what is due before the wait for more.
      response.flushHeaders()
      await sleepUntil(chunks[next]!.atMillis)
      if (isOver) return
      continue
    }
    let text = ""
    while (next < chunks.length && chunks[next]!.atMillis <= now) text += chunks[next++]!.text
    if (next === chunks.length && (ending === "close" || ending === "truncate")) {
      finish(ending === "close" ? "complete" : "cut")
      response.end(text)
      return
    }
    if (!response.write(text)) await drained(response)
    if (isOver) return
  }
  if (ending === "hang") return response.flushHeaders()
  if (ending === "reset") {
    finish("reset")
    // The socket is ended, as a reset would discard sent data.
    response.socket?.end()
    return
  }
  finish(ending === "close" ? "complete" : "cut")
  response.end()
}
