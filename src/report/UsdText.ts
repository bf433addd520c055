/** Amounts of money as text for people. */

/** US dollars: 2 decimals from 1 dollar, 4 decimals from 0.001, and 2 significant digits below. */
export const usdText = (usd: number): string => {
  const digits =
    usd >= 1 || usd === 0
      ? { minimumFractionDigits: 2, maximumFractionDigits: 2 }
      : usd >= 0.001
        ? { minimumFractionDigits: 4, maximumFractionDigits: 4 }
        : { minimumSignificantDigits: 2, maximumSignificantDigits: 2 }
  return `$${usd.toLocaleString("en-US", digits)}`
}
