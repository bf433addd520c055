/** The mock's only source of time, so that a test can turn the hands itself. */

/** `now` is in milliseconds since 1970 and never goes back; `sleep` rejects with the signal's reason when aborted. */
export interface Clock {
  readonly now: () => number
  readonly sleep: (millis: number, signal?: AbortSignal) => Promise<void>
}

const aborted = (signal: AbortSignal): Error =>
  signal.reason instanceof Error ? signal.reason : new DOMException("This operation was aborted", "AbortError")

/** Sleeps through `start`, which arms a timer and gives back how to disarm it; an abort disarms and rejects at once. */
const abortable = (signal: AbortSignal | undefined, start: (done: () => void) => () => void): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(aborted(signal))
    const onAbort = (): void => {
      disarm()
      reject(aborted(signal!))
    }
    const disarm = start(() => {
      signal?.removeEventListener("abort", onAbort)
      resolve()
    })
    signal?.addEventListener("abort", onAbort, { once: true })
  })

/** The machine's time: monotonic, anchored to the wall clock once. */
export const real: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  sleep: (millis, signal) =>
    abortable(signal, (done) => {
      // A wait without end needs no timer, and so keeps no process alive.
      if (millis === Number.POSITIVE_INFINITY) return () => {}
      // A timer above 2^31 ms would fire at once; 24 days will do.
      const timer = setTimeout(done, Math.min(millis, 2_147_483_647))
      return () => clearTimeout(timer)
    })
}

/** A clock that stands still until `advance`; sleepers wake in the order of their times. */
export interface Manual extends Clock {
  readonly advance: (millis: number) => Promise<void>
}

/** A macrotask lets every promise chain that a wake-up started run to its next sleep. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Makes a clock that starts at `startMillis` and moves only by `advance`. */
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
      const until = now + millis
      await settle()
      for (;;) {
        let next = Number.POSITIVE_INFINITY
        for (const sleeper of sleepers) next = Math.min(next, sleeper.at)
        if (next > until) break
        now = Math.max(now, next)
        for (const sleeper of sleepers) {
          if (sleeper.at > next) continue
          sleepers.delete(sleeper)
          sleeper.wake()
        }
        await settle()
      }
      now = until
    }
  }
}
