/** Draws a plot as SVG with echarts. */
import * as ChartOptions from "./ChartOptions.ts"
import type * as Plot from "./Plot.ts"

/** The SVG text, on a white background so that it is readable on dark pages. The same plot gives the same text. */
export const render = async (plot: Plot.Plot): Promise<string> => {
  // echarts is large, and most runs that load this file draw nothing.
  const [{ init, use }, charts, components, renderers] = await Promise.all([
    import("echarts/core"),
    import("echarts/charts"),
    import("echarts/components"),
    import("echarts/renderers")
  ])
  const { GridComponent, LegendComponent, TitleComponent } = components
  use([charts.LineChart, charts.BarChart, GridComponent, LegendComponent, TitleComponent, renderers.SVGRenderer])
  const chart = init(null, undefined, {
    renderer: "svg",
    ssr: true,
    width: ChartOptions.width,
    height: ChartOptions.height
  })
  // A chart that is not disposed keeps the process alive.
  const text = drawThenDispose(
    () => (chart.setOption(ChartOptions.of(plot)), chart.renderToSVGString()),
    () => chart.dispose()
  )
  return `${text.replace(interactiveParts, "").replace(/\bzr\d+-/g, "zr-")}\n`
}

/** Styles, classes and attributes of an interactive chart; classes are numbered per process, so that texts would differ. */
const interactiveParts = /<style >[^]*?<\/style>\n?| (?:class|pointer-events|ecmeta_\w+)="[^"]*"/g

const drawThenDispose = (render: () => string, dispose: () => void): string => {
  try {
    return render()
  } finally {
    dispose()
  }
}
