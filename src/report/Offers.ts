/** What of a run under way can be changed now, as far as its events say. No Effect: the page's script has it too. */
import type { View } from "./View.ts"

export type Offer = "stop" | "ask" | "concurrency" | "budget" | "deadline"

/** `concurrency`: as it is now. `settings`: what was set, by plan key; `undefined` where that is not known. */
export interface Standing {
  readonly isAsking: boolean
  readonly hasGaps: boolean
  /** The asks are made of rows while they are asked: each once, at one concurrency. */
  readonly isOfRows: boolean
  readonly concurrency: View["concurrency"]
  readonly settings: Readonly<Record<string, string>> | undefined
}

/** Limits are raised only where the run has one. */
export const offersOf = ({ concurrency, hasGaps, isAsking, isOfRows, settings }: Standing): ReadonlyArray<Offer> => {
  const hasLimit = (name: string): boolean =>
    settings === undefined || Object.keys(settings).some((key) => key === name || key.startsWith(`${name}.`))
  const offers: Readonly<Record<Offer, boolean>> = {
    stop: isAsking,
    ask: isAsking && hasGaps && !isOfRows,
    concurrency: isAsking && typeof concurrency === "number" && !isOfRows,
    budget: hasLimit("budget"),
    deadline: hasLimit("deadline")
  }
  return (Object.keys(offers) as ReadonlyArray<Offer>).filter((offer) => offers[offer])
}
