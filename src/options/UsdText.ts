/** Amounts of money as text for people. */

/** A rounding error of added dollars, the same that a budget allows. */
const addedError = 1e-12

/**
 * Writes US dollars: from one dollar, and zero, with 2 decimals, from $0.001 with 4, below that with 2 significant digits. `"up"`
 * rounds up, for an amount that another one must reach.
 */
export const usdText = (usd: number, rounding: "nearest" | "up" = "nearest"): string => {
  const size = usd >= 1 || usd === 0 ? "dollars" : usd >= 0.001 ? "cents" : "less"
  const isUp = rounding === "up"
  const key = `${size} ${rounding}`
  const format =
    formats.get(key) ?? new Intl.NumberFormat("en-US", { ...digits[size], roundingMode: isUp ? "ceil" : "halfExpand" })
  formats.set(key, format)
  return `$${format.format(Math.max(0, isUp ? usd - addedError : usd))}`
}

const digits = {
  dollars: { minimumFractionDigits: 2, maximumFractionDigits: 2 },
  cents: { minimumFractionDigits: 4, maximumFractionDigits: 4 },
  less: { minimumSignificantDigits: 2, maximumSignificantDigits: 2 }
} as const

/** Each is made once, as that takes 20 µs, and the forecast of thousands of asks has a price for each. */
const formats = new Map<string, Intl.NumberFormat>()
