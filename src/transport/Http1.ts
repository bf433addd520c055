/** Requests over HTTP/1.1: one at a time on a connection, and as many connections as that takes. */
import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from "node:http"
import type { Socket } from "node:net"
import { credentialsOf, type Dialer, type Done } from "./Dialer.ts"
import type { Exchange, Outgoing } from "./Exchange.ts"

/** How long an idle connection is kept: longer than a backoff, shorter than most servers keep it. */
const idleMillis = 60_000

/** Makes a connection, or has one ready. */
export type Open = (done: Done) => Dialer | Socket

/** A request's own option, which hears of the connection that is made for it. */
interface Dialled {
  readonly dialled: (dial: Dialer) => void
}

/** Keeps the connections of one origin for its next requests. */
export const agent = (open: Open): Agent => {
  const http = process.getBuiltinModule("node:http")
  const agent = new http.Agent({ keepAlive: true, timeout: idleMillis, maxFreeSockets: Number.POSITIVE_INFINITY })
  // Node calls back with an error alone, which its types leave out.
  return Object.assign(agent, {
    createConnection: (options: Dialled, done: Done) => {
      const opened = open(done)
      if ("stop" in opened) options.dialled(opened)
      else done(null, opened)
    }
  })
}

/** Sends over the connections of an agent; a proxy for what is not encrypted is asked by the whole URL. */
export const send = (agent: Agent, proxy: URL | undefined, outgoing: Outgoing, exchange: Exchange): void => {
  const { body, headers, method, url } = outgoing
  const { request } = process.getBuiltinModule("node:http")
  const isAsked = proxy !== undefined && url.protocol === "http:"
  let dial: Dialer | undefined
  const options: RequestOptions & Dialled = {
    agent,
    method,
    path: isAsked ? url.href : url.pathname + url.search,
    headers: { ...headers, host: url.host, ...(isAsked && credentialsOf(proxy)) },
    dialled: (made) => (dial = made)
  }
  const fail = (error: Error) => exchange.fail(error)
  const sent: ClientRequest = request(options)
  exchange.drop = () => {
    sent.destroy()
    dial?.stop()
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

const lost = new Error("the connection was closed before there was a response")
