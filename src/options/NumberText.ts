/** Numbers and counts as text for people. */

let whole: Intl.NumberFormat | undefined

/** Rounds to a whole number and adds thousands separators: `1,200`. */
export const numberText = (n: number): string => {
  // The first format of a process loads tables for 15 ms or more, which the first request of a small run does not wait for.
  if (n >= 0 && n < 999) return String(Math.round(n))
  // Made once: `toLocaleString` makes one for each number, 20 µs.
  return (whole ??= new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 })).format(n)
}

/** The same, and nothing for zero. */
export const unlessZero = (n: number): string => (n === 0 ? "" : numberText(n))

/** A number with its noun: `1 answer`, `1,200 answers`. */
export const plural = (n: number, one: string, many: string): string => `${numberText(n)} ${n === 1 ? one : many}`
