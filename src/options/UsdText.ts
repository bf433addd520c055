/** Amounts of money as text for people. */

/** A rounding error of added dollars, the same that a budget allows. */
const addedError = 1e-12

/**
 * Writes US dollars: from one dollar, and zero, with 2 decimals, from $0.001 with 4, below that with 2 significant digits. `"up"`
 * rounds up, for an amount that another one must reach.
 */
export const usdText = (usd: number, rounding: "nearest" | "up" = "nearest"): string => {
  const digits =
    usd >= 1 || usd === 0
      ? { minimumFractionDigits: 2, maximumFractionDigits: 2 }
      : usd >= 0.001
        ? { minimumFractionDigits: 4, maximumFractionDigits: 4 }
        : { minimumSignificantDigits: 2, maximumSignificantDigits: 2 }
  const isUp = rounding === "up"
  const roundingMode = isUp ? "ceil" : "halfExpand"
  return `$${Math.max(0, isUp ? usd - addedError : usd).toLocaleString("en-US", { ...digits, roundingMode })}`
}
