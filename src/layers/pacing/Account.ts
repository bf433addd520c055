/** Whose limits they are. */
import { Redacted } from "effect"

/** The API key and the base URL it is sent to. */
export interface Account {
  readonly apiKey: Redacted.Redacted
  readonly baseUrl: string
}

/** Hexadecimal digits of a name: 128 bits, so that two accounts never share one. */
const nameLength = 32

/**
 * A name for something of an account. It is a hash, which reveals neither the key nor what else is in it: a key has too much
 * entropy to be found by trying.
 */
export const nameOf = ({ apiKey, baseUrl }: Account, what: string, ...parts: ReadonlyArray<string>): string => {
  const { createHash } = process.getBuiltinModule("node:crypto")
  const identity = JSON.stringify([what, baseUrl, Redacted.value(apiKey), ...parts])
  return createHash("sha256").update(identity).digest("hex").slice(0, nameLength)
}
