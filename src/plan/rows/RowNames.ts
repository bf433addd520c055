/** Names of asks made of what a row has: safe, and unique. */

import { safe } from "../../pipeline/SafeName.ts"

export { safe } from "../../pipeline/SafeName.ts"

/** Gives each id its name, in their order. */
export class RowNames {
  /** The id of each name. */
  readonly #ids = new Map<string, string>()

  /** The name of an id; `undefined` of one that was there before, and empty of one that no name can be made of. */
  next(id: string): string | undefined {
    const name = safe(id)
    if (name === "") return ""
    for (let n = 1; ; n++) {
      const suffix = n === 1 ? "" : `_${n}`
      const free = `${name.slice(0, 64 - suffix.length)}${suffix}`
      const known = this.#ids.get(free)
      if (known === id) return undefined
      if (known !== undefined) continue
      this.#ids.set(free, id)
      return free
    }
  }
}
