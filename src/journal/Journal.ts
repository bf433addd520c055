/** The journal: what every run asked, paid and was answered, kept so that nothing is bought twice. One service, several homes. */
import { Context, Effect, Random, type Scope } from "effect"
import type { Event } from "../claude/Event.ts"
import type { Reply } from "../claude/Message.ts"
import type { JournalError } from "./JournalError.ts"
import type { Replied } from "./Replies.ts"
import type { KeyedRequest } from "./RequestKey.ts"
import type { Outcome, Shared } from "./Shared.ts"

export { JournalError } from "./JournalError.ts"

/** The source of simulated answers, whose batches end with the process that has made them. */
export const simulated = "simulated"

/** What a run is, before anything of it is asked. Times are epoch milliseconds. */
export interface NewRun {
  readonly id: string
  /** What it runs: the path of a plan; empty for a program. Runs of the same plan go on with each other's answers. */
  readonly plan: string
  /** Who answers: a base URL, or another word for what stands in its place. Answers of another source are never reused. */
  readonly source: string
  readonly at: number
}

/** 64 random bits: unique among the runs of a journal. */
export const newRunId = Effect.map(
  Effect.all([Random.nextIntBetween(0, 2 ** 32), Random.nextIntBetween(0, 2 ** 32)]),
  (parts) => parts.map((part) => part.toString(36).padStart(7, "0")).join("")
)

/** A run that has begun in this process. */
export interface BegunRun extends NewRun {
  /** Ids of the unfinished runs of the same plan and source that it goes on with, the latest first. */
  readonly resumed: ReadonlyArray<string>
}

/** Names a request among the asks of a run: its key, and how many equal ones precede it. */
export const requestName = (key: string, ordinal: number): string => `${key} ${ordinal}`

/** What unfinished runs have brought and cost. */
export interface Progress {
  /** The requests of the asks with an answer, each as `requestName` names it; without the synthesis. */
  readonly answered: ReadonlySet<string>
  /** The replies that are priced; `undefined` where one is not. */
  readonly costUsd: number | undefined
  /** Requests that left and whose end is not known: they may have been paid. */
  readonly inFlight: ReadonlyArray<InFlight>
}

/** `request`: of its ask, as `requestName` names it. */
export interface InFlight {
  readonly ask: string
  readonly part: "ask" | "synthesis"
  readonly request: string
}

/** Of which runs answers are reused: those of `runs`, and what was answered in any run since a time. */
export interface Reusable {
  readonly source: string
  readonly runs: ReadonlyArray<string>
  /** Epoch milliseconds; `undefined` where only `runs` count. */
  readonly since: number | undefined
}

/** One turn that was answered: the key of its messages, and the reply. */
export interface Turn {
  readonly key: string
  readonly reply: Reply
  readonly at: number
}

/** An ask of an earlier run that has its answer, or was on its way to it. */
export interface Known {
  /** Where its turns are. */
  readonly run: string
  readonly entry: number
  readonly turns: ReadonlyArray<Turn>
}

/** A line of the journal. An entry is one ask of a run, numbered from 0; nothing of it is ever changed. */
export type Row =
  | {
      readonly _tag: "Entry"
      readonly entry: number
      readonly ask: string
      readonly part: "ask" | "synthesis"
      readonly request: KeyedRequest
      /** From 0, among the run's entries with the same key. */
      readonly ordinal: number
      readonly at: number
      /** The entry whose turns it takes over. */
      readonly known: Pick<Known, "run" | "entry"> | undefined
    }
  | ({ readonly _tag: "Turn"; readonly entry: number; readonly turn: number } & Turn)
  | {
      readonly _tag: "End"
      readonly entry: number
      readonly at: number
      /** `stopped`: it failed for another reason than its replies, which may still lead to its answer. */
      readonly state: "answered" | "failed" | "stopped"
    }
  | { readonly _tag: "Event"; readonly event: Event }
  /** An item of the queue has ended. `Replied` follows the turn with its reply. Only where the journal is `Shared`. */
  | { readonly _tag: "Settled"; readonly item: string; readonly outcome: Settling; readonly at: number }

