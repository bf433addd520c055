/** The `fetch` that the SDK is given: Node's own HTTP without the cost of fetch, and HTTP/2 where the server speaks it. */
import type { Agent } from "node:http"
import { Exchange, type Outgoing } from "./Exchange.ts"
import * as Http1 from "./Http1.ts"
import { Origin } from "./Origin.ts"

type Fetch = typeof globalThis.fetch

/**
 * Sends over connections that the whole process shares. Proxy variables count, redirects are not followed, and only
 * connecting has a time limit. Where the global `fetch` is not Node's own, since this is not Node or since somebody replaced
 * it, that one sends.
 */
export const fetch: Fetch = (input, init) => {
  const { body = "", headers, method = "GET", signal } = init ?? {}
  if (!isNodes(globalThis.fetch) || typeof body !== "string") return globalThis.fetch(input, init)
  const url = new URL(input as string | URL)
  const outgoing = { url, method, headers: fieldsOf(headers), body }
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason)
    const exchange = new Exchange(url.href, signal, resolve as never, reject)
    carry(outgoing, exchange)
  })
}

/** Opens a connection to where requests will go, ahead of the first one. A URL that is none is for the first request to tell. */
export const prepare = (baseUrl: string): void => {
  const url = URL.parse(baseUrl)
  if (url?.protocol === "https:" && isNodes(globalThis.fetch) && !isProxied()) originOf(url).prepare()
}

const carry = (outgoing: Outgoing, exchange: Exchange): void => {
  const { url } = outgoing
  if (url.protocol !== "https:") Http1.send((plain ??= Http1.plainAgent()), outgoing, exchange)
  // A tunnel through a proxy is left to Node, which speaks HTTP/1.1 in it.
  else if (isProxied()) Http1.send((tunnel ??= Http1.secureAgent()), outgoing, exchange)
  else originOf(url).send(outgoing, exchange)
}

let plain: Agent | undefined
let tunnel: Agent | undefined
const origins = new Map<string, Origin>()

const originOf = (url: URL): Origin => {
  const known = origins.get(url.origin)
  if (known !== undefined) return known
  const origin = new Origin(url)
  origins.set(url.origin, origin)
  return origin
}

const isProxied = (): boolean => Boolean(process.env["https_proxy"] || process.env["HTTPS_PROXY"])

const fieldsOf = (headers: RequestInit["headers"]): Record<string, string> => {
  const fields: Record<string, string> = {}
  const all = headers instanceof Headers ? headers : new Headers(headers)
  all.forEach((value, name) => {
    fields[name] = value
  })
  return fields
}

/** Where all copies of undici, Node's own too, look for the dispatcher of the global `fetch`: up to version 7, and from 8. */
const slots = [Symbol.for("undici.globalDispatcher.1"), Symbol.for("undici.globalDispatcher.2")] as const
const globals = globalThis as { [slot in (typeof slots)[number]]?: object | undefined }

/** What stands there where nobody chose anything; the last one lets the old slot see the new one's. */
const usual = new Set(["Agent", "EnvHttpProxyAgent", "Dispatcher1Wrapper"])

/** Tests intercept by another `fetch`, or another dispatcher of the global one; a request that got past them would be real. */
const isNodes = (fetch: Fetch): boolean =>
  String(fetch).includes("internal/deps/undici") &&
  slots.every((slot) => usual.has(globals[slot]?.constructor.name ?? "Agent"))
