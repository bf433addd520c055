/** The errors that `fetch` and the reader of a body get when the connection breaks, in the shape that undici gives them. */

/** Rejects `fetch` before any header: connection refused or reset. The HTTP server turns it into a reset of its socket. */
export class NetworkFailure extends TypeError {
  override readonly name = "TypeError"
  readonly code: string
  constructor(code: "ECONNREFUSED" | "ECONNRESET") {
    const message = code === "ECONNREFUSED" ? "connect ECONNREFUSED 127.0.0.1:443" : "read ECONNRESET"
    super("fetch failed", { cause: Object.assign(new Error(message), { code }) })
    this.code = code
  }
}

/** Makes the error of a body whose connection is reset after the headers. */
export const bodyReset = (): TypeError =>
  new TypeError("terminated", { cause: Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" }) })
