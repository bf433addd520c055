/** Durations as text for people. Each form has one function here: as a plan writes it, exact seconds, and rounded. */

const units = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000]
] as const

/** As a plan writes it: `90 seconds`, `2 minutes`. Used where a message names a value of a plan or a flag. */
export const planText = (millis: number): string => {
  const [unit, size] =
    units.find(([, size]) => millis >= 2 * size && millis % size === 0) ??
    (millis < 1000 ? (["milli", 1] as const) : (["second", 1000] as const))
  return `${millis / size} ${unit}${millis === size ? "" : "s"}`
}

/** Exact seconds: `90 s`, `0.25 s`. Used in errors, which name the limit that was exceeded. */
export const secondsText = (millis: number): string => `${millis / 1000} s`

/** Rounded: `0.9 s`, `12 s`, `2 min 5 s`, `1 h 2 min`. Used for measured times in progress and tables. */
export const roundedText = (millis: number): string => {
  const tenths = Math.round(Math.max(0, millis) / 100)
  if (tenths < 100) return `${(tenths / 10).toFixed(1)} s`
  const seconds = Math.round(millis / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** How old something is: `just now`, `12 min old`, `5 h old`, `3 days old`. Of a clock that was set back, `just now`. */
export const ageText = (millis: number): string => {
  const minutes = Math.floor(millis / 60_000)
  if (minutes < 1) return "just now"
  if (minutes < 60) return `${minutes} min old`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} h old`
  return `${Math.floor(hours / 24)} days old`
}
