/** Everything that happens to an ask, as versioned data. Progress, report and costs are folds of these events. */
import { Context, Effect, Result, Schema } from "effect"
import * as BatchEvent from "./BatchEvent.ts"
import * as Call from "./Call.ts"
import { Configured } from "./Configured.ts"
import { Contradiction } from "./Contradiction.ts"
import { stamp, version } from "./EventStamp.ts"
import { Intervened } from "./Intervention.ts"
import { Declined, type Reply, type Request, Usage } from "./Message.ts"
import { Policy } from "../options/Policy.ts"
import { type AnyFiber, nowMillis } from "../scheduling/FiberClock.ts"
import * as Price from "./Price.ts"
import * as RoundEvent from "./RoundEvent.ts"

export * from "./BatchEvent.ts"
export { isRoundEvent, type RoundEvent, RoundFailed, RoundPlanned } from "./RoundEvent.ts"
export { version } from "./EventStamp.ts"
export { Configured } from "./Configured.ts"
export { Intervened } from "./Intervention.ts"

const failure = { reason: Schema.String, message: Schema.String }

/** What an attempt cost in USD, estimated from list prices or those a user stated; absent where no price, or not the usage, is known. */
const costUsd = Schema.optionalKey(Schema.Finite)

/** The attempt is, or was, a second copy of a slow one. */
const hedge = Schema.optionalKey(Schema.Boolean)

/** Research begins; `asks` in the order asked. Where they are made of rows while they are sent, they are not listed. */
export const ResearchStarted = Schema.TaggedStruct("ResearchStarted", {
  ...stamp,
  asks: Schema.Array(Schema.Struct({ name: Schema.String, question: Schema.String })),
  /** How many asks there are, where they are not listed. */
  rows: Schema.optionalKey(Schema.Int),
  policy: Policy,
  concurrency: Schema.Union([Schema.Int, Schema.Literal("unbounded")])
})
/** Research is over, one way or the other. */
export const ResearchEnded = Schema.TaggedStruct("ResearchEnded", {
  ...stamp,
  answered: Schema.Int,
  failed: Schema.Int,
  interrupted: Schema.Int,
  durationMillis: Schema.Finite
})
/** An ask (or the synthesis) begins; its request may still be queued. */
export const Started = Schema.TaggedStruct("Started", {
  ...stamp,
  question: Schema.String,
  /** Of a fold in a tree of them: its level, from 1, and the asks that it stands for. */
  fold: Schema.optionalKey(Schema.Struct({ level: Schema.Int, asks: Schema.Array(Schema.String) })),
  /** Of the call that looks for what the findings leave open: the round that this is for. */
  round: Schema.optionalKey(Schema.Int),
  /** Of one of several votes of an ask. */
  vote: Schema.optionalKey(Call.Vote),
  /** Of a comparison: the asks whose answers it reads. */
  compared: Schema.optionalKey(Schema.Array(Schema.String))
})
/** An attempt left for Claude. */
export const Dispatched = Schema.TaggedStruct("Dispatched", {
  ...stamp,
  attempt: Schema.Int,
  model: Schema.String,
  hedge,
  /** Its result was there already, in a Message Batch. */
  batched: Schema.optionalKey(Schema.Boolean),
  /** How long layers held it back, just before it left; absent where none did. */
  waited: Schema.optionalKey(Call.Waited),
  /** Host and process id of the worker that sent it; absent where the run itself did. */
  worker: Schema.optionalKey(Schema.String)
})
/** The first piece of a streamed answer arrived. */
export const FirstToken = Schema.TaggedStruct("FirstToken", { ...stamp, attempt: Schema.Int })
/** An attempt brought a reply, which is paid. */
export const Replied = Schema.TaggedStruct("Replied", {
  ...stamp,
  attempt: Schema.Int,
  model: Schema.String,
  stopReason: Schema.NullOr(Schema.String),
  usage: Usage,
  costUsd,
  /** The models that declined before `model` answered, in the same attempt; `usage` and `costUsd` have theirs too. */
  declined: Schema.optionalKey(Schema.Array(Declined)),
  requestId: Schema.optionalKey(Schema.String),
  durationMillis: Schema.Finite,
  hedge
})
/** An attempt failed; `usage` where some was paid all the same, `estimated` where the API did not report how much. */
export const AttemptFailed = Schema.TaggedStruct("AttemptFailed", {
  ...stamp,
  ...failure,
  model: Schema.optionalKey(Schema.String),
  usage: Schema.optionalKey(Usage),
  costUsd,
  estimated: Schema.optionalKey(Schema.Boolean),
  attempt: Schema.Int,
  durationMillis: Schema.Finite,
  hedge
})
/** A reply was taken from the journal, where the run `from` has paid it at `paidAt` (epoch milliseconds): nothing was sent. */
export const Reused = Schema.TaggedStruct("Reused", {
  ...stamp,
  model: Schema.String,
  /** What it used then, and would have cost again. */
  usage: Usage,
  costUsd,
  declined: Schema.optionalKey(Schema.Array(Declined)),
  paidAt: Schema.Finite,
  from: Schema.String
})
/** Another attempt follows after `delayMillis`. */
export const Retrying = Schema.TaggedStruct("Retrying", {
  ...stamp,
  ...failure,
  attempt: Schema.Int,
  delayMillis: Schema.Finite
})
/** Retrying is over for the model `from`, or it declined (`Refused`), and the ask goes on with the model `to`. */
export const FellBack = Schema.TaggedStruct("FellBack", {
  ...stamp,
  ...failure,
  from: Schema.String,
  to: Schema.String
})
/** Claude paused its turn, which is sent back to be continued; `turn` from 1. */
export const Continued = Schema.TaggedStruct("Continued", { ...stamp, turn: Schema.Int })
/** The answer did not fit its schema, or was empty, so it is asked for once more, with the issue. */
export const Reasked = Schema.TaggedStruct("Reasked", { ...stamp, issue: Schema.String })
/**
 * The marks of a document, by which its statements name the asks they rest on, were checked. `faults`: the first of what is wrong with
 * them, also after a second try.
 */
