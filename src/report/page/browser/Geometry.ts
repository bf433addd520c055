/** Where a bar lies on the timeline, and where the ruler has its marks. Pure: pixels from milliseconds. */

/** Narrower bars could not be seen. */
const minWidth = 1

export interface Span {
  readonly left: number
  readonly width: number
}

/** Both ends lie within a pixel of the truth: nothing is rounded, and a bar is widened to one pixel at most. */
export const spanOf = (from: number, millis: number, totalMillis: number, width: number): Span => {
  const scale = totalMillis <= 0 ? 0 : width / totalMillis
  const left = Math.min(from * scale, Math.max(0, width - minWidth))
  return { left, width: Math.max(minWidth, Math.min(millis * scale, width - left)) }
}

/** Round steps, in milliseconds. */
const steps = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000,
  900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 21_600_000, 43_200_000, 86_400_000
]

/** The marks of a ruler, of which none is nearer to the next than `apart` pixels. */
export const marksOf = (totalMillis: number, width: number, apart: number): ReadonlyArray<number> => {
  if (totalMillis <= 0 || width <= 0) return [0]
  const wanted = (totalMillis * apart) / width
  const day = steps.at(-1)!
  const step = steps.find((step) => step >= wanted) ?? Math.ceil(wanted / day) * day
  return Array.from({ length: Math.floor(totalMillis / step) + 1 }, (_, n) => n * step)
}

/** `0`, `200 ms`, `1.5 s`, `2 min`, `1 h 30 min`: as exact as the ruler's step. */
export const markText = (millis: number): string => {
  if (millis === 0) return "0"
  if (millis < 1000) return `${millis} ms`
  if (millis < 60_000) return `${millis / 1000} s`
  const minutes = Math.floor(millis / 60_000)
  const seconds = (millis % 60_000) / 1000
  if (minutes < 60) return seconds === 0 ? `${minutes} min` : `${minutes} min ${seconds} s`
  const rest = minutes % 60
  return rest === 0 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60)} h ${rest} min`
}
