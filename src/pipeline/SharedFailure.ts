/** Finds out, before the first answer of a research, that all of its asks fail by the same. */
import { modelsOf } from "./AskData.ts"
import type { Defaults } from "./AskOptions.ts"
import { concernsEveryAsk, type Outcome } from "./Findings.ts"
import type { Entry } from "./ResearchOptions.ts"
import { toolsOf } from "./Tools.ts"

/** How many asks must fail by the same, where an ask alone may be the cause of it. */
const minAsks = 2

/**
 * A failure that is not of the account may be of the ask: a firewall rejects its text by a 403, or a gateway has no such model with
 * web search. It is shared once two asks failed by it, and one of each kind of ask that the research has.
 */
export class SharedFailure {
  readonly #kindOf: (entry: Entry) => string
  readonly #entries: ReadonlyArray<Entry>
  /** By reason and message: how many asks failed so, and of which kinds. */
  readonly #failures = new Map<string, { asks: number; readonly kinds: Set<string> }>()
  #kindCount: number | undefined
  #hasAnswer = false

  constructor(entries: ReadonlyArray<Entry>, defaults: typeof Defaults.Service) {
    this.#kindOf = ({ ask }) =>
      JSON.stringify([modelsOf(ask, defaults), toolsOf({ ...defaults, ...ask.options }), ask.format._tag])
    this.#entries = entries
  }

  /** Whether the other asks would fail as this one did, by what is known until now. After an answer, key and model are right. */
  add(entry: Entry, outcome: Outcome<unknown>): boolean {
    if (outcome._tag === "Answered") this.#hasAnswer = true
    if (outcome._tag !== "Failed" || this.#hasAnswer) return false
    if (concernsEveryAsk(outcome.error)) return true
    const { reason } = outcome.error
    if (reason._tag !== "NotFound" && reason._tag !== "PermissionDenied") return false
    const failure = this.#failures.get(reason.message) ?? { asks: 0, kinds: new Set() }
    this.#failures.set(reason.message, failure)
    failure.asks++
    failure.kinds.add(this.#kindOf(entry))
    if (failure.asks < minAsks) return false
    // Only here, as most researches have no such failure, and may have thousands of asks.
    this.#kindCount ??= new Set(this.#entries.map(this.#kindOf)).size
    return failure.kinds.size === this.#kindCount
  }
}
