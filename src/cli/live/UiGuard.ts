/** Who may see the page of a run: who has its token, and comes from the page itself. */
import type { IncomingMessage } from "node:http"

/** On every response. Nothing is kept by the browser, framed by or handed to another page. */
export const headers: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": "frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff"
}

const tokenBytes = 32

export interface UiGuard {
  readonly token: string
  /** Why a request is refused; `undefined` where it is not. */
  readonly problemOf: (request: IncomingMessage, url: URL) => string | undefined
}

/** `port`: of the server, which is reached by no other name than its address. */
export const make = (port: number): UiGuard => {
  const { createHash, randomBytes, timingSafeEqual } = process.getBuiltinModule("node:crypto")
  const token = randomBytes(tokenBytes).toString("base64url")
  const hashOf = (text: string) => createHash("sha256").update(text).digest()
  const hash = hashOf(token)
  const host = `127.0.0.1:${port}`
  const origin = `http://${host}`
  return {
    token,
    problemOf: ({ headers, method = "" }, url) => {
      // A name that another page has made lead here.
      if (headers.host !== host) return "wrong host"
      const isChange = method !== "GET"
      if (headers.origin === undefined ? isChange : headers.origin !== origin) return "wrong origin"
      const site = headers["sec-fetch-site"]
      if (site !== undefined && site !== "same-origin" && site !== "none") return "wrong origin"
      // A form of another page can send no other type without being asked.
      if (isChange && headers["content-type"] !== "application/json") return "expected JSON"
      const given =
        url.pathname === "/" ? url.searchParams.get("token") : /^Bearer (\S+)$/.exec(headers.authorization ?? "")?.[1]
      return timingSafeEqual(hashOf(given ?? ""), hash) ? undefined : "no token: open the address that was printed"
    }
  }
}
