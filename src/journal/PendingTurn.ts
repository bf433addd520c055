/** A turn whose reply is not there yet, as the journal knows it, for a layer that lets another process ask it. */
import { Context } from "effect"
import type { BegunRun, Journal } from "./Journal.ts"
import type { TurnName } from "./Shared.ts"

export interface PendingTurn extends TurnName {
  readonly journal: typeof Journal.Service
  readonly begun: BegunRun
  /** Of the ask's first request; `texts`: hashes of its long texts, which the journal has. */
  readonly request: { readonly key: string; readonly ordinal: number; readonly texts: ReadonlyArray<string> }
  /** Set by whoever gives a reply that the journal has already: of which run, and when it came in epoch milliseconds. */
  kept: { readonly run: string; readonly at: number } | undefined
}

/** The turn of the request under way; `undefined` where none is kept. */
export const Current = Context.Reference<PendingTurn | undefined>("fanfold/journal/PendingTurn", {
  defaultValue: () => undefined
})
