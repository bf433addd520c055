/** The errors of a broken connection, in the shape in which undici throws them. */

/** Rejects `fetch` when the connection is refused, or reset before the headers. The HTTP server resets its socket instead. */
export class NetworkFailure extends TypeError {
  override readonly name = "TypeError"
  readonly code: string
  /** The clock's time at which the connection breaks; 0 for at once. */
  readonly atMillis: number
  constructor(code: "ECONNREFUSED" | "ECONNRESET", atMillis = 0) {
    const message = code === "ECONNREFUSED" ? "connect ECONNREFUSED 127.0.0.1:443" : "read ECONNRESET"
    super("fetch failed", { cause: Object.assign(new Error(message), { code }) })
    this.code = code
    this.atMillis = atMillis
  }
}

/** Makes the error of a body whose connection is reset after the headers. */
export const bodyReset = (): TypeError =>
  new TypeError("terminated", { cause: Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" }) })
