/** The asks over time: a ruler, one after another and ideal beside it, and a row for each ask, of which only those in sight are drawn. */
import { h } from "preact"
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks"
import { comparedOf } from "../../FiveAnswers.ts"
import { heldText } from "../../HeldText.ts"
import { inert } from "../../PlainText.ts"
import { phases } from "../../Phases.ts"
import type { Row, View } from "../../View.ts"
import { Bars, type Scale } from "./Bars.ts"
import { Choices } from "./Choices.ts"
import { markText, marksOf, spanOf } from "./Geometry.ts"
import { chosen, type Filter, itemsOf, type Lane, type Sort } from "./List.ts"
import { lookOf } from "./Looks.ts"
import { Rows } from "./Rows.ts"
import { costText, millisText, phaseNames, rowText } from "./Words.ts"

export const Timeline = ({
  onOpen,
  view
}: {
  readonly view: View
  readonly onOpen: (opened: number | "synthesis") => void
}) => {
  const [search, setSearch] = useState("")
  const [filter, setFilter] = useState<Filter>("all")
  const [sort, setSort] = useState<Sort>("plan")
  const [unfolded, setUnfolded] = useState<ReadonlySet<Lane>>(new Set())
  const [pointed, setPointed] = useState<Row | undefined>(undefined)
  const [width, setWidth] = useState(0)
  const ruler = useRef<HTMLDivElement>(null)
  const { asks, synthesis } = view
  const rows = useMemo(() => chosen(asks, { filter, search, sort }), [asks, filter, search, sort])
  const items = useMemo(() => itemsOf(asks, rows, unfolded), [asks, rows, unfolded])
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0))
    if (ruler.current !== null) observer.observe(ruler.current)
    return () => observer.disconnect()
  }, [])
  const { idealMillis, sequentialMillis } = comparedOf(view)
  const scale: Scale = { totalMillis: view.durationMillis, width }
  const toggle = (lane: Lane) =>
    setUnfolded((before) => new Set(before.has(lane) ? [...before].filter((each) => each !== lane) : [...before, lane]))
  return h("section", { "aria-labelledby": "timeline", class: "timeline" }, [
    h("h2", { id: "timeline" }, "Timeline"),
    h(Compared, { durationMillis: view.durationMillis, idealMillis, sequentialMillis }),
    h(Choices, {
      search,
      filter,
      sort,
      count: rows.length,
      total: asks.length,
      onSearch: setSearch,
      onFilter: setFilter,
      onSort: setSort
    }),
    h(
      "p",
      { class: "readout", "aria-hidden": "true" },
      pointed === undefined
        ? "Point at a row, or tap it, for what it did."
        : `${inert(pointed.name)}: ${rowText(pointed)}`
    ),
    h("div", { class: "line ruler", "aria-hidden": "true" }, [
      h("span", { class: "name" }),
      h(
        "div",
        { class: "bars", ref: ruler },
        marksOf(scale.totalMillis, width, 70).map((mark) =>
          h(
            "span",
            { key: mark, class: "mark", style: { left: `${spanOf(mark, 0, scale.totalMillis, width).left}px` } },
            markText(mark)
          )
        )
      )
    ]),
    h(Rows, { asks, items, scale, onOpen, onToggle: toggle, onPoint: setPointed }),
    synthesis !== null &&
      h(
        "button",
        {
          type: "button",
          class: "line synthesis",
          onClick: () => onOpen("synthesis"),
          onFocus: () => setPointed(synthesis),
          onMouseEnter: () => setPointed(synthesis)
        },
        [
          h("span", { class: "name" }, "synthesis"),
          h("span", { class: "unseen" }, `: ${rowText(synthesis)} `),
          h(Bars, { bars: synthesis.bars, scale }),
          h("span", { class: "time" }, millisText(synthesis.durationMillis ?? 0)),
          h("span", { class: "cost" }, costText(synthesis))
        ]
      ),
    h(Key, { view })
  ])
}

/** The run beside what it would have been one after another, and at least. */
const Compared = ({
  durationMillis,
  idealMillis,
  sequentialMillis
}: {
  readonly durationMillis: number
  readonly idealMillis: number
  readonly sequentialMillis: number
}) => {
  const most = Math.max(durationMillis, idealMillis, sequentialMillis, 1)
  const line = (name: string, kind: string, millis: number, note: string) =>
    h("div", { class: "compared", key: kind }, [
      h("span", { class: "name" }, name),
      h(
        "span",
        { class: "track" },
        h("i", { class: kind, style: { width: `${Math.max(0.2, (millis / most) * 100)}%` } })
      ),
      h("span", { class: "time" }, millisText(millis)),
      h("span", { class: "note" }, note)
    ])
  return h("div", { class: "comparison" }, [
    line("This run", "run", durationMillis, ""),
    line(
      "One after another",
      "sequential",
      sequentialMillis,
      "the attempts of each ask and the waits between them, and the synthesis"
    ),
    line("Ideal", "ideal", idealMillis, "the slowest ask alone, and the synthesis")
  ])
}

const Key = ({ view }: { readonly view: View }) => {
  // What nobody could see in the bars needs no word.
  const least = view.durationMillis / 500
  const rows = view.synthesis === null ? view.asks : [...view.asks, view.synthesis]
  const used = new Set(
    rows.flatMap(({ bars }) => bars.flatMap(([phase, , millis]) => (millis >= least ? [phase] : [])))
  )
  return h(
    "ul",
    { class: "key", "aria-label": "What the bars mean" },
    phases
      .filter((phase) => used.has(phase))
      .map((phase) =>
        h("li", { key: phase }, [
          h("i", { ...lookOf(phase), "aria-hidden": "true" }),
          phase === "paced" ? heldText(view) : phaseNames[phase]
        ])
      )
  )
}
