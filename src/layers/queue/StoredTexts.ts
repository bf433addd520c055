/** The long texts of requests that a worker has read from the journal: the asks of a run often share a document. */
import { Effect } from "effect"
import type { JournalError } from "../../journal/Journal.ts"
import type { Shared } from "../../journal/Shared.ts"

/** A document of megabytes is kept for the asks under way; more than the runs that a worker answers at a time have. */
const maxTexts = 64

export class StoredTexts {
  readonly #shared: Shared
  /** In the order of their last use. */
  readonly #texts = new Map<string, string>()

  constructor(shared: Shared) {
    this.#shared = shared
  }

  /** Those of the texts that the journal has, by their hash. */
  of(hashes: ReadonlyArray<string>): Effect.Effect<ReadonlyMap<string, string>, JournalError> {
    return Effect.suspend(() => {
      const found = new Map<string, string>()
      for (const hash of hashes) {
        const text = this.#texts.get(hash)
        if (text !== undefined) found.set(hash, text)
      }
      const missing = hashes.filter((hash) => !found.has(hash))
      const read = missing.length === 0 ? Effect.succeed(new Map<string, string>()) : this.#shared.texts(missing)
      return Effect.map(read, (read) => {
        for (const [hash, text] of read) found.set(hash, text)
        for (const [hash, text] of found) this.#keep(hash, text)
        return found
      })
    })
  }

  #keep(hash: string, text: string): void {
    this.#texts.delete(hash)
    this.#texts.set(hash, text)
    const [oldest] = this.#texts.keys()
    if (this.#texts.size > maxTexts && oldest !== undefined) this.#texts.delete(oldest)
  }
}
