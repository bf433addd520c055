/** Names of asks made of what a row has: safe, and unique. */

import { safe } from "../../pipeline/SafeName.ts"

export { safe } from "../../pipeline/SafeName.ts"

/** FNV-1a, of 32 bits. */
const hashOf = (text: string): number => {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash
}

/** A set of texts that only grows: open addressing, at most half full. To add 100,000 names takes half as long as with a `Set`. */
class TextSet {
  readonly #texts: Array<string> = []
  /** The index of a text from 1, or 0. */
  #slots = new Uint32Array(1024)

  /** Whether the text is new. */
  add(text: string): boolean {
    const slot = this.#slotOf(text)
    if (this.#slots[slot] !== 0) return false
    this.#slots[slot] = this.#texts.push(text)
    if (this.#texts.length * 2 > this.#slots.length) this.#grow()
    return true
  }

  /** Where a text is, or belongs. */
  #slotOf(text: string): number {
    const last = this.#slots.length - 1
    for (let slot = hashOf(text) & last; ; slot = (slot + 1) & last) {
      const index = this.#slots[slot]!
      if (index === 0 || this.#texts[index - 1] === text) return slot
    }
  }

  #grow(): void {
    this.#slots = new Uint32Array(this.#slots.length * 4)
    for (let index = 0; index < this.#texts.length; index++) this.#slots[this.#slotOf(this.#texts[index]!)] = index + 1
  }
}

/** Gives each id its name, in their order. */
export class RowNames {
  readonly #names = new TextSet()
  /** The id of each name that is another text. */
  readonly #ids = new Map<string, string>()

  /** The name of an id; `undefined` of one that was there before, and empty of one that no name can be made of. */
  next(id: string): string | undefined {
    const name = safe(id)
    if (name === "") return ""
    let free = name
    for (let n = 2; !this.#names.add(free); n++) {
      if ((this.#ids.get(free) ?? free) === id) return undefined
      const suffix = `_${n}`
      free = `${name.slice(0, 64 - suffix.length)}${suffix}`
    }
    if (free !== id) this.#ids.set(free, id)
    return free
  }
}
