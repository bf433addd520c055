/** Messages of a run that many asks share: each is written in full once, and counted after that. */
import type * as Event from "../../claude/Event.ts"
import type { AskState } from "../../report/AskState.ts"
import { plural } from "../../options/NumberText.ts"

/** Up to this many asks that share a reason are all named. */
const maxNamed = 4

/** With more asks than these, a retry for a reason that was written lately is not written. */
const maxAsksWithAllRetries = 12

/** For so many milliseconds after the line of a retry, further retries for the same reason are not written. */
const retryMillis = 5000

/** Reason and message, without the request id, which differs from ask to ask. */
const keyOf = ({ message = "", reason = "" }: Pick<AskState, "message" | "reason">): string =>
  `${reason} ${message.replace(/ \([\w-]+\)$/, "")}`

export class RepeatedReasons {
  /** By reason: the ask whose failure was written, and the asks that failed alike after it. */
  readonly #failures = new Map<string, { readonly first: string; readonly others: Array<string> }>()
  /** By reason, when the latest retry was written, in epoch milliseconds. */
  readonly #retries = new Map<string, number>()

  /** Whether the failure of an ask has a reason that was written already; it is counted then. */
  isRepeatedFailure(event: Extract<Event.Event, { readonly _tag: "Failed" }>): boolean {
    const key = keyOf(event)
    const known = this.#failures.get(key)
    if (known === undefined) this.#failures.set(key, { first: event.ask, others: [] })
    else known.others.push(event.ask)
    return known !== undefined
  }

  /** Whether a retry for the same reason was written shortly before. `asks`: how many the run has. */
  isRepeatedRetry(event: Extract<Event.Event, { readonly _tag: "Retrying" }>, asks: number): boolean {
    const key = keyOf(event)
    const at = this.#retries.get(key)
    if (at !== undefined && asks > maxAsksWithAllRetries && event.at - at < retryMillis) return true
    this.#retries.set(key, event.at)
    return false
  }

  /** A line for each reason that several asks failed for. */
  get failureLines(): ReadonlyArray<string> {
    return Array.from(this.#failures.values(), ({ first, others }) => {
      const names = others.length > maxNamed ? plural(others.length, "more ask", "more asks") : others.join(", ")
      return names === "" ? "" : `❌ Failed ${names} for the same reason as ${first}`
    }).filter((line) => line !== "")
  }
}

/** The asks, with a reference to the first of those that failed for the same reason in place of each later one's message. */
export const withReferences = (asks: ReadonlyArray<Readonly<AskState>>): ReadonlyArray<Readonly<AskState>> => {
  const first = new Map<string, string>()
  return asks.map((ask) => {
    if (ask.status !== "failed") return ask
    const key = keyOf(ask)
    const name = first.get(key)
    if (name === undefined) first.set(key, ask.name)
    return name === undefined ? ask : { ...ask, message: `as ${name}` }
  })
}
