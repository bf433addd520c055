/** How long a row of tasks takes at best: the exact greedy schedule, its lower bound, and Amdahl's law. */

/**
 * Time until all is done, where each task in its order goes to the place that is free first: what a fan-out without any
 * cost of its own takes. `places` counts from 1 and may be `Infinity`.
 */
export const makespan = (millis: ReadonlyArray<number>, places: number): number => {
  assertPlaces(places)
  const freeAt = Array.from({ length: Math.min(places, millis.length) }, () => 0)
  for (const each of millis) {
    let first = 0
    for (let place = 1; place < freeAt.length; place++) if (freeAt[place]! < freeAt[first]!) first = place
    freeAt[first]! += each
  }
  return longestOf(freeAt)
}

/** No schedule is shorter than its longest task, or than all the work evenly on all places. */
export const lowerBound = (millis: ReadonlyArray<number>, places: number): number => {
  assertPlaces(places)
  return Math.max(longestOf(millis), millis.reduce((sum, each) => sum + each, 0) / places)
}

/** Amdahl's law: the most that `places` can speed up work of which `serialShare`, from 0 to 1, stays one after another. */
export const amdahl = (serialShare: number, places: number = Number.POSITIVE_INFINITY): number => {
  assertPlaces(places)
  return 1 / (serialShare + (1 - serialShare) / places)
}

const longestOf = (millis: ReadonlyArray<number>): number => millis.reduce((most, each) => Math.max(most, each), 0)

const assertPlaces = (places: number): void => {
  if (!(places >= 1)) throw new RangeError(`places: expected a number ≥ 1, got ${places}`)
}
