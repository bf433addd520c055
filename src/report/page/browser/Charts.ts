/** Requests in flight, and answers and tokens a minute, over the time of the run; in words for who does not see them. */
import { h } from "preact"
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks"
import uPlot from "uplot"
import { numberText, plural } from "../../../options/NumberText.ts"
import { inert } from "../../PlainText.ts"
import type { View } from "../../View.ts"
import { markText } from "./Geometry.ts"
import { concurrencyOf, inFlightOf, joined, ratesOf } from "./Load.ts"
import { concurrencyText } from "./Words.ts"

const height = 190
/** Parts of the time of which rates are taken; fewer than pixels, so that a rate is of several answers. */
const parts = 60

const compact = new Intl.NumberFormat("en-US", { notation: "compact" })

const dark = matchMedia("(prefers-color-scheme: dark)")

/** Colours of the page, which a canvas does not inherit. */
const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()

interface Line {
  readonly label: string
  readonly colour: string
  readonly values: ReadonlyArray<number | null>
  readonly isStepped?: boolean
  /** A limit: a dashed line without an area. */
  readonly isLimit?: boolean
}

const Chart = ({
  at,
  lines,
  title
}: {
  readonly at: ReadonlyArray<number>
  readonly lines: ReadonlyArray<Line>
  readonly title: string
}) => {
  const place = useRef<HTMLDivElement>(null)
  const [isDark, setDark] = useState(dark.matches)
  useLayoutEffect(() => {
    const change = () => setDark(dark.matches)
    dark.addEventListener("change", change)
    return () => dark.removeEventListener("change", change)
  }, [])
  useLayoutEffect(() => {
    const element = place.current
    if (element === null) return
    const axis = {
      stroke: colour("soft"),
      grid: { stroke: colour("line"), width: 1 },
      ticks: { show: false },
      font: "12px system-ui, sans-serif"
    }
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height,
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false } },
        axes: [
          { ...axis, values: (_, marks) => marks.map(markText) },
          { ...axis, size: 46, values: (_, marks) => marks.map((mark) => compact.format(mark)) }
        ],
        series: [
          {},
          ...lines.map((line) => ({
            label: line.label,
            stroke: colour(line.colour),
            ...(line.isLimit === true ? { dash: [4, 4] } : { fill: `${colour(line.colour)}33` }),
            width: 1.5,
            points: { show: false },
            ...(line.isStepped === true && { paths: uPlot.paths.stepped!({ align: 1 }) })
          }))
        ]
      },
      [[...at], ...lines.map(({ values }) => [...values])],
      element
    )
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      plot.destroy()
    }
  }, [at, lines, isDark])
  return h("figure", { class: "chart" }, [h("figcaption", {}, title), h("div", { ref: place, "aria-hidden": "true" })])
}

/** The largest of many, which may be more than arguments may be. */
const mostOf = (values: ReadonlyArray<number>): number => values.reduce((most, value) => Math.max(most, value), 0)

/** A line as long as the time. */
const limitLine = (at: ReadonlyArray<number>, limit: number): Line => ({
  label: "limit",
  colour: "failed",
  values: at.map(() => limit),
  isLimit: true
})

const limitText = ({ inputTokens, model, outputTokens, requests }: View["limits"][number]): string => {
  const parts = [
    requests === null ? "" : `${numberText(requests)} requests`,
    inputTokens === null ? "" : `${numberText(inputTokens)} input tokens`,
    outputTokens === null ? "" : `${numberText(outputTokens)} output tokens`
  ]
  return `${inert(model)}: ${parts.filter((part) => part !== "").join(", ")}`
}

export const Charts = ({ view }: { readonly view: View }) => {
  const { asks, concurrency, durationMillis, interventions, limits, synthesis } = view
  const [load, rates] = useMemo(() => {
    const rows = synthesis === null ? asks : [...asks, synthesis]
    const limits = concurrencyOf({ concurrency, ...(interventions && { interventions }) })
    return [joined(inFlightOf(rows), limits), ratesOf(asks, durationMillis, parts)]
  }, [asks, concurrency, durationMillis, interventions, synthesis])
  const inFlight = useMemo(() => {
    const line = { label: "in flight", colour: "answer", values: load.count, isStepped: true }
    const limit: Line = { label: "limit", colour: "failed", values: load.limit, isStepped: true, isLimit: true }
    return load.limit.some((each) => each !== null) ? [line, limit] : [line]
  }, [load])
  const tokens = useMemo(() => {
    const line = { label: "tokens", colour: "reused", values: rates.tokens, isStepped: true }
    const allowed = limits.flatMap(({ outputTokens }) => outputTokens ?? [])
    return [line, ...[...new Set(allowed)].map((limit) => limitLine(rates.at, limit))]
  }, [rates, limits])
  if (asks.length < 2) return null
  const [tokensAtMost, answersAtMost] = [mostOf(rates.tokens), mostOf(rates.answers)]
  const most =
    tokensAtMost === 0 && answersAtMost === 0
      ? ""
      : `; the most that came in a ${parts}th of the time was ${numberText(tokensAtMost)} output tokens and ${numberText(answersAtMost)} answers a minute`
  return h("section", { "aria-labelledby": "load" }, [
    h("h2", { id: "load" }, "Concurrency and rate"),
    h(
      "p",
      { class: "soft" },
      `At most ${plural(mostOf(load.count), "request was", "requests were")} in flight${most}.`
    ),
    limits.length > 0 &&
      h(
        "p",
        { class: "soft" },
        `The account allows a minute, as its replies said: ${limits.map(limitText).join("; ")}.`
      ),
    limits.length === 0 &&
      view.isFromJournal === true &&
      h(
        "p",
        { class: "soft" },
        "What the account allows a minute is not shown: that is in headers of replies, which the journal does not keep. The page that the run itself writes (-o report.html) has it."
      ),
    h("div", { class: "charts" }, [
      h(Chart, {
        at: load.at,
        lines: inFlight,
        title:
          inFlight.length > 1
            ? `Requests in flight; dashed: concurrency ${concurrencyText(view)}`
            : "Requests in flight"
      }),
      h(Chart, {
        at: rates.at,
        lines: tokens,
        title: tokens.length > 1 ? "Output tokens a minute; dashed: what the account allows" : "Output tokens a minute"
      })
    ])
  ])
}