export const Cited = Schema.TaggedStruct("Cited", {
  ...stamp,
  /** SHA-256 of the text that is delivered, in hexadecimal digits: the first, or that of the second try. */
  sha256: Schema.optionalKey(Schema.String),
  statements: Schema.Int,
  faultCount: Schema.Int,
  faults: Schema.Array(Schema.Struct({ kind: Schema.String, message: Schema.String }))
})
/** The votes of an ask have come, and were counted; `fields`: of data, how many agree in each. */
export const Voted = Schema.TaggedStruct("Voted", {
  ...stamp,
  votes: Schema.Int,
  answered: Schema.Int,
  agreeing: Schema.Int,
  fields: Schema.optionalKey(Schema.Record(Schema.String, Schema.Int))
})
/** Answers contradict each other; the synthesis, whose event it is, is told to settle it. */
export const Contradicted = Schema.TaggedStruct("Contradicted", { ...stamp, ...Contradiction.fields })
/** The answer ended with a stop reason that fanfold does not know. It is taken for a complete answer. */
export const UnknownStopReason = Schema.TaggedStruct("UnknownStopReason", {
  ...stamp,
  stopReason: Schema.String,
  model: Schema.String
})
/** The ask has its answer; `usage` of all its replies. */
export const Answered = Schema.TaggedStruct("Answered", {
  ...stamp,
  model: Schema.String,
  usage: Usage,
  durationMillis: Schema.Finite
})
/** The ask ended without an answer; `reason` is that of its `AskError`, or `Defect` where code died. */
export const Failed = Schema.TaggedStruct("Failed", { ...stamp, ...failure, durationMillis: Schema.Finite })
/** The ask was stopped: by the user, by a sibling's failure, or because enough answers were there. */
export const Interrupted = Schema.TaggedStruct("Interrupted", { ...stamp, durationMillis: Schema.Finite })

export const Event = Schema.Union([
  Configured,
  ResearchStarted,
  ResearchEnded,
  Started,
  Dispatched,
  FirstToken,
  Replied,
  AttemptFailed,
  Reused,
  Retrying,
  FellBack,
  Continued,
  Reasked,
  Cited,
  Voted,
  Contradicted,
  UnknownStopReason,
  Answered,
  Failed,
  Interrupted,
  Intervened,
  ...BatchEvent.all,
  ...RoundEvent.all
])
export type Event = typeof Event.Type

