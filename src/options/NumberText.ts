/** Numbers and counts as text for people. */

// A format that is made once: `toLocaleString` makes one for each number, 20 µs.
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 })

/** Rounds to a whole number and adds thousands separators: `1,200`. */
export const numberText = (n: number): string => whole.format(n)

/** The same, and nothing for zero. */
export const unlessZero = (n: number): string => (n === 0 ? "" : numberText(n))

/** A number with its noun: `1 answer`, `1,200 answers`. */
export const plural = (n: number, one: string, many: string): string => `${numberText(n)} ${n === 1 ? one : many}`
