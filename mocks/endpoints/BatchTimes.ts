/** How long the steps of a batch take. */

/** Durations in simulated milliseconds, counted from the arrival of the request that creates the batch. */
export interface BatchTimes {
  /** Each request of the batch is done at a random time between 0 and this. */
  readonly processingMillis: number
  /** Requests that are not done by then expire. */
  readonly expiresMillis: number
  /** The list of batches has the batch from then on; its id is known at once. */
  readonly listedMillis: number
  /** The results are gone from then on. */
  readonly archivedMillis: number
}

const hourMillis = 60 * 60_000

/** Requests are done within a minute and the list is up to date; 24 hours and 29 days are those of the API. */
export const defaults: BatchTimes = {
  processingMillis: 60_000,
  expiresMillis: 24 * hourMillis,
  listedMillis: 0,
  archivedMillis: 29 * 24 * hourMillis
}
