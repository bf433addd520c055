/** The state of one ask, or of the synthesis, folded from its events. No input or output. */
import type { Vote } from "../claude/Call.ts"
import type { BatchEvent, Event, RoundEvent } from "../claude/Event.ts"
import { addUsage, noUsage, type Usage } from "../claude/Message.ts"
import { sumOf } from "../claude/Price.ts"

/**
 * `waiting`: no attempt is in flight; `asking`: an attempt is in flight; `answering`: its first streamed text arrived;
 * `retrying`: it waits out a backoff. The last three are final.
 */
export type Status = "waiting" | "asking" | "answering" | "retrying" | "answered" | "failed" | "interrupted"

/** The model given up, the model asked next, and the tag of the error. */
export interface ModelChange {
  readonly from: string
  readonly to: string
  readonly reason: string
}

/** A reply of an earlier run, `at` a time of this one. */
export interface Reused {
  readonly at: number
  readonly from: string
  readonly paidAt: number
  readonly usage: Usage
  readonly costUsd: number | undefined
}

/** How many votes an ask has, and how many of them have ended. */
export interface Votes {
  readonly count: number
  readonly ended: number
}

/** What the votes agree in, once they are counted. */
export type Voted = Pick<Extract<Event, { readonly _tag: "Voted" }>, "votes" | "answered" | "agreeing" | "fields">

/** Times of day are epoch milliseconds. */
export interface AskState {
  readonly name: string
  readonly part: "ask" | "synthesis"
  question: string
  /** Of a fold in a tree of them: its level, from 1, and the asks that it stands for. */
  fold?: { readonly level: number; readonly asks: ReadonlyArray<string> }
  /** Of the call that looks for what the findings leave open: the round that this is for. */
  round?: number
  /** Of one of several votes: which ask it is of. */
  vote?: Vote
  /** Where it is asked several times: its votes, and, once they are counted, what they agree in. */
  votes?: Votes
  voted?: Voted
  /** Of a comparison: the asks whose answers it reads. */
  compared?: ReadonlyArray<string>
  status: Status
  startedAt?: number
  /** When its first attempt was sent, or, in a batch, when the ask began. */
  dispatchedAt?: number
  /** When its latest attempt was sent. */
  sentAt?: number
  /** Its answer was asked for once more, as it did not fit. */
  isReasked?: boolean
  /** How many requests were sent, hedges included. */
  dispatches: number
  /** How many of them have not ended. */
  inFlight: number
  /** How many were sent again before their end was known, as where the worker that had one died: both may be paid. */
  repeats: number
  /** Number of the attempt in the latest event, from 1. */
  attempt: number
  /** The model that answered; before an answer, the model of the latest request. */
  model?: string
  /** Sum over its replies and its failed attempts that report a usage. */
  usage: Usage
  /** Estimated; `undefined` once one of its models has no known price, or one usage is incomplete. */
  costUsd: number | undefined
  /** From its first dispatch to its end. Queueing before the first dispatch does not count. */
  durationMillis?: number
  /** How much of that it waited for its turn to try again, beyond the backoff: others had the account's limits. */
  heldMillis?: number
  /** Since when none of its requests has been in flight. */
  idleSince?: number
  /** Tag and message of the error of the latest failed attempt, or of the ask. */
  reason?: string
  message?: string
  /** Each change of model, in order. */
  fallbacks?: ReadonlyArray<ModelChange>
  /** The reply that the journal gave in the place of a paid one: which run paid it, when, and how much. */
  reused?: Reused
  /** What is wrong with the marks of the document; absent where they were not checked. */
  cited?: {
    readonly sha256?: string
    readonly statements: number
    readonly faultCount: number
    readonly faults: ReadonlyArray<{ readonly kind: string; readonly message: string }>
  }
  /** The stop reason of its answer, where that is not known. */
  unknownStopReason?: string
  /** Host and process id of the worker that sent its latest request. */
  worker?: string
  /** The latest backoff, and when it ends. */
  retryDelayMillis?: number
  retryAt?: number
}

/** Events that belong to one ask. */
export type AskEvent = Exclude<
  Event,
  | BatchEvent
  | RoundEvent
  | { readonly _tag: "Configured" | "ResearchStarted" | "ResearchEnded" | "Intervened" | "Contradicted" }
>

export const make = (name: string, part: AskState["part"], question: string): AskState => ({
  name,
  part,
  question,
  status: "waiting",
  dispatches: 0,
  inFlight: 0,
  repeats: 0,
  attempt: 1,
  usage: noUsage,
  costUsd: 0
})

/** Whether the ask has not ended. */
export const isOpen = ({ status }: Pick<AskState, "status">): boolean =>
  status !== "answered" && status !== "failed" && status !== "interrupted"

/** Whether its answer is that of an earlier run, and nothing was sent for it. */
export const isReused = ({ dispatches, reused, status }: Readonly<AskState>): boolean =>
  status === "answered" && dispatches === 0 && reused !== undefined

/** Usage and model that an event adds to the cost; `undefined` where it adds none. */
export interface Payment {
  readonly usage: Usage
  readonly model: string
  readonly costUsd: number | undefined
}

