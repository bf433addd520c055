/** Requests over HTTP/1.1: one at a time on a connection, and as many connections as that takes. */
import type { Agent, ClientRequest, IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import type { Exchange, Outgoing } from "./Exchange.ts"

/** Sends over the connections of an agent. */
export const send = (agent: Agent, { body, headers, method, url }: Outgoing, exchange: Exchange): void => {
  const { request } = process.getBuiltinModule(url.protocol === "https:" ? "node:https" : "node:http")
  const sent: ClientRequest = request(url, { agent, method, headers }, (response) => receive(response, exchange))
  exchange.drop = () => void sent.destroy()
  sent.on("error", (error) => exchange.fail(error)).end(body)
}

const receive = (response: IncomingMessage, exchange: Exchange): void => {
  exchange.begin(response.statusCode ?? 0, response.headers)
  response
    .on("data", (chunk: Uint8Array) => exchange.take(chunk))
    .on("end", () => exchange.finish())
    .on("error", (error) => exchange.fail(error))
}

/** How long an idle connection is kept: longer than a backoff, shorter than most servers keep it. */
const idleMillis = 60_000

/** Keeps connections for the next request. The variables `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` count. */
const settings = () => ({ keepAlive: true, timeout: idleMillis, proxyEnv: process.env })

/** For `http:` origins. */
export const plainAgent = (): Agent => new (process.getBuiltinModule("node:http").Agent)(settings())

/** For `https:` origins; `spare` gives connections that are open already, as long as it has some. */
export const secureAgent = (spare: () => Socket | undefined = () => undefined): Agent => {
  const https = process.getBuiltinModule("node:https")
  class SecureAgent extends https.Agent {
    override createConnection(...args: Parameters<Agent["createConnection"]>): ReturnType<Agent["createConnection"]> {
      return spare() ?? super.createConnection(...args)
    }
  }
  return new SecureAgent(settings())
}
