/**
 * A server that answers with one fixed reply, without a mock and without checks. Reads `Loopback.Options` as a line of JSON
 * from its standard input; prints its origin, then one `Loopback.FirstRequest` for each run. Exits when its standard input
 * ends, and so with its parent.
 */
import { createServer, type RequestListener, type ServerResponse } from "node:http"
import { createSecureServer } from "node:http2"
import type { AddressInfo } from "node:net"
import { createInterface } from "node:readline"
import { testCertificate, testKey } from "../../test/Certificate.ts"
import { type FirstRequest, type Options, unboundLimits } from "./Loopback.ts"

const lines = createInterface(process.stdin)
const options = await new Promise<string>((resolve) => lines.once("line", resolve))
const { latencies, protocol, sendsLimitHeaders } = JSON.parse(options) as Options
lines.on("close", () => process.exit())
const isTls = protocol !== "HTTP/1.1"

/** Streams per HTTP/2 connection, the usual limit of servers on the internet. */
const maxConcurrentStreams = 100
/** Pending connections: with Node's default of 511 a burst of 1,000 would lose some, and wait for TCP to retransmit. */
const backlog = 8192

const text = "An answer of a few words, as long as it takes. ".repeat(8)
const message = {
  id: "msg_loopback",
  type: "message",
  role: "assistant",
  model: "claude-haiku-5-5",
  content: [{ type: "text", text }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 12, output_tokens: 80 }
}
const reply = Buffer.from(JSON.stringify(message))
const headers = { "content-type": "application/json", "content-length": reply.length, "request-id": "req_loopback" }

/** The same reply as events. */
const events = [
  { type: "message_start", message: { ...message, content: [], stop_reason: null } },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text } },
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 80 } },
  { type: "message_stop" }
]
const stream = Buffer.from(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(""))
const streamHeaders = { "content-type": "text/event-stream; charset=utf-8", "request-id": "req_loopback" }

/** Names of the families of rate-limit headers that the API sends, with their limits. */
const families = Object.entries({
  requests: unboundLimits.rpm,
  "input-tokens": unboundLimits.itpm,
  "output-tokens": unboundLimits.otpm,
  tokens: unboundLimits.itpm + unboundLimits.otpm
})
/** Tokens that a request takes, roughly. */
const requestTokens = 100
let requests = 0
/** The headers of one response: `remaining` falls with each request, and tokens are rounded to thousands, as the API does. */
const limitHeaders = (): Record<string, string> => {
  const reset = new Date().toISOString().replace(/\.\d{3}Z$/, "Z")
  const found: Record<string, string> = {}
  for (const [family, limit] of families) {
    const used = family === "requests" ? requests : Math.round((requests * requestTokens) / 1000) * 1000
    found[`anthropic-ratelimit-${family}-limit`] = String(limit)
    found[`anthropic-ratelimit-${family}-remaining`] = String(limit - used)
    found[`anthropic-ratelimit-${family}-reset`] = reset
  }
  return found
}

const seenRuns = new Set<string>()
const reportFirst = (run: string, httpVersion: string): void => {
  if (seenRuns.has(run)) return
  seenRuns.add(run)
  const atMillis = Number(process.hrtime.bigint()) / 1e6
  console.log(JSON.stringify({ run, atMillis, httpVersion } satisfies FirstRequest))
}

/** Like the API, a stream's headers come at once, and those of a plain reply with its body. */
const respond = (response: ServerResponse, isStreamed: boolean, millis: number): void => {
  const begin = () =>
    response.writeHead(200, { ...(isStreamed ? streamHeaders : headers), ...(sendsLimitHeaders && limitHeaders()) })
  if (isStreamed) begin().flushHeaders()
  setTimeout(() => void (isStreamed ? response.end(stream) : begin().end(reply)), millis)
}

const answer: RequestListener = (request, response) => {
  const [, caseIndex, run] = /^\/(\d+)(?:\/(\w+))?\/v1\//.exec(request.url ?? "") ?? []
  if (run !== undefined) reportFirst(run, request.httpVersion)
  const millis = latencies[Number(caseIndex)]!
  requests++
  let body = ""
  request.setEncoding("latin1").on("data", (chunk: string) => (body += chunk))
  request.on("end", () => {
    const question = Number(/question (\d+)/.exec(body)![1])
    respond(response, body.includes('"stream":true'), millis[question]!)
  })
}

/** Longer than any pause of a client: a connection that the server closes just then fails the client's next request. */
const keepAliveTimeout = 60_000
const settings = { maxConcurrentStreams }
const server = isTls
  ? createSecureServer({ key: testKey, cert: testCertificate, allowHTTP1: true, settings }, answer as never)
  : createServer(answer)
// The types of HTTP/2 servers lack the property, which the server uses for connections with HTTP/1.1.
Object.assign(server, { keepAliveTimeout })
server.listen({ port: 0, host: "127.0.0.1", backlog }, () => {
  console.log(`${isTls ? "https" : "http"}://localhost:${(server.address() as AddressInfo).port}`)
})
