/** How many HTTP/1.1 connections this process may have open: each takes a file descriptor, and the system limits these. */

/** Connections to one origin. */
export interface Pool {
  /** Opens connections for the requests that wait; called when a place has become free. */
  readonly connect: () => void
  /** Closes the connection that has been idle for longest; returns false if none is idle. */
  readonly closeIdle: () => boolean
}

/** File descriptors assumed where the system does not report its limit. */
const unknownLimit = 2048

/** How long a limit that was lowered after an error stays low: the files of other programs may have caused it. */
const loweredMillis = 60_000

/** What is left to the rest of the program: an eighth, and some for its own files. */
const withReserve = (files: number): number => Math.max(1, files - Math.max(16, Math.ceil(files / 8)))

/** The limit of file descriptors of this process, by what Linux reports of it. Node has raised it as far as is allowed. */
export const fileLimitOf = (limits: string): number => {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1]
  return soft === undefined ? unknownLimit : soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft)
}

const readLimits = (): string =>
  process.platform === "linux"
    ? process.getBuiltinModule("node:fs").readFileSync("/proc/self/limits", { encoding: "latin1", flag: "r" })
    : ""

export class ConnectionBudget {
  readonly #pools = new Set<Pool>()
  /** Pools with requests that wait for a place. */
  readonly #waiting = new Set<Pool>()
  #systemMax: number | undefined
  #lowered: { readonly max: number; readonly at: number } | undefined
  #open = 0

  /** `files`: the limit of file descriptors; by default that of this process, read at the first use. */
  constructor(files?: number) {
    this.#systemMax = files === undefined ? undefined : withReserve(files)
  }

  /** Connections at most. */
  get max(): number {
    this.#systemMax ??= withReserve(fileLimitOf(readLimits()))
    if (this.#lowered !== undefined && performance.now() - this.#lowered.at > loweredMillis) this.#lowered = undefined
    return Math.min(this.#systemMax, this.#lowered?.max ?? Number.POSITIVE_INFINITY)
  }

  /** Whether an idle connection is to be closed: too many are open, or another pool waits for a place. */
  get isShort(): boolean {
    return this.#waiting.size > 0 || this.#open > this.max
  }

  join(pool: Pool): void {
    this.#pools.add(pool)
  }

  /** Counts a connection that is open already. */
  add(): void {
    this.#open++
  }

  /** Takes a place for a new connection. If all are taken, `pool.connect` is called once there may be one. */
  take(pool: Pool): boolean {
    if (this.#open < this.max) {
      this.#open++
      return true
    }
    this.#waiting.add(pool)
    for (const each of this.#pools) if (each.closeIdle()) break
    return false
  }

  /** Gives back the place of a connection that was closed. */
  giveBack(): void {
    this.#open--
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const pool of waiting) pool.connect()
  }

  /**
   * To be called when no further file could be opened for a connection, whose place is given back: lowers the limit to what
   * is open, less a reserve. Returns false if no connection is open whose end could be waited for.
   */
  onOutOfFiles(pool: Pool): boolean {
    this.#open--
    if (this.#open === 0) return false
    this.#lowered = { max: Math.min(this.max, withReserve(this.#open)), at: performance.now() }
    this.#waiting.add(pool)
    return true
  }
}

/** The budget of this process. */
export const processBudget = new ConnectionBudget()
