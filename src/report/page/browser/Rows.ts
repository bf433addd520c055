/** The rows of the timeline: of thousands only those in sight are drawn; they are walked through with the arrow keys. */
import { h } from "preact"
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"
import { inert } from "../../PlainText.ts"
import type { Row, View } from "../../View.ts"
import { Bars, Density, type Scale } from "./Bars.ts"
import { type Item, type Lane, laneNames } from "./List.ts"
import { costText, millisText, rowText, statusText } from "./Words.ts"

/** Pixels of a row, which on a phone has its bars below its name: as in `style/timeline.css`. */
const heights = { wide: 30, narrow: 52 }
const narrow = matchMedia("screen and (max-width: 44rem)")

const useRowHeight = (): number => {
  const [isNarrow, setNarrow] = useState(narrow.matches)
  useEffect(() => {
    const change = () => setNarrow(narrow.matches)
    narrow.addEventListener("change", change)
    return () => narrow.removeEventListener("change", change)
  }, [])
  return isNarrow ? heights.narrow : heights.wide
}

/** Rows drawn beyond those in sight, above and below. */
const margin = 8
/** So many are printed. */
const maxPrinted = 300

interface Props {
  readonly asks: View["asks"]
  readonly items: ReadonlyArray<Item>
  readonly scale: Scale
  readonly onOpen: (index: number) => void
  readonly onToggle: (lane: Lane) => void
  readonly onPoint: (row: Row | undefined) => void
}

export const Rows = ({ asks, items, onOpen, onPoint, onToggle, scale }: Props) => {
  const list = useRef<HTMLDivElement>(null)
  const rowHeight = useRowHeight()
  const [top, setTop] = useState(0)
  const [active, setActive] = useState(0)
  const [isPrinting, setPrinting] = useState(false)
  const hasMoved = useRef(false)
  const at = Math.min(active, Math.max(0, items.length - 1))

  useEffect(() => {
    const [before, after] = [() => setPrinting(true), () => setPrinting(false)]
    addEventListener("beforeprint", before)
    addEventListener("afterprint", after)
    return () => {
      removeEventListener("beforeprint", before)
      removeEventListener("afterprint", after)
    }
  }, [])
  useLayoutEffect(() => {
    if (!hasMoved.current) return
    hasMoved.current = false
    list.current?.querySelector<HTMLElement>(`[data-n="${at}"]`)?.focus({ preventScroll: true })
  })

  const inSight = Math.ceil((list.current?.clientHeight ?? 600) / rowHeight)
  const first = isPrinting ? 0 : Math.max(0, Math.floor(top / rowHeight) - margin)
  const last = isPrinting
    ? Math.min(items.length, maxPrinted)
    : Math.min(items.length, Math.floor(top / rowHeight) + inSight + margin)
  // The row that has the focus stays, wherever it was scrolled to.
  const drawn = new Set([
    ...(items.length > 0 ? [at] : []),
    ...Array.from({ length: Math.max(0, last - first) }, (_, n) => first + n)
  ])

  const move = (event: KeyboardEvent) => {
    const page = Math.max(1, inSight - 1)
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -items.length,
      End: items.length
    }
    const step = steps[event.key]
    if (step === undefined) return
    event.preventDefault()
    const next = Math.max(0, Math.min(items.length - 1, at + step))
    hasMoved.current = true
    setActive(next)
    const element = list.current
    if (element === null) return
    const y = next * rowHeight
    if (y < element.scrollTop) element.scrollTop = y
    else if (y + rowHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = y + rowHeight - element.clientHeight
    setTop(element.scrollTop)
  }

  if (items.length === 0) return h("p", { class: "none" }, "No ask fits.")
  return h(
    "div",
    {
      class: "rows",
      role: "list",
      "aria-label": "Asks",
      ref: list,
      onScroll: () => setTop(list.current?.scrollTop ?? 0),
      onKeyDown: move,
      onMouseLeave: () => onPoint(undefined)
    },
    h(
      "div",
      {
        class: "all",
        style: { height: `${(isPrinting ? Math.min(items.length, maxPrinted) : items.length) * rowHeight}px` }
      },
      [...drawn]
        .toSorted((a, b) => a - b)
        .map((n) => {
          const item = items[n]!
          const place = {
            key: n,
            role: "listitem",
            class: "place",
            style: { top: `${n * rowHeight}px` },
            "aria-posinset": n + 1,
            "aria-setsize": items.length
          } as const
          const own = { type: "button", "data-n": n, tabIndex: n === at ? 0 : -1 } as const
          if (item._tag === "Lane") {
            const rows = item.rows.map((index) => asks[index]!)
            const name = `${item.rows.length} ${laneNames[item.lane]}`
            return h(
              "div",
              place,
              h(
                "button",
                {
                  ...own,
                  class: `line lane ${item.lane}`,
                  "aria-expanded": item.isUnfolded,
                  onClick: () => onToggle(item.lane),
                  onFocus: () => setActive(n)
                },
                [
                  h("span", { class: "name" }, [
                    h("span", { "aria-hidden": "true" }, item.isUnfolded ? "▾ " : "▸ "),
                    name
                  ]),
                  h(Density, { lane: item.lane, rows, scale })
                ]
              )
            )
          }
          const row = asks[item.index]!
          const point = () => onPoint(row)
          return h(
            "div",
            place,
            h(
              "button",
              {
                ...own,
                class: `line ${row.status}`,
                onClick: () => onOpen(item.index),
                onMouseEnter: point,
                onFocus: () => {
                  setActive(n)
                  point()
                }
              },
              [
                h("span", { class: "name" }, [
                  h("i", { class: `dot ${row.reused === undefined ? row.status : "reused"}`, title: statusText(row) }),
                  inert(row.name)
                ]),
                h("span", { class: "unseen" }, `: ${rowText(row)} `),
                h(Bars, { bars: row.bars, scale }),
                h("span", { class: "time" }, row.durationMillis === null ? "" : millisText(row.durationMillis)),
                h("span", { class: "cost" }, costText(row))
              ]
            )
          )
        })
    )
  )
}
