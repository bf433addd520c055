/** Says which request meets which fault. */
import type { Exchange } from "../endpoints/Exchange.ts"
import type { Fault } from "./Fault.ts"
import * as Matcher from "../answers/Matcher.ts"

/**
 * When a fault strikes; all given parts must hold. `times` counts requests as they arrive; `attempts` hits the first attempts of
 * every matching request, and `probability` is drawn from the request: neither depends on the order of arrival.
 */
export interface Strike {
  readonly when?: Matcher.Matcher
  readonly times?: number
  readonly attempts?: number
  /** From 0 to 1. */
  readonly probability?: number
  /** From and to, in simulated seconds since the mock was made. */
  readonly betweenSeconds?: readonly [number, number]
}

/** Faults that were laid down; the first that strikes wins. */
export interface Faults {
  readonly add: (fault: Fault, strike: Strike) => void
  readonly pick: (exchange: Exchange) => Fault | undefined
  readonly clear: () => void
}

/** Makes an empty set. */
export const make = (): Faults => {
  let laid: Array<(exchange: Exchange) => Fault | undefined> = []
  return {
    add: (fault, strike) => {
      const matches = Matcher.compile(strike.when ?? {})
      const name = `fault ${laid.length}`
      let left = strike.times ?? Number.POSITIVE_INFINITY
      const [from, to] = strike.betweenSeconds ?? [0, Number.POSITIVE_INFINITY]
      laid.push((exchange) => {
        const seconds = exchange.sinceMillis / 1000
        const strikes =
          left > 0 &&
          seconds >= from &&
          seconds < to &&
          exchange.attempt <= (strike.attempts ?? Number.POSITIVE_INFINITY) &&
          exchange.draw.uniform(name) < (strike.probability ?? 1) &&
          matches(exchange.prompt)
        if (!strikes) return undefined
        left--
        return fault
      })
    },
    pick: (exchange) => {
      for (const rule of laid) {
        const fault = rule(exchange)
        if (fault !== undefined) return fault
      }
      return undefined
    },
    clear: () => {
      laid = []
    }
  }
}