/** Adds what an event has paid to what an ask has. */
export const pay = (ask: AskState, payment: Payment | undefined): void => {
  if (payment === undefined) return
  ask.usage = addUsage(ask.usage, payment.usage)
  ask.costUsd = ask.costUsd === undefined || payment.costUsd === undefined ? undefined : ask.costUsd + payment.costUsd
}

/** An answer repeats the usage of its replies, so only replies and failed attempts count. */
export const paymentOf = (event: AskEvent): Payment | undefined => {
  if (event._tag !== "Replied" && event._tag !== "AttemptFailed") return undefined
  const { costUsd, model = "an unnamed model", usage } = event
  return usage === undefined ? undefined : { usage, model, costUsd }
}

/** Changes the state of the ask by one of its events. */
export const apply = (ask: AskState, event: AskEvent): void => {
  if (event._tag === "Dispatched" && ask.inFlight > 0 && event.hedge !== true && event.attempt === ask.attempt)
    ask.repeats++
  if ("attempt" in event) ask.attempt = event.attempt
  const isHedge = "hedge" in event && event.hedge
  if ("message" in event && !isHedge) {
    ask.reason = event.reason
    ask.message = event.message
  }
  pay(ask, paymentOf(event))
  switch (event._tag) {
    case "Started":
      ask.question = event.question
      if (event.fold !== undefined) ask.fold = event.fold
      if (event.vote !== undefined) ask.vote = event.vote
      if (event.round !== undefined) ask.round = event.round
      delete ask.votes
      delete ask.voted
      if (event.compared !== undefined) ask.compared = event.compared
      ask.status = "waiting"
      ask.startedAt = event.at
      ask.dispatches = 0
      delete ask.dispatchedAt
      delete ask.sentAt
      delete ask.isReasked
      delete ask.fallbacks
      delete ask.unknownStopReason
      delete ask.durationMillis
      delete ask.heldMillis
      delete ask.idleSince
      delete ask.reused
      return
    case "Dispatched":
      // In a batch it has been under way since it began.
      ask.dispatchedAt ??= event.batched === true ? (ask.startedAt ?? event.at) : event.at
      if (event.batched !== true) addHeld(ask, event.at)
      delete ask.idleSince
      ask.sentAt = event.at
      ask.dispatches++
      ask.inFlight++
      ask.model = event.model
      if (event.worker === undefined) delete ask.worker
      else ask.worker = event.worker
      // The status of an ask is that of its original request, not of a hedge.
      if (!isHedge) ask.status = "asking"
      return
    case "FirstToken":
      ask.status = "answering"
      return
    case "Replied":
      endAttempt(ask, event.at)
      ask.model = event.model
      if (event.declined !== undefined) ask.fallbacks = [...(ask.fallbacks ?? []), ...afterDeclining(event)]
      return
    case "AttemptFailed":
      endAttempt(ask, event.at)
      return
    case "Reused":
      ask.model = event.model
      ask.reused = reusedAfter(ask.reused, event)
      return
    case "Retrying":
      ask.status = "retrying"
      ask.retryDelayMillis = event.delayMillis
      ask.retryAt = event.at + event.delayMillis
      return
    case "Reasked":
      ask.isReasked = true
      // A re-ask starts with the first model again.
      delete ask.fallbacks
      return
    case "FellBack":
      ask.status = "waiting"
      ask.fallbacks = [...(ask.fallbacks ?? []), event]
      return
    case "Cited":
      ask.cited = event
      return
    case "Voted":
      ask.voted = event
      return
    case "UnknownStopReason":
      ask.unknownStopReason = event.stopReason
      return
    case "Answered":
      ask.model = event.model
      return end(ask, "answered", event.at)
    case "Failed":
      return end(ask, "failed", event.at)
    case "Interrupted":
      return end(ask, "interrupted", event.at)
  }
}

/** An ask may take over several replies: a misfit and its correction, the parts of a paused turn. */
export const reusedAfter = (
  before: Reused | undefined,
  { at, costUsd, from, paidAt, usage }: Extract<Event, { readonly _tag: "Reused" }>
): Reused => {
  if (before === undefined) return { at, from, paidAt, usage, costUsd }
  return { at, from, paidAt, usage: addUsage(before.usage, usage), costUsd: sumOf([before.costUsd, costUsd]) }
}

/** The changes of model that the API made within one request. */
export const afterDeclining = ({ declined = [], model }: Extract<Event, { readonly _tag: "Replied" }>) =>
  declined.map(({ model: from }, index): ModelChange => ({
    from,
    to: declined[index + 1]?.model ?? model,
    reason: "Refused"
  }))

const endAttempt = (ask: AskState, at: number): void => {
  ask.inFlight--
  if (ask.inFlight <= 0) ask.idleSince = at
}

/** Adds what it has waited, none of its requests in flight, when its backoff was over. */
const addHeld = (ask: AskState, at: number): void => {
  const { heldMillis = 0, idleSince, retryAt = 0 } = ask
  if (idleSince === undefined) return
  const millis = at - Math.max(idleSince, retryAt)
  if (millis > 0) ask.heldMillis = heldMillis + millis
}

const end = (ask: AskState, status: "answered" | "failed" | "interrupted", at: number): void => {
  ask.status = status
  if (status !== "answered") addHeld(ask, at)
  // An attempt that is interrupted in flight emits no event of its end.
  ask.inFlight = 0
  ask.durationMillis = at - (ask.dispatchedAt ?? at)
}
