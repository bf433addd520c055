/** One ask in full: its question, what it did with its time, its answer and sources, or why it has none. */
import { h } from "preact"
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"
import { numberText } from "../../../options/NumberText.ts"
import { adviceOf } from "../../Advice.ts"
import { inert, inertDocument } from "../../PlainText.ts"
import type { Answer, Row, View } from "../../View.ts"
import { lookOf } from "./Looks.ts"
import { Prose } from "./Prose.ts"
import type { Source } from "./Source.ts"
import { costText, millisText, phaseNames, statusText } from "./Words.ts"

/** What is opened: an ask by its index, or the synthesis. */
export type Opened = number | "synthesis" | undefined

interface Props {
  readonly view: View
  readonly source: Source
  readonly opened: Opened
  readonly onClose: () => void
}

export const Details = ({ onClose, opened, source, view }: Props) => {
  const dialog = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    const element = dialog.current
    if (element === null) return
    if (opened !== undefined && !element.open) element.showModal()
    else if (opened === undefined && element.open) element.close()
    element.scrollTop = 0
  }, [opened])
  const row =
    opened === undefined ? undefined : opened === "synthesis" ? (view.synthesis ?? undefined) : view.asks[opened]
  return h(
    "dialog",
    {
      ref: dialog,
      class: "details",
      "aria-labelledby": "details",
      onClose,
      onClick: (event: MouseEvent) => event.target === dialog.current && onClose()
    },
    row !== undefined &&
      h("div", { class: "sheet" }, [
        h(
          "form",
          { method: "dialog" },
          h("button", { type: "button", class: "close", "aria-label": "Close", onClick: onClose }, "✕")
        ),
        h("h2", { id: "details" }, inert(row.name)),
        h("p", { class: "question", dir: "auto" }, inertDocument(row.question)),
        h(Facts, { row }),
        h(Why, { row, what: opened === "synthesis" ? "Why there is no document" : "Why it has no answer" }),
        typeof opened === "number"
          ? h(AnswerOf, { key: opened, index: opened, row, source })
          : h("section", {}, [h("h3", {}, "Document"), h(Prose, { value: view.document ?? "" })]),
        h(Steps, { row })
      ])
  )
}

const Facts = ({ row }: { readonly row: Row }) => {
  const { attempts, durationMillis, fallbacks = [], model, reused, usage } = row
  const input = usage.inputTokens + usage.cacheCreationInputTokens + usage.cacheReadInputTokens
  const facts: ReadonlyArray<readonly [string, string]> = [
    ["State", statusText(row)],
    ["Model", inert(model ?? "")],
    ["Worker", inert(row.worker ?? "")],
    ["Attempts", attempts > 0 ? numberText(attempts) : ""],
    ["Time", durationMillis === null ? "" : millisText(durationMillis)],
    [
      "Tokens",
      input + usage.outputTokens === 0 ? "" : `${numberText(input)} in, ${numberText(usage.outputTokens)} out`
    ],
    ["Cost", costText(row)],
    ["Models before", fallbacks.map(({ from, reason }) => `${inert(from)} (${inert(reason)})`).join(", ")],
    ["Paid by", reused === undefined ? "" : `run ${inert(reused.from)}, ${new Date(reused.paidAt).toLocaleString()}`]
  ]
  return h(
    "dl",
    { class: "facts" },
    facts
      .filter(([, value]) => value !== "")
      .map(([name, value]) => h("div", { key: name }, [h("dt", {}, name), h("dd", {}, value)]))
  )
}

const Why = ({ row: { message, reason }, what }: { readonly row: Row; readonly what: string }) => {
  if (reason === null) return null
  const { first } = adviceOf(reason, message ?? "")
  return h("section", { class: "gap" }, [
    h("h3", {}, what),
    h("p", { class: "quoted", dir: "auto" }, inert(message ?? reason)),
    first !== undefined && h("p", {}, `What to do: ${first}.`)
  ])
}

const AnswerOf = ({ index, row, source }: { readonly index: number; readonly row: Row; readonly source: Source }) => {
  const [answer, setAnswer] = useState<Answer | null | undefined>(undefined)
  useEffect(() => {
    let isWanted = true
    void source.answer(index).then((answer) => isWanted && setAnswer(answer))
    return () => {
      isWanted = false
    }
  }, [index, row.status])
  if (answer === undefined) return h("p", {}, "Opening the answer …")
  if (answer === null) return null
  return h("section", {}, [
    h("h3", {}, "Answer"),
    h(Prose, { value: answer.value }),
    answer.votes !== undefined && h("p", { dir: "auto" }, inert(answer.votes)),
    answer.sources.length > 0 && h("h3", {}, "Sources"),
    answer.sources.length > 0 &&
      h(
        "ul",
        { class: "sources" },
        answer.sources.map(({ location, title, url = "" }) => {
          const text = inert(location === undefined ? title : `${title}, ${location}`)
          return h(
            "li",
            { key: `${url} ${text}`, dir: "auto" },
            /^https?:\/\//i.test(url) ? h("a", { href: url, rel: "noopener noreferrer", target: "_blank" }, text) : text
          )
        })
      )
  ])
}

const Steps = ({ row: { bars } }: { readonly row: Row }) => {
  if (bars.length === 0) return null
  return h("section", {}, [
    h("h3", {}, "What it did with its time"),
    h("table", { class: "steps" }, [
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["From", "For", ""].map((title) =>
            h(title === "" ? "td" : "th", { key: title, ...(title !== "" && { scope: "col" }) }, title)
          )
        )
      ),
      h(
        "tbody",
        {},
        bars.map(([phase, from, millis], n) =>
          h("tr", { key: n }, [
            h("td", {}, millisText(from)),
            h("td", {}, millisText(millis)),
            h("td", {}, [h("i", { ...lookOf(phase), "aria-hidden": "true" }), phaseNames[phase]])
          ])
        )
      )
    ])
  ])
}
