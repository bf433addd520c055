/** The folds that a document lacks, with the asks that they stand for. No Effect: the page's script has it too. */
import type { LostFold } from "./View.ts"

interface Fold {
  readonly asks: ReadonlyArray<string>
  readonly status: string
  readonly message: string | null
}

/** Of folds by name, those without a text, in their order. */
export const lostFoldsOf = (folds: Readonly<Record<string, Fold>> = {}): ReadonlyArray<Omit<LostFold, "reason">> =>
  Object.entries(folds)
    .filter(([, { status }]) => status !== "answered")
    .map(([name, { asks, message }]) => ({ name, asks, message: message ?? "stopped" }))

/** Each ask that lost folds stand for, once: a fold may stand for those of a lost one below it. */
export const asksOf = (folds: ReadonlyArray<Pick<LostFold, "asks">>): ReadonlyArray<string> => [
  ...new Set(folds.flatMap(({ asks }) => asks))
]
