/** Which rows of the timeline are shown, in which order, and how many fold into a lane. Pure. */
import type { Phase } from "../../Phases.ts"
import type { Row, View } from "../../View.ts"

export const filters = ["all", "failed", "slow", "dear", "reused"] as const
export type Filter = (typeof filters)[number]
export const sorts = ["plan", "begin", "time", "cost", "name"] as const
export type Sort = (typeof sorts)[number]

/** What rows fold into. */
export type Lane = "failed" | "stopped" | "open" | "answered" | "reused"

export interface Choice {
  readonly search: string
  readonly filter: Filter
  readonly sort: Sort
  /** Lanes whose rows are shown, each; others are one line. */
  readonly unfolded: ReadonlySet<Lane>
}

export type Item =
  | { readonly _tag: "Lane"; readonly lane: Lane; readonly rows: ReadonlyArray<number>; readonly isUnfolded: boolean }
  | { readonly _tag: "Row"; readonly index: number }

/** Up to so many rows are shown without lanes. */
export const maxUnlaned = 40

const laneOf = ({ reused, status }: Row): Lane => {
  if (status === "failed") return "failed"
  if (status === "interrupted") return "stopped"
  if (status !== "answered") return "open"
  return reused === undefined ? "answered" : "reused"
}

export const laneNames: Readonly<Record<Lane, string>> = {
  failed: "failed",
  stopped: "stopped",
  open: "not ended",
  answered: "answered",
  reused: "from the journal"
}

const lanes: ReadonlyArray<Lane> = ["failed", "stopped", "open", "answered", "reused"]

/** The slowest and the dearest tenth, of at least one row. */
const tenth = 0.9

const above = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * tenth))] ?? 0
}

const millisOf = ({ durationMillis }: Row): number => durationMillis ?? 0
const usdOf = ({ estimatedCostUsd }: Row): number => estimatedCostUsd ?? 0

const testOf = (asks: View["asks"], filter: Filter): ((row: Row) => boolean) => {
  switch (filter) {
    case "all":
      return () => true
    case "failed":
      return ({ status }) => status !== "answered"
    case "slow": {
      const least = above(asks.map(millisOf))
      return (row) => millisOf(row) > 0 && millisOf(row) >= least
    }
    case "dear": {
      const least = above(asks.map(usdOf))
      return (row) => usdOf(row) > 0 && usdOf(row) >= least
    }
    case "reused":
      return ({ reused }) => reused !== undefined
  }
}

/** Nothing of the ask is under way. */
export const idle: ReadonlySet<Phase> = new Set<Phase>(["turn", "held", "warmed", "paced"])

const beginOf = ({ bars }: Row): number => bars.find(([phase]) => !idle.has(phase))?.[1] ?? Number.POSITIVE_INFINITY

const orders: Readonly<Record<Exclude<Sort, "plan">, (a: Row, b: Row) => number>> = {
  begin: (a, b) => beginOf(a) - beginOf(b) || 0,
  time: (a, b) => millisOf(b) - millisOf(a),
  cost: (a, b) => usdOf(b) - usdOf(a),
  name: (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
}

const fits = ({ message, name, question, reason }: Row, words: ReadonlyArray<string>): boolean => {
  if (words.length === 0) return true
  const text = `${name} ${question} ${reason ?? ""} ${message ?? ""}`.toLowerCase()
  return words.every((word) => text.includes(word))
}

/** The indexes of the asks that are shown, in their order. */
export const chosen = (
  asks: View["asks"],
  { filter, search, sort }: Omit<Choice, "unfolded">
): ReadonlyArray<number> => {
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "")
  const test = testOf(asks, filter)
  const found = asks.flatMap((row, index) => (test(row) && fits(row, words) ? [index] : []))
  return sort === "plan" ? found : found.toSorted((a, b) => orders[sort](asks[a]!, asks[b]!) || a - b)
}

const rowItem = (index: number): Item => ({ _tag: "Row", index })

/** The lines of the list. */
export const itemsOf = (
  asks: View["asks"],
  rows: ReadonlyArray<number>,
  unfolded: ReadonlySet<Lane>
): ReadonlyArray<Item> => {
  if (rows.length <= maxUnlaned) return rows.map(rowItem)
  const items: Array<Item> = []
  for (const lane of lanes) {
    const own = rows.filter((index) => laneOf(asks[index]!) === lane)
    if (own.length === 0) continue
    const isUnfolded = unfolded.has(lane)
    items.push({ _tag: "Lane", lane, rows: own, isUnfolded })
    if (isUnfolded) for (const index of own) items.push(rowItem(index))
  }
  return items
}
