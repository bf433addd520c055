/** Names of asks made of any text: safe, short and unique. */

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

/** Short enough to be read in a table. */
const maxNameLength = 40

/** The safe name made of what a model calls a question; empty where nothing is left. */
export const short = (given: string): string => safe(given.trim().toLowerCase().slice(0, maxNameLength))

/** The name, or the first of `name_2`, `name_3` … that is not taken; it is taken then. */
export const unique = (name: string, taken: Set<string>): string => {
  let free = name
  for (let n = 2; taken.has(free); n++) free = `${name}_${n}`
  taken.add(free)
  return free
}
