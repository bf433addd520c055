/** The Message Batches of the API: requests that are answered within a day, at half the price. */
import { Context, type Effect, type Stream } from "effect"
import type { AskError } from "./AskError.ts"
import type { BatchCounts } from "./BatchEvent.ts"
import type { Reply, Request } from "./Message.ts"

/** A batch as the API reports it; times are epoch milliseconds. */
export interface Batch {
  readonly id: string
  readonly createdAt: number
  readonly expiresAt: number
  readonly isEnded: boolean
  readonly isCanceling: boolean
  readonly counts: BatchCounts
  /** How long the API asks to wait before it is retrieved again. */
  readonly retryAfterMillis: number | undefined
}

/** One request of a batch; ids match `^[a-zA-Z0-9_-]{1,64}$`, and each is there once. */
export interface BatchRequest {
  readonly id: string
  readonly request: Request
  /** Its context is kept in the prompt cache for an hour, not for 5 minutes. */
  readonly isCachedFor1h?: boolean
}

/** How a request of a batch ended. What is canceled or expired was not sent to a model, and costs nothing. */
export type BatchOutcome =
  | { readonly _tag: "Succeeded"; readonly reply: Reply }
  | { readonly _tag: "Errored"; readonly error: AskError }
  | { readonly _tag: "Canceled" }
  | { readonly _tag: "Expired" }

export interface BatchResult {
  readonly id: string
  readonly outcome: BatchOutcome
}

/** Each call is made once; `BatchCall` repeats those that may be made twice. */
export interface Batches {
  /** Creates a batch: after another error than a rejection it may be there all the same. */
  readonly create: (requests: ReadonlyArray<BatchRequest>) => Effect.Effect<Batch, AskError>
  /** The batches that were created at `since` or later, the newest first. */
  readonly list: (since: number) => Effect.Effect<ReadonlyArray<Batch>, AskError>
  readonly retrieve: (id: string) => Effect.Effect<Batch, AskError>
  /** Requests that are under way may still succeed, until the batch has ended. Gives it as it is where it has ended before. */
  readonly cancel: (id: string) => Effect.Effect<Batch, AskError>
  /** The results of a batch that has ended, in any order. Read again after a fault, they come from the first on. */
  readonly results: (id: string) => Stream.Stream<BatchResult, AskError>
}

/** The batches of the address that `Claude` asks; `undefined` where it has none. */
export const Current = Context.Reference<Batches | undefined>("fanfold/claude/Batches/Current", {
  defaultValue: () => undefined
})

/** Whether asks go into batches: none is held back then, as a batch has room for all. */
export const AreUsed = Context.Reference<boolean>("fanfold/claude/Batches/AreUsed", { defaultValue: () => false })
