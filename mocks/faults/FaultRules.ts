/** Says which request meets which fault. */
import type { Attempt } from "./Attempt.ts"
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
export interface FaultRules {
  readonly add: (fault: Fault, strike: Strike) => void
  readonly pick: (attempt: Attempt) => Fault | undefined
  readonly clear: () => void
}

/** Makes an empty set. */
export const make = (): FaultRules => {
  let laid: Array<(attempt: Attempt) => Fault | undefined> = []
  return {
    add: (fault, strike) => {
      const matches = Matcher.compile(strike.when ?? {})
      const name = `fault ${laid.length}`
      let left = strike.times ?? Number.POSITIVE_INFINITY
      const [from, to] = strike.betweenSeconds ?? [0, Number.POSITIVE_INFINITY]
      laid.push((attempt) => {
        const seconds = attempt.sinceMillis / 1000
        const strikes =
          left > 0 &&
          seconds >= from &&
          seconds < to &&
          attempt.attempt <= (strike.attempts ?? Number.POSITIVE_INFINITY) &&
          attempt.random.uniform(name) < (strike.probability ?? 1) &&
          matches(attempt.prompt)
        if (!strikes) return undefined
        left--
        return fault
      })
    },
    pick: (attempt) => {
      for (const rule of laid) {
        const fault = rule(attempt)
        if (fault !== undefined) return fault
      }
      return undefined
    },
    clear: () => {
      laid = []
    }
  }
}
