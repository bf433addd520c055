/** What a journal offers beside where several machines share it: a durable queue of asks, and what other processes have added. */
import type { Effect } from "effect"
import type * as PersistedQueue from "effect/persistence/PersistedQueue"
import type { AskError } from "../claude/AskError.ts"
import type { Event } from "../claude/Event.ts"
import type { Reply } from "../claude/Message.ts"
import type { SharedRegister } from "../scheduling/SharedRegister.ts"
import type { JournalError } from "./JournalError.ts"

/** A turn of an ask, as an item of the queue: its run and entry, the number of the turn, and the key of its messages. */
export interface TurnName {
  readonly run: string
  readonly entry: number
  readonly turn: number
  readonly key: string
}

/** The id of the item: a turn that is offered twice is queued once. */
export const itemOf = ({ entry, key, run, turn }: TurnName): string => `${run}/${entry}/${turn}/${key}`

/** How often an item is given to workers: more than ever happens, as they count themselves how often that was in vain. */
export const maxAttempts = 1_000_000

/** The run that an item belongs to. */
export const runOf = (item: string): string => item.slice(0, item.indexOf("/"))

/** How an item ended: its reply is a turn of the run, or it failed, or nobody waits for it any more. The first end stays. */
export type Outcome =
  | { readonly _tag: "Replied"; readonly reply: Reply; readonly at: number }
  | { readonly _tag: "Failed"; readonly error: AskError }
  | { readonly _tag: "Withdrawn" }

/** An item that has ended. */
export interface Settled {
  readonly item: string
  readonly run: string
  readonly outcome: Outcome
}

/** An item that this process has taken out of the queue; `takes`: how often a worker had it before. */
export interface Claimed {
  readonly item: string
  readonly takes: number
}

/** A moment in the life of a journal, to read what was added since; text that only the journal reads. */
export type Position = string

/** What was added since a position. Events of one ask are in their order, and before the end of the item that they belong to. */
export interface Added {
  /** Those that other processes have added, each once. */
  readonly events: ReadonlyArray<Event>
  readonly settled: ReadonlyArray<Settled>
  readonly position: Position
}

export interface Shared {
  /** Looks after the database, also while nothing else does; fails once it has been away for longer than a journal waits. */
  readonly watch: Effect.Effect<never, JournalError>
  /** By which the processes of the journal share budgets, and the limits of an account. */
  readonly register: SharedRegister
  /** Keeps the items. Takes are leases: those of a process that has died end after a time. */
  readonly queue: typeof PersistedQueue.PersistedQueueStore.Service
  /** Takes items out of the queue that no process has, at most so many: they are not given to a worker any more. */
  readonly claim: (items: ReadonlyArray<string>, max: number) => Effect.Effect<ReadonlyArray<Claimed>, JournalError>
  /** Those of the items that have ended. */
  readonly settled: (items: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<Settled>, JournalError>
  /** Those of the items that nobody waits for, or somebody has answered. */
  readonly unwanted: (items: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<string>, JournalError>
  /**
   * The item that was offered for a turn of such a request by one of these runs, unless it failed or was withdrawn. `key`, and
   * `ordinal`: of the ask's first request.
   */
  readonly offered: (
    request: { readonly key: string; readonly ordinal: number },
    turn: Pick<TurnName, "turn" | "key">,
    runs: ReadonlyArray<string>
  ) => Effect.Effect<string | undefined, JournalError>
  /** Those long texts of requests that the journal has, by their hash. */
  readonly texts: (hashes: ReadonlyArray<string>) => Effect.Effect<ReadonlyMap<string, string>, JournalError>
  readonly position: Effect.Effect<Position, JournalError>
  /** The events that were added to the first of the runs, and the items of all of them that have ended. */
  readonly added: (runs: ReadonlyArray<string>, since: Position) => Effect.Effect<Added, JournalError>
}
