/** Names of asks made of what a row has: safe, and unique. */

const isName = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/

/**
 * The name made of an id: accents go, every other run of characters that a name may not have becomes `_`, a name does not begin
 * with a digit or `-`, and has at most 64 characters. Empty where nothing is left.
 */
export const safe = (id: string): string => {
  if (isName.test(id)) return id
  const plain = id
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .replace(/[^A-Za-z0-9_-]+/g, "_")
    .replace(/^_+|_+$/g, "")
  const begun = /^[0-9-]/.test(plain) ? `_${plain}` : plain
  return begun.slice(0, 64)
}

/** Gives each id its name, in their order. */
export class RowNames {
  /** The id of each name. */
  readonly #ids = new Map<string, string>()

  /** The name of an id; `undefined` of one that was there before, and empty of one that no name can be made of. */
  next(id: string): string | undefined {
    const name = safe(id)
    if (name === "") return ""
    for (let n = 1; ; n++) {
      const suffix = `_${n}`
      const free = n === 1 ? name : `${name.slice(0, 64 - suffix.length)}${suffix}`
      const known = this.#ids.get(free)
      if (known === id) return undefined
      if (known !== undefined) continue
      this.#ids.set(free, id)
      return free
    }
  }
}
