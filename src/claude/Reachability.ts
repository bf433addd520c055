/** Whether an address has ever answered, and how long one is tried that has not. */
import type { AskError } from "./AskError.ts"

/** How long an address that never answered is tried: a wrong address is likelier than an outage of the API. */
const unreachableMillis = 60_000

/** The same for an address that no host has, or that closes connections without an answer, as a server that speaks TLS does. */
const suspectMillis = 10_000

export class Reachability {
  #isProven = false

  onReply(): void {
    this.#isProven = true
  }

  /** A timeout, a stall or a cut proves that the server was reachable. */
  onError({ reason }: AskError): void {
    if (reason._tag !== "Unreachable") this.#isProven = true
  }

  /** How long after the first failure of a call another try may leave. */
  patienceMillis({ reason }: AskError): number {
    if (this.#isProven || reason._tag !== "Unreachable") return Number.POSITIVE_INFINITY
    return reason.isAddressSuspect === true ? suspectMillis : unreachableMillis
  }
}
