/** Targets of `delivery`, and what was found. */
import type { Row } from "../harness/Table.ts"

export interface Target {
  readonly what: string
  readonly found: string
  readonly target: string
  readonly isMet: boolean
  /** Why more can hardly be had, where that is known. */
  readonly why?: string
}

type Show = (value: number) => string

/** As many digits as tell a narrow miss from a hit. */
export const plain: Show = (value) => (Number.isInteger(value) ? String(value) : value.toFixed(3))
export const percent: Show = (value) => `${Number((value * 100).toFixed(2))} %`
export const seconds: Show = (value) => `${Number(value.toFixed(2))} s`
export const usd: Show = (value) => `$${value.toFixed(3)}`

/** A figure that is to be small; one that is no number meets nothing. */
export const atMost = (what: string, value: number, most: number, show: Show = plain): Target => ({
  what,
  target: `≤ ${show(most)}`,
  found: show(value),
  isMet: value <= most
})

export const rowOf = (name: string, { found, isMet, target, what, why }: Target): Row => ({
  case: name,
  figure: what,
  target,
  found,
  met: isMet || why === undefined ? (isMet ? "yes" : "no") : `no: ${why}`
})
