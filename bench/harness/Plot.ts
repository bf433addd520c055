/** A plot as data; `PlotSvg` draws it. */

/** With scale `category`, the names are those of the points in order of first appearance. */
export interface Axis {
  readonly label: string
  readonly scale: "linear" | "log" | "category"
}

export interface Series {
  readonly name: string
  readonly kind: "line" | "bar"
  readonly points: ReadonlyArray<readonly [x: number | string, y: number]>
  readonly dashed?: boolean
}

/** `note` is printed below the plot: what was simulated, on which machine, when. */
export interface Plot {
  readonly title: string
  readonly subtitle?: string
  readonly x: Axis
  readonly y: Axis & { readonly scale: "linear" | "log" }
  readonly series: ReadonlyArray<Series>
  readonly note?: string
}
