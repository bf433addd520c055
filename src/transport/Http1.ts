/** Sends requests over HTTP/1.1: one at a time on a connection, on as many connections as there are requests. */
import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from "node:http"
import type { Socket } from "node:net"
import { credentialsOf, type Dialer, type OnConnected } from "./Dialer.ts"
import type { Exchange, Outgoing } from "./Exchange.ts"

/** How long an idle connection is kept: longer than a usual backoff, shorter than the idle timeout of most servers. */
const idleMillis = 60_000

/** Starts to connect, or returns an open socket; `onConnected` is called in the first case only. */
export type Connect = (onConnected: OnConnected) => Dialer | Socket

/** A request option of our own: called with the dialer, if a connection is opened for the request. */
interface WithDialer {
  readonly onDialer: (dialer: Dialer) => void
}

/** Makes the pool of connections to one origin. */
export const agent = (connect: Connect): Agent => {
  const http = process.getBuiltinModule("node:http")
  const agent = new http.Agent({ keepAlive: true, timeout: idleMillis, maxFreeSockets: Number.POSITIVE_INFINITY })
  // Assigned, not overridden in a subclass: Node's types do not allow a callback with an error alone, which Node accepts.
  return Object.assign(agent, {
    createConnection: (options: WithDialer, onConnected: OnConnected) => {
      const connecting = connect(onConnected)
      if ("stop" in connecting) options.onDialer(connecting)
      else onConnected(null, connecting)
    }
  })
}

/** Sends a request through an agent. A proxy is sent the absolute URL of a plain request; TLS requests use its tunnel. */
export const send = (agent: Agent, proxy: URL | undefined, outgoing: Outgoing, exchange: Exchange): void => {
  const { body, headers, method, url } = outgoing
  const { request } = process.getBuiltinModule("node:http")
  const isForwarded = proxy !== undefined && url.protocol === "http:"
  let dialer: Dialer | undefined
  const options: RequestOptions & WithDialer = {
    agent,
    method,
    path: isForwarded ? url.href : url.pathname + url.search,
    headers: { ...headers, host: url.host, ...(isForwarded && credentialsOf(proxy)) },
    onDialer: (started) => (dialer = started)
  }
  const fail = (error: Error) => exchange.fail(error)
  const sent: ClientRequest = request(options)
  exchange.cancelRequest = () => {
    sent.destroy()
    dialer?.stop()
  }
  sent
    .on("response", (response: IncomingMessage) => {
      exchange.begin(response.statusCode ?? 0, response.headers)
      response
        .on("data", (chunk: Uint8Array) => exchange.take(chunk))
        .on("end", () => exchange.finish())
        .on("error", fail)
    })
    .on("error", fail)
    .on("close", () => fail(lost))
    .end(body)
}

const lost = new Error("the connection was closed before the response was complete")
