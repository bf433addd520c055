/** The state of a run, folded from its events: the state of every ask, and the run's counts, usage, cost and times. */
import { type Event, isBatchEvent, isRoundEvent } from "../claude/Event.ts"
import type { Contradiction } from "../claude/Contradiction.ts"
import type { Intervention } from "../claude/Intervention.ts"
import { addUsage, noUsage, type Usage } from "../claude/Message.ts"
import { sumOf } from "../claude/Price.ts"
import { aloneMillis } from "./AloneTime.ts"
import * as AskState from "./AskState.ts"
import { BatchStates } from "./BatchState.ts"
import { type Round, RoundStates } from "./RoundState.ts"
import * as VoteState from "./VoteState.ts"

/** What the user has changed of the run, and when, in epoch milliseconds. */
export interface Intervened {
  readonly at: number
  readonly intervention: Intervention
}

type Stamp = Pick<Event, "run" | "ask" | "part">

/** Each event changes it in place: a copy for each event of thousands of asks would cost quadratic time. */
export class RunState {
  readonly #asks: Array<AskState.AskState> = []
  readonly #byKey = new Map<string, AskState.AskState>()
  readonly #unpriced = new Set<string>()
  #reused = 0
  #savedUsd: number | undefined = 0
  /** How many asks there are, where they are not listed. The state of each is then forgotten after its end. */
  #rows: number | undefined
  /** The key of the ask that ended last, whose state is still looked at. */
  #ended: string | undefined
  readonly #count: Record<AskState.Status, number> = {
    waiting: 0,
    asking: 0,
    answering: 0,
    retrying: 0,
    answered: 0,
    failed: 0,
    interrupted: 0
  }
  readonly #interventions: Array<Intervened> = []
  /** The Message Batches of the run. */
  readonly batches = new BatchStates()
  #synthesis: AskState.AskState | undefined
  readonly #folds: Array<AskState.AskState> = []
  readonly #lookings: Array<AskState.AskState> = []
  readonly #rounds = new RoundStates()
  readonly #comparisons: Array<AskState.AskState> = []
  readonly #contradictions: Array<Contradiction> = []
  #usage: Usage = noUsage
  #costUsd = 0
  #inFlight = 0
  #repeats = 0
  #sequentialMillis = 0
  #startedAt: number | undefined
  #researchMillis: number | undefined
  #lastAt = 0
  #settings: Readonly<Record<string, string>> | undefined
  #concurrency: number | "unbounded" | undefined

  /** In the order of the plan; of rows those that have not ended. */
  get asks(): ReadonlyArray<Readonly<AskState.AskState>> {
    return this.#rows === undefined
      ? this.#asks
      : [...this.#byKey.values()].filter(
          ({ part, round, vote }) => part === "ask" && vote === undefined && round === undefined
        )
  }
  /** `undefined` before the first event of the synthesis. */
  get synthesis(): Readonly<AskState.AskState> | undefined {
    return this.#synthesis
  }
  /** What plan and flags set, as text by plan key; `undefined` of a program. */
  get settings(): Readonly<Record<string, string>> | undefined {
    return this.#settings
  }
  /** How many asks may be under way at once now; `undefined` before the research. */
  get concurrency(): number | "unbounded" | undefined {
    return this.#concurrency
  }
  /** Whether its asks are made of rows, and not listed. */
  get isOfRows(): boolean {
    return this.#rows !== undefined
  }
  /** Whether the research has begun, and has not ended. */
  get isAsking(): boolean {
    return this.#concurrency !== undefined && this.#researchMillis === undefined
  }
  /** In the order in which they were made. */
  get interventions(): ReadonlyArray<Intervened> {
    return this.#interventions
  }
  /** The folds that the document is made of where it is a tree, in the order of their start. */
  get folds(): ReadonlyArray<Readonly<AskState.AskState>> {
    return this.#folds
  }
  /** The calls that have looked for what the findings leave open, in their order. */
  get lookings(): ReadonlyArray<Readonly<AskState.AskState>> {
    return this.#lookings
  }
  /** The rounds after the first, in their order. */
  get rounds(): ReadonlyArray<Round> {
    return this.#rounds.all
  }
  /** The comparisons of answers that Claude has made, in the order of their start. */
  get comparisons(): ReadonlyArray<Readonly<AskState.AskState>> {
    return this.#comparisons
  }
  /** What the answers contradict each other in. */
  get contradictions(): ReadonlyArray<Contradiction> {
    return this.#contradictions
  }
  /** The asks whose answers could not be compared. */
  get uncompared(): ReadonlyArray<string> {
    return this.#comparisons.flatMap(({ compared = [], status }) => (status === "failed" ? compared : []))
  }
  /** How many asks have each status. */
  get count(): Readonly<Record<AskState.Status, number>> {
    return this.#count
  }
  get total(): number {
    return this.#rows ?? this.#asks.length
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
  /** How many asks have ended. */
  get done(): number {
    return this.answered + this.failed + this.interrupted
  }
  /** Requests that were sent and have not ended, those of the synthesis included. */
  get inFlight(): number {
    return this.#inFlight
  }
  /** Calls that were sent again before their end was known, as where a worker died: they may be paid twice. */
  get repeats(): number {
    return this.#repeats
  }
  /** Sum over all replies and all failed attempts that report a usage. */
  get usage(): Usage {
    return this.#usage
  }
  /** Estimated; `undefined` once one model has no known price, or one usage is incomplete. */
  get costUsd(): number | undefined {
    return this.#unpriced.size === 0 && this.#usage.isIncomplete !== true ? this.#costUsd : undefined
  }
  /** How many asks, as `answered` counts them, have an answer of an earlier run: nothing was sent for them. */
  get reused(): number {
    return this.#reused
  }
  /** What all that is of earlier runs would have cost again, the synthesis included, estimated; `undefined` where one has no known price. */
  get savedUsd(): number | undefined {
    return this.#savedUsd
  }
  /** Models without a known price that used tokens. */
  get unpriced(): ReadonlySet<string> {
    return this.#unpriced
  }
  /** Epoch milliseconds of the first event. */
  get startedAt(): number | undefined {
    return this.#startedAt
  }
  /** From the first event to the latest: research and synthesis. */
  get durationMillis(): number {
    return this.#lastAt - (this.#startedAt ?? this.#lastAt)
  }
  /** Wall time of the research; until it has ended, from the first event to the latest. */
  get researchMillis(): number {
    return this.#researchMillis ?? this.#lastAt - (this.#startedAt ?? 0)
  }
  /** The time of the answered and failed asks one after another: the sum of their attempts and backoffs. */
  get sequentialMillis(): number {
    return this.#sequentialMillis
  }
  /** `sequentialMillis` ÷ `researchMillis`; `undefined` before any time has passed. */
  get speedUp(): number | undefined {
    return this.researchMillis > 0 ? this.#sequentialMillis / this.researchMillis : undefined
  }

  /** The ask, or the synthesis, that an event or a piece of streamed text belongs to. */
  of(stamp: Stamp): Readonly<AskState.AskState> | undefined {
    return this.#byKey.get(keyOf(stamp))
  }

  add(event: Event): void {
    if (event._tag === "Configured") {
      this.#settings = event.settings
      return
    }
    this.#startedAt ??= event.at
    this.#lastAt = event.at
    if (isBatchEvent(event)) this.batches.add(event)
    else if (event._tag === "Intervened") {
      this.#interventions.push(event)
      if (event.intervention._tag === "RaiseConcurrency") this.#concurrency = event.intervention.concurrency
    } else if (event._tag === "Contradicted") {
      const { foundBy, statements, subject } = event
      this.#contradictions.push({ subject, statements, foundBy })
    } else if (event._tag === "ResearchStarted") {
      this.#concurrency = event.concurrency
      this.#rows = event.rows
      for (const { name, question } of event.asks) this.#ask({ ...event, ask: name, part: "ask" }, question)
    } else if (event._tag === "ResearchEnded") {
      // A run with rounds has a research for each.
      this.#researchMillis = (this.#rounds.all.length > 0 ? (this.#researchMillis ?? 0) : 0) + event.durationMillis
    } else if (isRoundEvent(event)) this.#rounds.add(event)
    else if (this.#isLate(event)) {
      const payment = AskState.paymentOf(event)
      if (payment !== undefined) this.#pay(payment)
    } else this.#apply(this.#ask(event, "", event._tag === "Started" ? event : undefined), event)
  }

  #apply(ask: AskState.AskState, event: AskState.AskEvent): void {
    if (this.#rows !== undefined) this.#forgetEnded(ask, event)
    const { inFlight, repeats, status } = ask
    AskState.apply(ask, event)
    this.#inFlight += ask.inFlight - inFlight
    this.#repeats += ask.repeats - repeats
    if (event._tag === "Answered" && ask.vote === undefined && AskState.isReused(ask)) {
      if (ask.part === "ask" && ask.round === undefined) this.#reused++
      this.#savedUsd = sumOf([this.#savedUsd, ask.reused?.costUsd])
    }
    const payment = AskState.paymentOf(event)
    if (payment !== undefined) this.#pay(payment)
    if (ask.part === "synthesis" || ask.round !== undefined) return
    if (ask.vote !== undefined) return this.#addVote({ ...event, ask: ask.vote.of }, event, ask.inFlight - inFlight)
    this.#count[status]--
    this.#count[ask.status]++
    // How long an interrupted ask would have taken is unknown.
    if (event._tag === "Answered" || event._tag === "Failed") this.#sequentialMillis += aloneMillis(ask)
  }

  #addVote(of: Stamp, event: AskState.AskEvent, inFlight: number): void {
    const ask = this.#byKey.get(keyOf(of))
    if (ask === undefined) return
    const { status } = ask
    VoteState.apply(ask, event, inFlight)
    this.#count[status]--
    this.#count[ask.status]++
  }

  /** Whether an attempt has ended after its ask, whose state is forgotten, as that of a second copy does. */
  #isLate(event: AskState.AskEvent): boolean {
    const isEnd = event._tag === "Replied" || event._tag === "AttemptFailed"
    return this.#rows !== undefined && isEnd && !this.#byKey.has(keyOf(event))
  }

  #forgetEnded(ask: AskState.AskState, event: AskState.AskEvent): void {
    if (this.#ended !== undefined) this.#byKey.delete(this.#ended)
    const isEnd = event._tag === "Answered" || event._tag === "Failed" || event._tag === "Interrupted"
    this.#ended = isEnd && ask.part === "ask" ? keyOf(event) : undefined
  }

  #pay({ costUsd, model, usage }: AskState.Payment): void {
    this.#usage = addUsage(this.#usage, usage)
    if (costUsd !== undefined) this.#costUsd += costUsd
    else if (usage.isIncomplete !== true) this.#unpriced.add(model)
  }

  /** Finds the state of an ask, or creates it. */
  #ask(stamp: Stamp, question = "", started?: Pick<AskState.AskState, "vote" | "round">): AskState.AskState {
    const key = keyOf(stamp)
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    const ask = AskState.make(stamp.ask, stamp.part, question)
    this.#byKey.set(key, ask)
    if (started?.vote !== undefined) ask.vote = started.vote
    else if (started?.round !== undefined) {
      ask.round = started.round
      this.#lookings.push(ask)
    } else if (ask.part === "synthesis" && ask.name.startsWith("comparison.")) this.#comparisons.push(ask)
    else if (ask.part === "synthesis" && ask.name !== "synthesis") this.#folds.push(ask)
    else if (ask.part === "synthesis") this.#synthesis = ask
    else {
      if (this.#rows === undefined) this.#asks.push(ask)
      this.#count.waiting++
    }
    return ask
  }
}

/** Creates the state of a run without any event. */
export const make = (): RunState => new RunState()

/** Folds events. */
export const of = (events: ReadonlyArray<Event>): RunState => {
  const state = make()
  for (const event of events) state.add(event)
  return state
}

const keyOf = ({ ask, part, run }: Stamp): string => `${run} ${part} ${ask}`
