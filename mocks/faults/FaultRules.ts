/** The registered faults, and which one applies to an attempt. */
import type { FaultPlace, Occasion } from "./Attempt.ts"
import type { Fault } from "./Fault.ts"
import * as Matcher from "../answers/Matcher.ts"

/**
 * When a fault applies; all given conditions must hold. `times` limits how many attempts it applies to, in order of arrival.
 * `attempts` selects the first attempts of each request and `probability` a share of all attempts, both independent of that order.
 */
export interface Conditions {
  /** Where it applies; by default to all operations, but not to the single requests of a batch. */
  readonly operation?: FaultPlace
  readonly when?: Matcher.Matcher
  readonly times?: number
  readonly attempts?: number
  /** From 0 to 1. */
  readonly probability?: number
  /** From (inclusive) and to (exclusive), in simulated seconds since the creation of the mock. */
  readonly betweenSeconds?: readonly [number, number]
}

/** The faults of a mock. */
export interface FaultRules {
  readonly add: (fault: Fault, conditions: Conditions) => void
  /** Gives the first fault that applies, and counts that use. */
  readonly pick: (occasion: Occasion) => Fault | undefined
}

/** Makes rules without any fault. */
export const make = (): FaultRules => {
  const rules: Array<(occasion: Occasion) => Fault | undefined> = []
  return {
    add: (fault, conditions) => {
      const matches = Matcher.compile(conditions.when ?? {})
      const name = `fault ${rules.length}`
      let usesLeft = conditions.times ?? Number.POSITIVE_INFINITY
      const [from, to] = conditions.betweenSeconds ?? [0, Number.POSITIVE_INFINITY]
      rules.push((occasion) => {
        const seconds = occasion.sinceMillis / 1000
        const isPlace =
          conditions.operation === undefined
            ? occasion.operation !== "batches.item"
            : occasion.operation === conditions.operation
        const applies =
          isPlace &&
          usesLeft > 0 &&
          seconds >= from &&
          seconds < to &&
          occasion.attempt <= (conditions.attempts ?? Number.POSITIVE_INFINITY) &&
          occasion.random.uniform(name) < (conditions.probability ?? 1) &&
          matches(occasion.prompt)
        if (!applies) return undefined
        usesLeft--
        return fault
      })
    },
    pick: (occasion) => {
      for (const rule of rules) {
        const fault = rule(occasion)
        if (fault !== undefined) return fault
      }
      return undefined
    }
  }
}
