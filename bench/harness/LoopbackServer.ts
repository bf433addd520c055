/**
 * A server in a process of its own that answers as fast as Node can: no mock, no check. `node LoopbackServer.ts http|https
 * FILE`; FILE holds the milliseconds of every question, by case. `URL/CASE` is a base URL. Prints URL, ends with its parent.
 */
import { readFileSync } from "node:fs"
import { createServer, type RequestListener } from "node:http"
import { createSecureServer } from "node:http2"
import type { AddressInfo } from "node:net"
import { testCertificate, testKey } from "../../test/Certificate.ts"
import { unboundLimits } from "../end-to-end/Cases.ts"

const [protocol, file = ""] = process.argv.slice(2)
const cases = JSON.parse(readFileSync(file, "utf8")) as ReadonlyArray<ReadonlyArray<number>>

/** As many streams on one connection as servers on the internet usually allow. */
const maxConcurrentStreams = 100
/** A burst of connections must not wait for the operating system's retries. */
const backlog = 8192

const reply = Buffer.from(
  JSON.stringify({
    id: "msg_loopback",
    type: "message",
    role: "assistant",
    model: "claude-haiku-5-5",
    content: [{ type: "text", text: "An answer of a few words, as long as it takes. ".repeat(8) }],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: { input_tokens: 12, output_tokens: 80 }
  })
)
const headers = {
  "content-type": "application/json",
  "content-length": reply.length,
  "request-id": "req_loopback",
  "anthropic-ratelimit-requests-limit": String(unboundLimits.rpm)
}
let arrived = 0
/** As a server counts whose limit binds nobody. */
const remaining = () => ({ "anthropic-ratelimit-requests-remaining": String(unboundLimits.rpm - arrived) })

const answer: RequestListener = (request, response) => {
  const millis = cases[Number(request.url?.split("/")[1])]!
  arrived++
  let body = ""
  request.setEncoding("latin1").on("data", (chunk: string) => (body += chunk))
  request.on("end", () => {
    const question = Number(/question (\d+)/.exec(body)![1])
    setTimeout(() => response.writeHead(200, { ...headers, ...remaining() }).end(reply), millis[question])
  })
}

const server =
  protocol === "https"
    ? createSecureServer(
        { key: testKey, cert: testCertificate, allowHTTP1: true, settings: { maxConcurrentStreams } },
        answer as never
      )
    : createServer({ keepAliveTimeout: 60_000 }, answer)
server.listen({ port: 0, host: "127.0.0.1", backlog }, () => {
  console.log(`${protocol}://localhost:${(server.address() as AddressInfo).port}`)
})
process.stdin.resume().on("end", () => process.exit())