/** A piece of streamed text, for live display only: it is no event and is not stored. */
export interface Delta {
  readonly run: string
  readonly ask: string
  readonly part: "ask" | "synthesis"
  readonly text: string
}

/**
 * What an event is about and does not hold: the request of `Dispatched`, the reply of `Replied` and `Reused`. Handed to listeners
 * with the event, and never stored with it. Absent where another process has made the attempt.
 */
export interface Content {
  readonly request?: Request
  readonly reply?: Reply
  /** The answer comes as a stream. */
  readonly isStreamed?: boolean
}

/**
 * Receives the events of a run, each with its content where that is at hand. `emit` is awaited. Where `delta` is given, answers are streamed and their text is passed to
 * it. A defect of `emit` is logged and fails no call; later events are emitted all the same. `emit` must end: a call waits
 * for it, and cannot be interrupted while the event of an attempt is emitted.
 */
export interface Listener {
  readonly emit: (event: Event, content?: Content) => Effect.Effect<void>
  readonly delta?: ((delta: Delta) => void) | undefined
}

const silent: Listener = { emit: () => Effect.void }

/** The listener of the calls made with it; none by default. */
export const Listener = Context.Reference<Listener>("fanfold/claude/Event/Listener", { defaultValue: () => silent })

/** Keeps the events of a run. Awaited before the listener gets an event, and must not fail. */
export type Recorder = (event: Event) => Effect.Effect<void>

/** The recorder of the calls made with it, beside their listener, which code may replace; none by default. */
export const Recorder = Context.Reference<Recorder | undefined>("fanfold/claude/Event/Recorder", {
  defaultValue: () => undefined
})

/** The events of the unfinished runs with batches that the current one goes on with, the oldest first; none without a journal. */
export const History = Context.Reference<Effect.Effect<ReadonlyArray<Event>>>("fanfold/claude/Event/History", {
  defaultValue: () => Effect.succeed([])
})

/** Whether anything receives the events of the fiber's calls. */
export const isListening = (fiber: AnyFiber): boolean =>
  fiber.getRef(Listener) !== silent || fiber.getRef(Recorder) !== undefined

type Fields<E> = E extends Event ? Omit<E, keyof typeof stamp> : never

/** Stamps an event with the time, the current call and what an attempt cost, and passes it to the listener. */
export const emit = (fields: Fields<Event>, content?: Content): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    if (!isListening(fiber)) return Effect.void
    const listener = fiber.getRef(Listener)
    const recorder = fiber.getRef(Recorder)
    const { ask, part, run } = fiber.getRef(Call.Current)
    const at = nowMillis(fiber)
    const costUsd = costOf(fields, fiber.getRef(Price.Overrides))
    const stamped = (
      costUsd === undefined
        ? { ...fields, version, at, run, ask, part }
        : { ...fields, costUsd, version, at, run, ask, part }
    ) as Event
    if (recorder === undefined) return hear(listener, stamped, content)
    return listener === silent ? recorder(stamped) : Effect.andThen(recorder(stamped), hear(listener, stamped, content))
  })

/** Passes a stamped event to a listener, whose defect is logged. */
export const hear = (listener: Listener, event: Event, content?: Content): Effect.Effect<void> =>
  Effect.catchDefect(
    Effect.suspend(() => listener.emit(event, content)),
    report
  )

const costOf = (fields: Fields<Event>, stated: Price.Prices): number | undefined => {
  if (fields._tag !== "Replied" && fields._tag !== "AttemptFailed" && fields._tag !== "Reused") return undefined
  if (fields.usage === undefined || fields.model === undefined) return undefined
  const declined = fields._tag === "AttemptFailed" ? undefined : fields.declined
  return Price.usdOf(fields.model, fields.usage, stated, declined)
}

/** Hands the text of one answer to a listener's `delta`. Stops after its first exception, and logs that once. */
export const deltaSender = ({ delta }: Listener, fiber: AnyFiber): ((delta: Delta) => void) => {
  let isWanted = delta !== undefined
  return (piece) => {
    if (!isWanted) return
    const sent = Result.try(() => delta?.(piece))
    if (Result.isSuccess(sent)) return
    isWanted = false
    Effect.runForkWith(fiber.context)(report(sent.failure))
  }
}

const report = (thrown: unknown): Effect.Effect<void> =>
  Effect.logError("An event listener failed; the run goes on", thrown)
