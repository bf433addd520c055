/** The echarts options of a plot: layout, axes, colours. */
import type { EChartsCoreOption, SeriesOption, TitleComponentOption } from "echarts"
import type { Axis, Plot, Series } from "./Plot.ts"

/** Pixels of the whole picture. */
export const width = 820
export const height = 480

/** Pixels beside the drawing area. */
const left = 76
const right = 32

/** Pixels of a line of text, and of a character of a label on average. */
const lineHeight = 14
const labelCharacterWidth = 6.5
/** Pixels of the legend: its width, the gap between names and between lines, a line with its gap, the symbol of a name. */
const legendWidth = width - 60
const legendGap = 24
const legendLineHeight = 14 + legendGap
const legendSymbolWidth = 30
/** Characters per line of the note. */
const noteColumns = 130

/** Okabe and Ito's palette (2008), which colour-blind readers can distinguish, then a grey. */
const colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C8C8C"]
const ink = "#1f2328"
const faint = "#59636e"
const grid = "#d1d9e0"

/** The echarts options of a plot. */
export const of = (plot: Plot): EChartsCoreOption => {
  const note = plot.note === undefined ? [] : linesOf(plot.note, noteColumns)
  // Labels and note are below the axis: each further line reduces the height of the drawing area.
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

/** How many lines the legend needs. */
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

/** Breaks each line of the text between words so that none exceeds `columns` characters. */
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

/** The name of a category, broken into lines no wider than its share of the axis. */
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
      // With interval 0 echarts leaves out no name.
      ...(scale === "category" && { interval: 0, formatter: (name: string) => labelOf(name, names.length).join("\n") })
    },
    axisLine: { lineStyle: { color: faint } },
    splitLine: { show: scale !== "category", lineStyle: { color: grid } },
    ...(scale === "category" && { data: names }),
    ...(scale === "log" && { logBase: isDoubling(series) ? 2 : 10 })
  }
}

/** If every x is a power of two, so are the ticks. */
const isDoubling = (series: ReadonlyArray<Series>): boolean =>
  series.length > 0 && series.every(({ points }) => points.every(([x]) => Number.isInteger(Math.log2(Number(x)))))

/** A dashed bar is the ideal of the series before it, and has the same colour. */
const colourOf = (series: ReadonlyArray<Series>, index: number): string => {
  const own = series.slice(0, index + 1).filter(({ dashed, kind }) => kind === "line" || dashed !== true)
  return colours[Math.max(0, own.length - 1) % colours.length]!
}

const seriesOf = ({ dashed, kind, name, points }: Series, axis: Axis, color: string): SeriesOption => {
  // On a category axis echarts takes a number as an index.
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
    label: { show: true, position: "top", color: ink, opacity: 1, fontSize: 11, formatter: labelOfBar },
    ...(dashed === true && { itemStyle: { opacity: 0.35, borderType: "dashed", borderColor: ink } })
  }
}

const labelOfBar = ({ value }: { readonly value?: unknown }): string =>
  String(Number(Number((value as ReadonlyArray<number>)[1]).toPrecision(3)))
