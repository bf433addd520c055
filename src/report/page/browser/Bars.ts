/** Draws one line of the timeline: the bars of an ask, or how many asks of a lane were under way. */
import { h } from "preact"
import type { Row } from "../../View.ts"
import { spanOf } from "./Geometry.ts"
import { idle } from "./List.ts"
import { lookOf } from "./Looks.ts"

export interface Scale {
  readonly totalMillis: number
  /** In pixels; 0 before it is measured. */
  readonly width: number
}

export const Bars = ({ bars, scale }: { readonly bars: Row["bars"]; readonly scale: Scale }) =>
  h(
    "span",
    { class: "bars", "aria-hidden": "true" },
    bars.map(([phase, from, millis], n) => {
      const { left, width } = spanOf(from, millis, scale.totalMillis, scale.width)
      const look = lookOf(phase)
      return h("i", { key: n, class: look.class, style: { ...look.style, left: `${left}px`, width: `${width}px` } })
    })
  )

/** How many rows were under way in each of so many equal parts of the time. */
const densityOf = (rows: ReadonlyArray<Row>, totalMillis: number, parts: number): ReadonlyArray<number> => {
  const changes = Array.from({ length: parts + 1 }, () => 0)
  const partOf = (millis: number) =>
    Math.max(0, Math.min(parts, Math.floor((millis / Math.max(1, totalMillis)) * parts)))
  for (const { bars } of rows) {
    for (const [phase, from, millis] of bars) {
      if (idle.has(phase)) continue
      changes[partOf(from)]!++
      changes[Math.min(parts, partOf(from + millis) + 1)]!--
    }
  }
  let count = 0
  return changes.slice(0, parts).map((change) => (count += change))
}

/** Pixels of a part. */
const partWidth = 3
const height = 22

export const Density = ({
  lane,
  rows,
  scale
}: {
  readonly lane: string
  readonly rows: ReadonlyArray<Row>
  readonly scale: Scale
}) => {
  const parts = Math.max(1, Math.floor(scale.width / partWidth))
  const density = densityOf(rows, scale.totalMillis, parts)
  const most = density.reduce((max, count) => Math.max(max, count), 1)
  const points = density.map(
    (count, n) => `V${(height - (count / most) * (height - 2)).toFixed(1)}H${((n + 1) * scale.width) / parts}`
  )
  return h(
    "svg",
    { class: `density ${lane}`, width: scale.width, height, "aria-hidden": "true" },
    h("path", { d: `M0 ${height}${points.join("")}V${height}Z` })
  )
}
