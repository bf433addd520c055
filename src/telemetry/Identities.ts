/** Random identities of traces and spans, drawn many at a time. */
import type { Encoding, Identity } from "./Encoding.ts"

const poolBytes = 8192
const traceBytes = 16
const spanBytes = 8

export class Identities {
  readonly #charset: Encoding["identityCharset"]
  readonly #charactersOfByte: number
  #pool = ""
  #used = 0

  constructor({ identityCharset }: Pick<Encoding, "identityCharset">) {
    this.#charset = identityCharset
    this.#charactersOfByte = identityCharset === "hex" ? 2 : 1
  }

  /** The identity of a child of `parent`, or of the root of a trace of its own. */
  next(parent?: Identity): Identity {
    return { traceId: parent?.traceId ?? this.#take(traceBytes), spanId: this.#take(spanBytes) }
  }

  #take(bytes: number): string {
    const from = this.#used
    this.#used += bytes * this.#charactersOfByte
    if (this.#used <= this.#pool.length) return this.#pool.slice(from, this.#used)
    const { randomBytes } = process.getBuiltinModule("node:crypto")
    this.#pool = randomBytes(poolBytes).toString(this.#charset)
    this.#used = 0
    return this.#take(bytes)
  }
}
