/** The mock's only source of time, so that a test can replace it. */

/** `now` is in milliseconds since 1970 and never goes back; `sleep` rejects with the signal's reason when aborted. */
export interface Clock {
  readonly now: () => number
  readonly sleep: (millis: number, signal?: AbortSignal) => Promise<void>
}

const aborted = (signal: AbortSignal): Error =>
  signal.reason instanceof Error ? signal.reason : new DOMException("This operation was aborted", "AbortError")

/** Makes a sleep that an abort rejects at once. `start` starts a timer that calls `done`, and returns how to cancel it. */
const abortable = (signal: AbortSignal | undefined, start: (done: () => void) => () => void): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(aborted(signal))
    const onAbort = (): void => {
      cancel()
      reject(aborted(signal!))
    }
    const cancel = start(() => {
      signal?.removeEventListener("abort", onAbort)
      resolve()
    })
    signal?.addEventListener("abort", onAbort, { once: true })
  })

/** The machine's monotonic clock, with the wall clock of the process's start as its origin. */
export const real: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  sleep: (millis, signal) =>
    abortable(signal, (done) => {
      // An endless sleep has no timer, so that it does not keep the process alive.
      if (millis === Number.POSITIVE_INFINITY) return () => {}
      // Node fires a timer above 2^31 - 1 ms (24 days) at once.
      const timer = setTimeout(done, Math.min(millis, 2_147_483_647))
      return () => clearTimeout(timer)
    })
}

/** A clock whose time changes only in `advance`, which wakes sleepers in the order of their times. */
export interface Manual extends Clock {
  readonly advance: (millis: number) => Promise<void>
}

/** Waits a macrotask, in which the promise chains that a wake-up started run until their next sleep. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Makes a manual clock that starts at `startMillis` (since 1970). */
export const manual = (startMillis = 0): Manual => {
  let now = startMillis
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>()
  return {
    now: () => now,
    sleep: (millis, signal) =>
      abortable(signal, (done) => {
        const sleeper = { at: now + millis, wake: done }
        sleepers.add(sleeper)
        return () => sleepers.delete(sleeper)
      }),
    advance: async (millis) => {
      const endMillis = now + millis
      await settle()
      for (;;) {
        let next = Number.POSITIVE_INFINITY
        for (const sleeper of sleepers) next = Math.min(next, sleeper.at)
        if (next > endMillis) break
        now = Math.max(now, next)
        for (const sleeper of sleepers) {
          if (sleeper.at > next) continue
          sleepers.delete(sleeper)
          sleeper.wake()
        }
        await settle()
      }
      now = endMillis
    }
  }
}
