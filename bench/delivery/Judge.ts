/** Compares figures of `delivery` with their targets. */
import type { Row } from "../harness/Table.ts"

export interface Target {
  /** The name of the figure. */
  readonly what: string
  readonly found: string
  readonly target: string
  readonly isMet: boolean
  /** Why the target is hard to reach, if known; shown if it is missed. */
  readonly why?: string
}

type Format = (value: number) => string

/** Three decimals, so that a narrow miss does not look like a hit. */
export const plain: Format = (value) => (Number.isInteger(value) ? String(value) : value.toFixed(3))
export const percent: Format = (value) => `${Number((value * 100).toFixed(2))} %`
export const seconds: Format = (value) => `${Number(value.toFixed(2))} s`
export const usd: Format = (value) => `$${value.toFixed(3)}`

/** The target that a figure is at most `max`; `NaN` misses it. */
export const atMost = (what: string, value: number, max: number, format: Format = plain): Target => ({
  what,
  target: `≤ ${format(max)}`,
  found: format(value),
  isMet: value <= max
})

export const rowOf = (name: string, { found, isMet, target, what, why }: Target): Row => ({
  case: name,
  figure: what,
  target,
  found,
  met: isMet || why === undefined ? (isMet ? "yes" : "no") : `no: ${why}`
})
