/** What the events of a run add up to: the state of every ask, tokens, cost and time. A fold, without input or output. */
import type { Event } from "../claude/Event.ts"
import { addUsage, noUsage, type Usage } from "../claude/Message.ts"

/** `waiting` for its turn or a place, `asking` until the first piece of a streamed answer, then `answering`. */
export type Status = "waiting" | "asking" | "answering" | "retrying" | "answered" | "failed" | "interrupted"

/** What is known of one ask, or of the synthesis. Times are epoch milliseconds. */
export interface Entry {
  readonly name: string
  readonly part: "ask" | "synthesis"
  question: string
  status: Status
  startedAt?: number
  /** When its first attempt left. */
  dispatchedAt?: number
  /** How many requests left for Claude, second copies of a straggler included. */
  dispatches: number
  /** How many of them are on their way. */
  inFlight: number
  /** Number of the attempt under way, from 1, as the last event has it. */
  attempt: number
  /** The one that answered; until then, the one asked last. */
  model?: string
  /** Of its replies and of its failed attempts that were paid. */
  usage: Usage
  /** Estimated; `undefined` as soon as one model has no known price. */
  costUsd: number | undefined
  /** From its first request to its end: waiting for a place before is not its own time. */
  durationMillis?: number
  /** Why the last attempt, or the ask, failed. */
  reason?: string
  message?: string
  /** The models that were given up, why, and what was asked instead, in this order. */
  fallbacks?: ReadonlyArray<{ readonly from: string; readonly to: string; readonly reason: string }>
  /** How long it waits for its next attempt, and until when. */
  retryDelayMillis?: number
  retryAt?: number
}

type Stamp = Pick<Event, "run" | "ask" | "part">

