/** Sends a decided reply over Node's HTTP server, at its times and with its ending. */
import type { ServerResponse } from "node:http"
import type { Attempted } from "./Engine.ts"
import type { Clock } from "./time/Clock.ts"
import { NetworkFailure } from "./wire/NetworkFailure.ts"

const drained = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    response.once("drain", resolve)
    response.once("close", resolve)
  })

/** Sends a reply; resolves when it is written, or the client has closed the connection. */
export const send = async (attempted: Attempted, clock: Clock, response: ServerResponse): Promise<void> => {
  const { onEnd, onHeaders, onRead, outgoing } = attempted
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
  onHeaders()
  onRead()
  const { chunks, ending, headers } = outgoing
  if (chunks.length === 1 && ending === "close" && chunks[0]!.atMillis <= clock.now()) {
    const { text } = chunks[0]!
    // With a length, Node sends headers and body in one write.
    response.writeHead(outgoing.status, { ...headers, "content-length": Buffer.byteLength(text) })
    finish("complete")
    response.end(text)
    return
  }
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