/** How an item ends, without the reply, which is a turn. */
export type Settling =
  | { readonly _tag: "Replied"; readonly entry: number; readonly turn: number }
  | Exclude<Outcome, { readonly _tag: "Replied" }>

/** How a run ended. One that failed, was interrupted or killed has no end, and the next run of its plan goes on with it. */
export type RunEnd = "ended" | "resumed"

/** A run in a list; counts are of the latest end of each ask. */
export interface RunSummary extends NewRun {
  readonly end: RunEnd | undefined
  /** A process has it open. */
  readonly isLive: boolean
  readonly answered: number
  readonly failed: number
  readonly entries: number
}

/** A place among the events of a run, from which to read on; text that only the journal reads. */
export type EventPosition = string

/** What was added to a run, in order. `end` and `isLive` are older than the events: where no process has it open, they are all there. */
export interface Followed extends Pick<RunSummary, "end" | "isLive"> {
  readonly events: ReadonlyArray<Event>
  readonly position: EventPosition
}

/** Which runs are forgotten: those that began before a time, then the oldest while all take more room. The latest one stays. */
export interface TrimLimits {
  /** Epoch milliseconds; `undefined` where age does not matter. */
  readonly before: number | undefined
  readonly maxBytes: number
}

export class Journal extends Context.Service<
  Journal,
  {
    /** Where it is, for messages. */
    readonly place: string
    /** Where other machines may add to it, and answer its asks. */
    readonly shared?: Shared
    /**
     * Begins a run, which is open until the scope closes. Two processes never go on with the same unfinished run. Gives the run of
     * another process instead where one of the same plan is open and `isAlone` is set.
     */
    readonly begin: (
      run: NewRun,
      options: { readonly resume: boolean; readonly isAlone: boolean }
    ) => Effect.Effect<BegunRun | { readonly open: RunSummary }, JournalError, Scope.Scope>
    /** The unfinished runs that no process has open, of a plan and source, the latest first. Locks nothing. */
    readonly unfinished: (plan: string, source: string) => Effect.Effect<ReadonlyArray<string>, JournalError>
    /** What runs have brought and cost together. */
    readonly progress: (runs: ReadonlyArray<string>) => Effect.Effect<Progress, JournalError>
    /** The answer of a request, and the nth of equal ones, if it is there. */
    readonly find: (key: string, ordinal: number, from: Reusable) => Effect.Effect<Known | undefined, JournalError>
    /** Takes rows of a run, to be kept in this order, soon. */
    readonly add: (run: string, rows: ReadonlyArray<Row>) => void
    /** Ends when all rows that were taken outlive this process. Once failed, it always fails. */
    readonly written: Effect.Effect<void, JournalError>
    /** The same, with each reply among them surviving a loss of power. */
    readonly kept: Effect.Effect<void, JournalError>
    /** Ends a run, and the unfinished ones that it went on with. */
    readonly end: (run: BegunRun, at: number) => Effect.Effect<void, JournalError>
    /** All runs, the latest first. */
    readonly runs: Effect.Effect<ReadonlyArray<RunSummary>, JournalError>
    /** The events of a run, in order. `batches`: none of a run that has no batch, as one of many rows has a million events. */
    readonly events: (run: string, only?: "batches") => Effect.Effect<ReadonlyArray<Event>, JournalError>
    /** The events that were added to a run since a position; all of them where none is given. */
    readonly follow: (run: string, since?: EventPosition) => Effect.Effect<Followed, JournalError>
    /**
     * The reply that each ask of a run has had last, in the order in which they were asked; also where another run has paid it.
     * `asks`: of these alone, by their names.
     */
    readonly replies: (run: string, asks?: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<Replied>, JournalError>
    /**
     * Forgets runs, and what no other run needs; gives those that it has forgotten. A run that a process has open stays, and so
     * do the unfinished ones that it goes on with.
     */
    readonly forget: (runs: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<string>, JournalError>
    /** Forgets what is beyond the limits, likewise, but in a short time: remnants may be readable until their room is used. */
    readonly trim: (limits: TrimLimits) => Effect.Effect<ReadonlyArray<string>, JournalError>
    /** How much room it takes. */
    readonly bytes: Effect.Effect<number, JournalError>
  }
>()("fanfold/journal/Journal") {}
