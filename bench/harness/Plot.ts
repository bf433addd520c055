/** A plot as data, and its picture as SVG. */
import type { EChartsCoreOption, SeriesOption, TitleComponentOption } from "echarts"

/** `category` takes its names, in order, from the points. */
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

/** `note` stands below the picture: what was simulated, on which machine, when. */
export interface Plot {
  readonly title: string
  readonly subtitle?: string
  readonly x: Axis
  readonly y: Axis & { readonly scale: "linear" | "log" }
  readonly series: ReadonlyArray<Series>
  readonly note?: string
}

const width = 820
const height = 480
const left = 76
const right = 32

/** Pixels of a line of labels or of the note, and of a character of a label, about. */
const lineHeight = 14
const labelCharacterWidth = 6.5
/** Pixels of the legend, between its names and lines, of a line with what follows it, and of the symbol before a name. */
const legendWidth = width - 60
const legendGap = 24
const legendLineHeight = 14 + legendGap
const legendSymbolWidth = 30
/** Characters of a line of the note. */
const noteColumns = 130

/** Okabe and Ito's colours, which the colour-blind can tell apart, 2008; then a grey. */
const colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C8C8C"]
const ink = "#1f2328"
const faint = "#59636e"
const grid = "#d1d9e0"

/** Draws the plot on white, so that it can be read on a dark page too. The same plot gives the same text. */
export const svg = async (plot: Plot): Promise<string> => {
  // echarts is large, and few who load this room draw.
  const [{ init, use }, charts, components, renderers] = await Promise.all([
    import("echarts/core"),
    import("echarts/charts"),
    import("echarts/components"),
    import("echarts/renderers")
  ])
  const { GridComponent, LegendComponent, TitleComponent } = components
  use([charts.LineChart, charts.BarChart, GridComponent, LegendComponent, TitleComponent, renderers.SVGRenderer])
  const chart = init(null, undefined, { renderer: "svg", ssr: true, width, height })
  // A chart that is not disposed of keeps the process alive.
  const text = draw(
    () => (chart.setOption(optionOf(plot)), chart.renderToSVGString()),
    () => chart.dispose()
  )
  return `${text.replace(forBrowsers, "").replace(/\bzr\d+-/g, "zr-")}\n`
}

/** What serves a live chart and means nothing in a picture; the classes are numbered through the process. */
const forBrowsers = /<style >[^]*?<\/style>\n?| (?:class|pointer-events|ecmeta_\w+)="[^"]*"/g

const draw = (render: () => string, dispose: () => void): string => {
  try {
    return render()
  } finally {
    dispose()
  }
}

const optionOf = (plot: Plot): EChartsCoreOption => {
  const note = plot.note === undefined ? [] : linesOf(plot.note, noteColumns)
  // Both stand below the axis: what takes more lines takes them from the picture.
  const labelHeight = lineHeight * (Math.max(1, ...labelsOf(plot).map(({ length }) => length)) - 1)
  const noteHeight = note.length === 0 ? 0 : 12 + lineHeight * note.length
  const top = plot.subtitle === undefined ? 40 : 58
  return {
    animation: false,
    backgroundColor: "#ffffff",
    textStyle: { fontFamily: "system-ui, sans-serif", color: ink },
    title: [titleOf(plot), ...(note.length === 0 ? [] : [noteOf(note.join("\n"))])],
    legend: { top, width: legendWidth, itemGap: legendGap, textStyle: { color: ink } },
    grid: {
      top: top + 2 + legendLineHeight * legendLines(plot.series),
      bottom: 56 + labelHeight + noteHeight,
      left,
      right
    },
    xAxis: { ...axisOf(plot.x, plot.series), nameGap: 30 + labelHeight },
    yAxis: { ...axisOf(plot.y, []), nameGap: 52 },
    series: plot.series.map((one, index) => seriesOf(one, plot.x, colourOf(plot.series, index)))
  }
}

/** How many lines the names of the series take. */
const legendLines = (series: ReadonlyArray<Series>): number => {
  let lines = 1
  let used = 0
  for (const { name } of series) {
    const needed = legendSymbolWidth + name.length * labelCharacterWidth
    if (used > 0 && used + legendGap + needed > legendWidth) {
      lines++
      used = needed
    } else used += (used > 0 ? legendGap : 0) + needed
  }
  return lines
}

/** Breaks lines between words where they would pass so many characters. */
const linesOf = (text: string, columns: number): ReadonlyArray<string> =>
  text.split("\n").flatMap((line) => {
    const [first = "", ...words] = line.split(" ")
    const lines = [first]
    for (const word of words) {
      const longer = `${lines.at(-1)} ${word}`
      if (longer.length > columns) lines.push(word)
      else lines[lines.length - 1] = longer
    }
    return lines
  })

const categoryNames = (series: ReadonlyArray<Series>): ReadonlyArray<string> => [
  ...new Set(series.flatMap(({ points }) => points.map(([x]) => String(x))))
]

/** A category's name in lines that do not reach into its neighbours. */
const labelOf = (name: string, count: number): ReadonlyArray<string> =>
  linesOf(name, Math.floor((width - left - right) / count / labelCharacterWidth))

const labelsOf = ({ series, x }: Plot): ReadonlyArray<ReadonlyArray<string>> => {
  const names = x.scale === "category" ? categoryNames(series) : []
  return names.map((name) => labelOf(name, names.length))
}

const titleOf = ({ subtitle, title }: Plot): TitleComponentOption => ({
  text: title,
  left: "center",
  top: 10,
  textStyle: { color: ink, fontSize: 17 },
  ...(subtitle !== undefined && { subtext: subtitle, subtextStyle: { color: faint, fontSize: 12 } })
})

const noteOf = (note: string): TitleComponentOption => ({
  text: note,
  left: "center",
  bottom: 6,
  textStyle: { color: faint, fontSize: 11, fontWeight: "normal", lineHeight }
})

const axisOf = ({ label, scale }: Axis, series: ReadonlyArray<Series>) => {
  const names = scale === "category" ? categoryNames(series) : []
  return {
    type: scale === "linear" ? "value" : scale,
    name: label,
    nameLocation: "middle",
    nameTextStyle: { color: ink },
    axisLabel: {
      color: ink,
      lineHeight,
      // A bar without its name says nothing.
      ...(scale === "category" && { interval: 0, formatter: (name: string) => labelOf(name, names.length).join("\n") })
    },
    axisLine: { lineStyle: { color: faint } },
    splitLine: { show: scale !== "category", lineStyle: { color: grid } },
    ...(scale === "category" && { data: names }),
    ...(scale === "log" && { logBase: isDoubling(series) ? 2 : 10 })
  }
}

/** Powers of two want ticks at powers of two. */
const isDoubling = (series: ReadonlyArray<Series>): boolean =>
  series.length > 0 && series.every(({ points }) => points.every(([x]) => Number.isInteger(Math.log2(Number(x)))))

/** A dashed bar is what the bar before it might have been, and has its colour. */
const colourOf = (series: ReadonlyArray<Series>, index: number): string => {
  const own = series.slice(0, index + 1).filter(({ dashed, kind }) => kind === "line" || dashed !== true)
  return colours[Math.max(0, own.length - 1) % colours.length]!
}

const seriesOf = ({ dashed, kind, name, points }: Series, axis: Axis, color: string): SeriesOption => {
  // On an axis of categories a number would be an index.
  const data = points.map(([x, y]) => [axis.scale === "category" ? String(x) : x, y])
  if (kind === "line") {
    const lineStyle = { width: 2, type: dashed === true ? ("dashed" as const) : ("solid" as const) }
    return { type: "line", name, data, color, symbolSize: 6, lineStyle }
  }
  return {
    type: "bar",
    name,
    data,
    color,
    barGap: "8%",
    label: { show: true, position: "top", color: ink, opacity: 1, fontSize: 11, formatter: heightOf },
    ...(dashed === true && { itemStyle: { opacity: 0.35, borderType: "dashed", borderColor: ink } })
  }
}

const heightOf = ({ value }: { readonly value?: unknown }): string =>
  String(Number(Number((value as ReadonlyArray<number>)[1]).toPrecision(3)))
