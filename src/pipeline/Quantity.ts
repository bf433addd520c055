/** Reads the quantities of typed answers: numbers with units, ranges, percentages, dates, and yes or no. */

/** `low` and `high` in the base of the unit; `tolerance`: how far a rounded value may be from the exact one. */
export interface Quantity {
  readonly low: number
  readonly high: number
  readonly tolerance: number
  /** `undefined` where neither the value nor its key has one. */
  readonly unit: string | undefined
  readonly text: string
}

type Unit = readonly [kind: string, factor: number]

const unitRows: ReadonlyArray<readonly [string, string, number]> = [
  ["percent", "% percent pct percentage", 1],
  ["EUR", "€ eur euro", 1],
  ["USD", "$ usd dollar", 1],
  ["GBP", "£ gbp", 1],
  ["CHF", "chf franc", 1],
  ["JPY", "¥ jpy yen", 1],
  ["length", "km kilometre kilometer", 1000],
  ["length", "m metre meter", 1],
  ["length", "cm centimetre centimeter", 0.01],
  ["length", "mm", 0.001],
  ["length", "mile mi", 1609.344],
  ["mass", "kg kilogram", 1],
  ["mass", "g gram", 0.001],
  ["mass", "t ton tonne", 1000],
  ["time", "ms millisecond millis", 0.001],
  ["time", "s sec second", 1],
  ["time", "min minute", 60],
  ["time", "h hour", 3600],
  ["time", "day", 86_400],
  ["time", "week", 604_800],
  ["time", "month", 2_629_746],
  ["time", "year", 31_556_952],
  ["energy", "kwh", 1],
  ["energy", "mwh", 1000],
  ["energy", "gwh", 1_000_000],
  ["energy", "twh", 1e9],
  ["power", "kw kilowatt", 1],
  ["power", "mw megawatt", 1000],
  ["power", "gw gigawatt", 1_000_000],
  ["temperature", "°c celsius", 1],
  ["data", "kb", 1e3],
  ["data", "mb", 1e6],
  ["data", "gb", 1e9],
  ["data", "tb", 1e12]
]

const units = new Map(
  unitRows.flatMap(([kind, names, factor]) => names.split(" ").map((name) => [name, [kind, factor] as Unit] as const))
)

const scales = new Map(
  Object.entries({ thousand: 1e3, million: 1e6, mn: 1e6, mio: 1e6, billion: 1e9, bn: 1e9, trillion: 1e12 })
)

const singular = (word: string): string => (word.length > 3 && /[^u]s$/.test(word) ? word.slice(0, -1) : word)

/** Words of a key that say nothing of what it is about. */
const filler = new Set("rate value amount approx estimated estimate current in of the a an about".split(" "))

/** The words of a key in camelCase, snake_case or with blanks, in lower case. */
export const wordsOf = (key: string): ReadonlyArray<string> =>
  key
    .replaceAll(/(?<=[a-z\d])(?=[A-Z])|[_\-\s]+/g, " ")
    .toLowerCase()
    .split(" ")
    .filter((word) => word !== "")

/** What a key is about, without units and scales: `growthPercent` and `growth_rate` are `growth`. */
export const subjectOf = (key: string): string => {
  const words = wordsOf(key)
  const per = words.indexOf("per")
  const kept = (per < 0 ? words : words.slice(0, per)).filter(
    (word) => !filler.has(word) && !scales.has(word) && (word.length === 1 || !units.has(singular(word)))
  )
  return (kept.length === 0 ? words : kept).join(" ")
}

/** The unit that the words of a key name, a rate (`per year`) with what it is measured by. */
const unitOfWords = (words: ReadonlyArray<string>): { readonly unit: Unit | undefined; readonly scale: number } => {
  const per = words.indexOf("per")
  const own = per < 0 ? words : words.slice(0, per)
  const found = own.map((word) => units.get(word) ?? units.get(singular(word))).find((unit) => unit !== undefined)
  const by = per < 0 || words[per + 1] === "cent" ? "" : ` per ${singular(words[per + 1] ?? "")}`
  const scale = own.map((word) => scales.get(singular(word)) ?? 1).reduce((a, b) => a * b, 1)
  return { unit: found && [`${found[0]}${by}`, found[1]], scale }
}

// Escaped, as a tagged template keeps what it is written with: one such character would double the bytes of the bundle in memory.
const digits = String.raw`[-\u2212]?\d[\d,.\u00a0\u202f']*`
const currency = String.raw`[\u20ac$\u00a3\u00a5]|eur|usd|gbp|chf|jpy`
const quantity = new RegExp(
  String.raw`^(about|ca\.?|circa|around|roughly|some|approximately|approx\.?|~|\u2248|over|more than|at least|from|>|\u2265|under|less than|at most|up to|<|\u2264)?\s*(${currency})?\s*(${digits})\s*(%?)(?:\s*(?:\u2013|\u2014|-|to|and|bis)\s*(?:${currency})?\s*(${digits}))?\s*(.{0,40})$`,
  "i"
)

const isLeast = /^(?:over|more than|at least|from|>|≥)$/i
const isMost = /^(?:under|less than|at most|up to|<|≤)$/i