/** A fold of events that is changed in place, as a run of thousands of asks tells many. */
export class RunState {
  readonly #asks: Array<Entry> = []
  readonly #entries = new Map<string, Entry>()
  readonly #unpriced = new Set<string>()
  readonly #count: Record<Status, number> = {
    waiting: 0,
    asking: 0,
    answering: 0,
    retrying: 0,
    answered: 0,
    failed: 0,
    interrupted: 0
  }
  #synthesis: Entry | undefined
  #usage: Usage = noUsage
  #costUsd = 0
  #inFlight = 0
  #sequentialMillis = 0
  #startedAt: number | undefined
  #researchMillis: number | undefined
  #lastAt = 0

  /** In the order asked. */
  get asks(): ReadonlyArray<Readonly<Entry>> {
    return this.#asks
  }
  /** The synthesis, once it has its turn. */
  get synthesis(): Readonly<Entry> | undefined {
    return this.#synthesis
  }
  /** How many asks have each status. */
  get count(): Readonly<Record<Status, number>> {
    return this.#count
  }
  get total(): number {
    return this.#asks.length
  }
  get answered(): number {
    return this.#count.answered
  }
  get failed(): number {
    return this.#count.failed
  }
  get interrupted(): number {
    return this.#count.interrupted
  }
  get done(): number {
    return this.answered + this.failed + this.interrupted
  }
  /** Requests on their way to Claude, the synthesis's included. */
  get inFlight(): number {
    return this.#inFlight
  }
  /** Of every reply and of every failed attempt that was paid. */
  get usage(): Usage {
    return this.#usage
  }
  /** Estimated; `undefined` as soon as one model has no known price. */
  get costUsd(): number | undefined {
    return this.#unpriced.size === 0 ? this.#costUsd : undefined
  }
  /** Models that made the cost unknown. */
  get unpriced(): ReadonlySet<string> {
    return this.#unpriced
  }
  /** When the first event happened. */
  get startedAt(): number | undefined {
    return this.#startedAt
  }
  /** From the first event to the last: research and synthesis. */
  get durationMillis(): number {
    return this.#lastAt - (this.#startedAt ?? this.#lastAt)
  }
  /** Wall time of the research, until now where it is still under way. */
  get researchMillis(): number {
    return this.#researchMillis ?? this.#lastAt - (this.#startedAt ?? 0)
  }
  /** What the finished asks would have taken one after another: the sum of their own times. */
  get sequentialMillis(): number {
    return this.#sequentialMillis
  }
  /** How many times faster than one after another; `undefined` where no time has passed. */
  get speedUp(): number | undefined {
    return this.researchMillis > 0 ? this.#sequentialMillis / this.researchMillis : undefined
  }

  /** The entry that an event or a piece of streamed text belongs to. */
  of(stamp: Stamp): Readonly<Entry> | undefined {
    return this.#entries.get(keyOf(stamp))
  }

  /** Takes one event in. */
  add(event: Event): void {
    this.#startedAt ??= event.at
    this.#lastAt = event.at
    if (event._tag === "ResearchStarted") {
      for (const { name, question } of event.asks) this.#entry({ ...event, ask: name, part: "ask" }, question)
    } else if (event._tag === "ResearchEnded") this.#researchMillis = event.durationMillis
    else this.#change(this.#entry(event), event)
  }

  #change(entry: Entry, event: Exclude<Event, { readonly _tag: "ResearchStarted" | "ResearchEnded" }>): void {
    if ("attempt" in event) entry.attempt = event.attempt
    const isCopy = "hedge" in event && event.hedge
    if ("message" in event && !isCopy) {
      entry.reason = event.reason
      entry.message = event.message
    }
    switch (event._tag) {
      case "Started":
        entry.question = event.question
        entry.startedAt = event.at
        entry.dispatches = 0
        delete entry.dispatchedAt
        delete entry.fallbacks
        delete entry.durationMillis
        return this.#move(entry, "waiting")
      case "Dispatched":
        entry.dispatchedAt ??= event.at
        entry.dispatches++
        entry.model = event.model
        this.#fly(entry, 1)
        // The state of the ask is that of the original.
        return isCopy ? undefined : this.#move(entry, "asking")
      case "FirstToken":
        return this.#move(entry, "answering")
      case "Replied":
        this.#fly(entry, -1)
        entry.model = event.model
        return this.#pay(entry, event.usage, event.model, event.costUsd)
      case "AttemptFailed":
        this.#fly(entry, -1)
        if (event.usage === undefined) return
        return this.#pay(entry, event.usage, event.model ?? "an unnamed model", event.costUsd)
      case "Retrying":
        entry.retryDelayMillis = event.delayMillis
        entry.retryAt = event.at + event.delayMillis
        return this.#move(entry, "retrying")
      case "Reasked":
        // It begins again with the first model.
        delete entry.fallbacks
        return
      case "FellBack":
        entry.fallbacks = [...(entry.fallbacks ?? []), event]
        return this.#move(entry, "waiting")
      case "Answered":
        entry.model = event.model
        return this.#end(entry, "answered", event.at)
      case "Failed":
        return this.#end(entry, "failed", event.at)
      case "Interrupted":
        return this.#end(entry, "interrupted", event.at)
    }
  }

  #entry(stamp: Stamp, question = ""): Entry {
    const key = keyOf(stamp)
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    const { ask: name, part } = stamp
    const counts = { dispatches: 0, inFlight: 0, attempt: 1, usage: noUsage, costUsd: 0 }
    const entry: Entry = { name, part, question, status: "waiting", ...counts }
    this.#entries.set(key, entry)
    if (part === "synthesis") this.#synthesis = entry
    else {
      this.#asks.push(entry)
      this.#count.waiting++
    }
    return entry
  }

  #move(entry: Entry, status: Status): void {
    if (entry.part === "ask") {
      this.#count[entry.status]--
      this.#count[status]++
    }
    entry.status = status
  }

  #fly(entry: Entry, by: number): void {
    entry.inFlight += by
    this.#inFlight += by
  }

  #end(entry: Entry, status: "answered" | "failed" | "interrupted", at: number): void {
    // An attempt that was stopped on its way tells no end of its own.
    this.#fly(entry, -entry.inFlight)
    entry.durationMillis = at - (entry.dispatchedAt ?? at)
    // How long a stopped ask would have taken is not known.
    if (entry.part === "ask" && status !== "interrupted") this.#sequentialMillis += entry.durationMillis
    this.#move(entry, status)
  }

  #pay(entry: Entry, usage: Usage, model: string, costUsd: number | undefined): void {
    this.#usage = addUsage(this.#usage, usage)
    entry.usage = addUsage(entry.usage, usage)
    entry.costUsd = entry.costUsd === undefined || costUsd === undefined ? undefined : entry.costUsd + costUsd
    if (costUsd === undefined) this.#unpriced.add(model)
    else this.#costUsd += costUsd
  }
}

/** Begins a tally without any event. */
export const make = (): RunState => new RunState()

/** Writes a number with thousands separators. */
export const numberText = (n: number): string => n.toLocaleString("en-US", { maximumFractionDigits: 0 })

/** Writes a number of things: `1 answer`, `1,200 answers`. */
export const plural = (n: number, one: string, many: string): string => `${numberText(n)} ${n === 1 ? one : many}`

/** Writes a time as people say it: `0.9 s`, `12 s`, `2 min 5 s`, `1 h 2 min`. */
export const durationText = (millis: number): string => {
  const tenths = Math.round(Math.max(0, millis) / 100)
  if (tenths < 100) return `${(tenths / 10).toFixed(1)} s`
  const seconds = Math.round(millis / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** Writes US dollars: to the cent from one dollar, to 4 decimals below, small amounts to 2 significant digits. */
export const usdText = (usd: number): string => {
  const digits =
    usd >= 1 || usd === 0
      ? { minimumFractionDigits: 2, maximumFractionDigits: 2 }
      : usd >= 0.001
        ? { minimumFractionDigits: 4, maximumFractionDigits: 4 }
        : { minimumSignificantDigits: 2, maximumSignificantDigits: 2 }
  return `$${usd.toLocaleString("en-US", digits)}`
}

const keyOf = ({ ask, part, run }: Stamp): string => `${run} ${part} ${ask}`
