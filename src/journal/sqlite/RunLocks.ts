/** Says which runs are alive: beside the journal lies a file for each open run, locked while its process lives. */
import { Result } from "effect"
import * as Database from "./Database.ts"

/** After this time, in milliseconds, a lock of no run was left by a process that was killed before its run began. */
const startingMillis = 3_600_000

export class RunLocks {
  readonly #journal: string

  /** `journal`: the path of the journal. */
  constructor(journal: string) {
    this.#journal = journal
  }

  #fileOf(run: string): string {
    return `${this.#journal}-run-${run}.lock`
  }

  /** Says that the run is alive, until it is released. To be called before the run is in the journal. */
  take(run: string): { readonly release: () => void } {
    const file = this.#fileOf(run)
    const { release } = Database.lock(file)
    return {
      release: () => {
        release()
        this.#remove(file)
      }
    }
  }

  /** A run of a killed process is not alive, whether or not it has left its file. */
  isLive(run: string): boolean {
    return Database.isLocked(this.#fileOf(run))
  }

  /**
   * Removes what killed processes have left. `isKnown`: the run is in the journal; one that is not yet there may be about to be
   * locked, unless its file is much older than that of the run `own`, which has just begun.
   */
  removeStale(isKnown: (run: string) => boolean, own: string): void {
    const path = process.getBuiltinModule("node:path")
    const folder = path.dirname(this.#journal)
    const now = createdAt(this.#fileOf(own))
    const head = `${path.basename(this.#journal)}-run-`
    // A folder that cannot be listed, and a file that cannot be removed, are left as they are.
    const names = Result.try(() => process.getBuiltinModule("node:fs").readdirSync(folder))
    for (const name of Result.getOrElse(names, () => [])) {
      if (!name.startsWith(head) || !name.endsWith(".lock")) continue
      const file = path.join(folder, name)
      const isBegun = isKnown(name.slice(head.length, -".lock".length)) || now - createdAt(file) > startingMillis
      if (isBegun && !Database.isLocked(file)) Result.try(() => this.#remove(file))
    }
  }

  /** Removes what is left of runs that are not alive, once they are no longer in the journal. */
  forget(runs: ReadonlyArray<string>): void {
    for (const run of runs) this.#remove(this.#fileOf(run))
  }

  #remove(file: string): void {
    process.getBuiltinModule("node:fs").rmSync(file, { force: true })
  }
}

/** When the file was created, as nothing is ever written to it; a file that is gone counts as new. */
const createdAt = (file: string): number =>
  process.getBuiltinModule("node:fs").statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY
