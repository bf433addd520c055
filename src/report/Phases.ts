/** What an ask did with its time, folded from its events. No input or output, and no Effect: the page's script has it too. */
import type { Waited } from "../claude/Call.ts"
import type { AskEvent } from "./AskState.ts"

/**
 * `turn`: waits for one of the `concurrency` places; `warmed`: waits for the prompt cache; `paced`: waits for the account's limits;
 * `held`: is ready, and waits for the budget, a connection or the process; `batch`: in a
 * Message Batch; `sent`: its request left, and nothing has come; `answer`: from the first token to the end; `plain`: an attempt that
 * is not streamed; `…-failed`: the same of an attempt that failed; `backoff`: waits to try again; `hedge`: a second copy is on its way;
 * `reused`: taken from the journal.
 */
export const phases = [
  "turn",
  "held",
  "warmed",
  "paced",
  "batch",
  "sent",
  "answer",
  "plain",
  "sent-failed",
  "answer-failed",
  "backoff",
  "hedge",
  "hedge-failed",
  "reused"
] as const
export type Phase = (typeof phases)[number]

/** From and to are epoch milliseconds. */
export interface Stretch {
  readonly phase: Phase
  readonly from: number
  to: number
}

export class Phases {
  readonly #stretches: Array<Stretch> = []
  /** When the ask's last known stretch ended; what follows is not known before the next event. */
  #at: number
  #isStarted = false
  #sentAt: number | undefined
  #firstTokenAt: number | undefined
  #retryAt: number | undefined
  #isReused = false
  readonly #hedges: Array<Stretch> = []
  #isEnded = false

  /** `at`: when the ask was known, in epoch milliseconds. */
  constructor(at: number) {
    this.#at = at
  }

  /** All stretches; of an ask that has not ended, up to `now`. */
  until(now: number): ReadonlyArray<Stretch> {
    const open: Array<Stretch> = []
    if (!this.#isEnded) {
      if (this.#sentAt !== undefined) open.push(...this.#attempt(now, false))
      else if (this.#retryAt !== undefined) open.push(...this.#waited(now))
      else if (now > this.#at) open.push({ phase: this.#isStarted ? "held" : "turn", from: this.#at, to: now })
    }
    const hedges = this.#hedges.map((hedge) => (Number.isFinite(hedge.to) ? hedge : { ...hedge, to: now }))
    return [...this.#stretches, ...open, ...hedges].toSorted((a, b) => a.from - b.from)
  }

  add(event: AskEvent): void {
    if ("hedge" in event && event.hedge) return this.#hedge(event)
    switch (event._tag) {
      case "Started":
        this.#close("turn", event.at)
        this.#isStarted = true
        this.#isEnded = false
        return
      case "Dispatched":
        // Sent again before its end was known, as where a worker died.
        if (this.#sentAt !== undefined) this.#endAttempt(event.at, true)
        if (event.batched === true) this.#close("batch", event.at)
        else this.#stretches.push(...this.#waited(event.at, event.waited))
        this.#retryAt = undefined
        this.#at = event.at
        this.#sentAt = event.at
        return
      case "FirstToken":
        this.#firstTokenAt ??= event.at
        return
      case "Replied":
        return this.#endAttempt(event.at, false)
      case "AttemptFailed":
        return this.#endAttempt(event.at, true)
      case "Retrying":
        this.#at = event.at
        this.#retryAt = event.at + event.delayMillis
        return
      case "Reused":
        this.#isReused = true
        return
      case "Answered":
      case "Failed":
      case "Interrupted":
        return this.#end(event.at, event._tag !== "Answered")
    }
  }

  #hedge(event: AskEvent): void {
    if (event._tag === "Dispatched") {
      this.#hedges.push({ phase: "hedge", from: event.at, to: Number.POSITIVE_INFINITY })
      return
    }
    const open = this.#hedges.findIndex(({ to }) => !Number.isFinite(to))
    if (open < 0) return
    const phase = event._tag === "AttemptFailed" ? "hedge-failed" : "hedge"
    this.#hedges[open] = { phase, from: this.#hedges[open]!.from, to: event.at }
  }

  /** From the end of the last stretch: the backoff, and what it was held back beyond that; pacing is the last to do so. */
  #waited(at: number, { pacing = 0, warm = 0 }: Waited = {}): ReadonlyArray<Stretch> {
    const ready = Math.min(at, this.#retryAt ?? this.#at)
    const pacedFrom = Math.max(ready, at - pacing)
    const warmedFrom = Math.max(ready, pacedFrom - warm)
    const stretches: ReadonlyArray<Stretch> = [
      { phase: "backoff", from: this.#at, to: ready },
      { phase: "held", from: ready, to: warmedFrom },
      { phase: "warmed", from: warmedFrom, to: pacedFrom },
      { phase: "paced", from: pacedFrom, to: at }
    ]
    return stretches.filter(({ from, to }) => to > from)
  }

  #attempt(at: number, isFailed: boolean): ReadonlyArray<Stretch> {
    const [sent, first] = [this.#sentAt, this.#firstTokenAt]
    if (sent === undefined) return []
    if (first === undefined) return [{ phase: isFailed ? "sent-failed" : "plain", from: sent, to: at }]
    return [
      { phase: isFailed ? "sent-failed" : "sent", from: sent, to: first },
      { phase: isFailed ? "answer-failed" : "answer", from: first, to: at }
    ]
  }

  #endAttempt(at: number, isFailed: boolean): void {
    this.#stretches.push(...this.#attempt(at, isFailed))
    this.#sentAt = undefined
    this.#firstTokenAt = undefined
    this.#at = at
  }

  #close(phase: Phase, at: number): void {
    if (at > this.#at) this.#stretches.push({ phase, from: this.#at, to: at })
    this.#at = at
  }

  #end(at: number, isFailed: boolean): void {
    if (this.#sentAt !== undefined) this.#endAttempt(at, isFailed)
    else if (this.#isReused && this.#stretches.every(({ phase }) => phase === "turn")) this.#close("reused", at)
    else if (this.#retryAt !== undefined || !this.#isStarted) {
      this.#stretches.push(...(this.#isStarted ? this.#waited(at) : []))
      if (!this.#isStarted) this.#close("turn", at)
    } else if (isFailed && this.#stretches.every(({ phase }) => phase === "turn")) this.#close("held", at)
    for (const [n, hedge] of this.#hedges.entries()) {
      if (!Number.isFinite(hedge.to)) this.#hedges[n] = { ...hedge, phase: "hedge-failed", to: at }
    }
    this.#retryAt = undefined
    this.#isEnded = true
    this.#at = at
  }
}