/** A number as English text writes it; `undefined` where its signs are in no order that is known. */
const numberOf = (text: string): { readonly value: number; readonly tolerance: number } | undefined => {
  const plain = text
    .replace("−", "-")
    .replaceAll(/[,\u00a0\u202f'](?=\d{3}(?:\D|$))/g, "")
    .replace(/[.,]$/, "")
    .replace(/,(?=\d{1,2}$)/, ".")
  if (!/^-?\d+(?:\.\d+)?$/.test(plain)) return undefined
  return { value: Number(plain), tolerance: toleranceOf(plain) }
}

/** Half of the last decimal place; of whole thousands half of their last digit that is not 0, but at most a fortieth. */
const toleranceOf = (plain: string): number => {
  const decimals = /\.(\d+)$/.exec(plain)?.[1]?.length ?? 0
  if (decimals > 0) return 0.5 * 10 ** -decimals
  const zeros = /0+$/.exec(plain)?.[0].length ?? 0
  const value = Math.abs(Number(plain))
  return Math.max(0.5, zeros < 2 ? 0 : Math.min(0.5 * 10 ** zeros, value / 40))
}

const dayMillis = 86_400_000
const months = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ")
const date =
  /^(?:(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T.*)?)?)?|(?:(\d{1,2})\.? )?([a-z]{3,9})\.? (\d{4})|q([1-4])[ /](\d{4}))$/i

/** A day, a month, a quarter or a year, in days. */
const dateOf = (text: string): Pick<Quantity, "low" | "high"> | undefined => {
  const found = date.exec(text)
  if (found === null) return undefined
  const [, isoYear, isoMonth, isoDay, day, monthName, namedYear, quarter, quarterYear] = found
  const named = monthName === undefined ? -1 : months.indexOf(monthName.slice(0, 3).toLowerCase())
  if (monthName !== undefined && named < 0) return undefined
  const year = Number(isoYear ?? namedYear ?? quarterYear)
  const month =
    isoMonth !== undefined
      ? Number(isoMonth) - 1
      : named >= 0
        ? named
        : quarter !== undefined
          ? 3 * (Number(quarter) - 1)
          : 0
  const given = Number(isoDay ?? day ?? 0)
  const length = given > 0 ? undefined : isoMonth !== undefined || named >= 0 ? 1 : quarter === undefined ? 12 : 3
  const low = Date.UTC(year, month, given || 1) / dayMillis
  return { low, high: length === undefined ? low : Date.UTC(year, month + length, 1) / dayMillis - 1 }
}

const yesOrNo = new Map([
  ["true", 1],
  ["yes", 1],
  ["false", 0],
  ["no", 0]
])

const isOfDates = /\b(?:date|year|since|founded|start|end|deadline|until|by|when|launch)\b/

/** The quantity of a value under its key; `undefined` for any other text. */
export const of = (key: string, value: unknown): Quantity | undefined => {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return undefined
  const text = String(value).trim()
  const bool = yesOrNo.get(text.toLowerCase())
  if (bool !== undefined) return { low: bool, high: bool, tolerance: 0, unit: "yes or no", text }
  const words = wordsOf(key)
  const days = /^\d{4}$/.test(text) && !isOfDates.test(words.join(" ")) ? undefined : dateOf(text)
  if (days !== undefined) return { ...days, tolerance: 0, unit: "date", text }
  const found = quantity.exec(text)
  if (found === null) return undefined
  const [, bound = "", sign, first = "", percent, second, rest = ""] = found
  const [low, high] = [numberOf(first), second === undefined ? undefined : numberOf(second)]
  if (low === undefined || (second !== undefined && high === undefined)) return undefined
  const restWords = rest
    .toLowerCase()
    .replaceAll("/", " per ")
    .split(/\s+/)
    .filter((word) => word !== "")
  // A longer text is a sentence, whose other words may change what the number means.
  if (restWords.length > 5) return undefined
  const ofKey = unitOfWords(words)
  const ofText = unitOfWords([sign?.toLowerCase() ?? "", percent ?? "", ...restWords].filter((word) => word !== ""))
  const unit = ofText.unit ?? ofKey.unit
  const scale = (ofText.scale === 1 ? ofKey.scale : ofText.scale) * (unit?.[1] ?? 1)
  const top = high ?? low
  return {
    low: isMost.test(bound) ? Number.NEGATIVE_INFINITY : low.value * scale,
    high: isLeast.test(bound) ? Number.POSITIVE_INFINITY : top.value * scale,
    tolerance: Math.max(low.tolerance, top.tolerance) * scale,
    unit: unit?.[0],
    text
  }
}

/** The range from one value to another of the same key. */
export const rangeOf = (from: Quantity, to: Quantity): Quantity => ({
  ...from,
  high: to.high,
  tolerance: Math.max(from.tolerance, to.tolerance),
  text: `${from.text} to ${to.text}`
})

/** Whether not both can be true of the same thing: units that can be compared, and ranges that do not meet. */
export const contradict = (a: Quantity, b: Quantity): boolean => {
  if (a.unit !== undefined && b.unit !== undefined && a.unit !== b.unit) return false
  const isFraction = ({ high, unit }: Quantity) => unit === undefined && Math.abs(high) <= 1
  // 0.12 may stand for 12 %.
  if ((a.unit === "percent" && isFraction(b)) || (b.unit === "percent" && isFraction(a))) return false
  const gap = Math.max(a.low, b.low) - Math.min(a.high, b.high)
  return gap > Math.max(a.tolerance, b.tolerance) + 1e-9 * Math.abs(a.low === Number.NEGATIVE_INFINITY ? 0 : a.low)
}
