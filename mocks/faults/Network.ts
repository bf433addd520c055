/** Connections that break: what `fetch` rejects with when they do, in the shape of undici. */

/** Says that no connection came about, or that it was reset; transports turn it into the real thing. */
export class NetworkFailure extends TypeError {
  override readonly name = "TypeError"
  readonly code: string
  constructor(code: "ECONNREFUSED" | "ECONNRESET") {
    const message = code === "ECONNREFUSED" ? "connect ECONNREFUSED 127.0.0.1:443" : "read ECONNRESET"
    super("fetch failed", { cause: Object.assign(new Error(message), { code }) })
    this.code = code
  }
}

/** What a reader of a body meets when the connection is reset below it. */
export const torn = (): TypeError =>
  new TypeError("terminated", { cause: Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" }) })
