/** A plain HTTP server on loopback that misbehaves as told, and keeps book of what reached it. */
import { once } from "node:events"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Deferred, Effect } from "effect"

/** One request that arrived: `closedEarly` tells, once it is over, whether the client left before the response ended. */
export interface Arrived {
  readonly body: any
  readonly headers: IncomingMessage["headers"]
  readonly closedEarly: Effect.Effect<boolean>
}

export type Handler = (response: ServerResponse, request: IncomingMessage, nth: number) => void

/** Serves until the scope closes; `arrived` lists every request, and `next` waits for the first. */
export const serve = (handler: Handler) =>
  Effect.gen(function* () {
    const arrived: Array<Arrived> = []
    const first = yield* Deferred.make<void>()
    const server = createServer((request, response) => {
      const closed = Deferred.makeUnsafe<boolean>()
      response.on("close", () => Deferred.doneUnsafe(closed, Effect.succeed(!response.writableFinished)))
      const chunks: Array<Buffer> = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("error", () => {})
      request.on("end", () => {
        const text = Buffer.concat(chunks).toString()
        const { headers } = request
        arrived.push({ body: text === "" ? undefined : JSON.parse(text), headers, closedEarly: Deferred.await(closed) })
        handler(response, request, arrived.length)
        Deferred.doneUnsafe(first, Effect.void)
      })
    })
    const url = yield* listening(server)
    return { url, arrived, first: Deferred.await(first) }
  })

/** The URL at which a server listens on loopback until the scope closes, with all its connections. */
export const listening = (server: Server) =>
  Effect.acquireRelease(
    Effect.promise(() => once(server.listen(0, "127.0.0.1"), "listening")),
    () =>
      Effect.promise(() => {
        server.closeAllConnections()
        return new Promise<void>((resolve) => server.close(() => resolve()))
      })
  ).pipe(Effect.map(() => `http://127.0.0.1:${(server.address() as AddressInfo).port}`))

/** A port where nobody listens. */
export const closedUrl = Effect.scoped(
  Effect.map(
    serve(() => {}),
    ({ url }) => url
  )
)

/** The JSON of a message, with this text. */
export const message = (text: string) => ({
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude-haiku-5-5",
  content: [{ type: "text", text }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 12, output_tokens: 7 }
})

/** One server-sent event. */
export const event = (name: string, data: unknown): string =>
  `event: ${name}\ndata: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`

export const textDelta = (text: string): string =>
  event("content_block_delta", { type: "content_block_delta", index: 0, delta: { type: "text_delta", text } })

/** A stream's first events, with the text `Par`: 12 input tokens and 1 output token are paid by then. */
export const begun: string = [
  event("message_start", {
    type: "message_start",
    message: { ...message(""), content: [], stop_reason: null, usage: { input_tokens: 12, output_tokens: 1 } }
  }),
  event("content_block_start", { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
  event("ping", { type: "ping" }),
  textDelta("Par")
].join("")

/** What follows `begun` but for the end: the text `is` and the final counts. */
export const continued: string = [
  textDelta("is"),
  event("content_block_stop", { type: "content_block_stop", index: 0 }),
  event("message_delta", { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 7 } })
].join("")

export const stopped: string = event("message_stop", { type: "message_stop" })

export const startStream = (response: ServerResponse, status = 200): ServerResponse =>
  response.writeHead(status, { "content-type": "text/event-stream; charset=utf-8", "request-id": "req_stream" })

export const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) =>
  response
    .writeHead(status, { "content-type": "application/json", "request-id": "req_json", ...headers })
    .end(typeof body === "string" ? body : JSON.stringify(body))

/** The body of an API error. */
export const apiError = (type: string, text = "what went wrong", errorCode?: string) => ({
  type: "error",
  error: { type, message: text, ...(errorCode !== undefined && { details: { error_code: errorCode } }) },
  request_id: "req_body"
})
