/** Names of asks made of what a row has: safe, and unique. */
import { safe } from "../../pipeline/SafeName.ts"

export { safe } from "../../pipeline/SafeName.ts"

/** Gives each id its name, in their order. */
export class RowNames {
  readonly #names = new Set<string>()
  /** The id of each name that is another text. */
  readonly #ids = new Map<string, string>()

  /** The name of an id; `undefined` of one that was there before, and empty of one that no name can be made of. */
  next(id: string): string | undefined {
    const name = safe(id)
    if (name === "") return ""
    let free = name
    for (let n = 2; this.#names.has(free); n++) {
      if ((this.#ids.get(free) ?? free) === id) return undefined
      const suffix = `_${n}`
      free = `${name.slice(0, 64 - suffix.length)}${suffix}`
    }
    this.#names.add(free)
    if (free !== id) this.#ids.set(free, id)
    return free
  }
}
