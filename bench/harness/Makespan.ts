/** How long a list of tasks takes at best: the exact greedy schedule, its lower bound, and Amdahl's law. */

/**
 * Milliseconds until all tasks are done if each, in order, is assigned to the slot that becomes free first: a fan-out
 * without any cost of its own. `slots` counts from 1 and may be `Infinity`.
 */
export const makespan = (millis: ReadonlyArray<number>, slots: number): number => {
  assertSlots(slots)
  const freeAt = Array.from({ length: Math.min(slots, millis.length) }, () => 0)
  for (const each of millis) {
    let first = 0
    for (let slot = 1; slot < freeAt.length; slot++) if (freeAt[slot]! < freeAt[first]!) first = slot
    freeAt[first]! += each
  }
  return maxOf(freeAt)
}

/** No schedule is shorter than its longest task, or than the sum of all tasks ÷ `slots`. */
export const lowerBound = (millis: ReadonlyArray<number>, slots: number): number => {
  assertSlots(slots)
  return Math.max(maxOf(millis), millis.reduce((sum, each) => sum + each, 0) / slots)
}

/** Amdahl's law: the largest speed-up that `slots` give to work of which `serialShare`, from 0 to 1, stays serial. */
export const amdahl = (serialShare: number, slots: number = Number.POSITIVE_INFINITY): number => {
  assertSlots(slots)
  return 1 / (serialShare + (1 - serialShare) / slots)
}

const maxOf = (millis: ReadonlyArray<number>): number => millis.reduce((max, each) => Math.max(max, each), 0)

const assertSlots = (slots: number): void => {
  if (!(slots >= 1)) throw new RangeError(`slots: expected a number ≥ 1, got ${slots}`)
}
