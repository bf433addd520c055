/** What the answers contradict each other in: who says what, each a button that opens the answer. */
import { h } from "preact"
import { inert } from "../../PlainText.ts"
import type { View } from "../../View.ts"

export const Contradictions = ({ onOpen, view }: { readonly view: View; readonly onOpen: (index: number) => void }) => {
  const indexes = new Map(view.asks.map(({ name }, index) => [name, index]))
  const { contradictions = [], uncompared = [] } = view
  return h("section", { "aria-labelledby": "contradictions" }, [
    h("h2", { id: "contradictions" }, "Where answers contradict each other"),
    ...contradictions.map(({ statements, subject }, nth) =>
      h("div", { key: nth, class: "gap" }, [
        h("h3", { dir: "auto" }, inert(subject)),
        h(
          "ul",
          {},
          statements.map(({ ask, text }) =>
            h("li", { key: `${ask} ${text}` }, [
              h("button", { type: "button", class: "link", onClick: () => onOpen(indexes.get(ask) ?? 0) }, inert(ask)),
              " says ",
              h("q", { dir: "auto" }, inert(text))
            ])
          )
        )
      ])
    ),
    uncompared.length > 0 && h("p", {}, `Not compared with each other: ${inert(uncompared.join(", "))}.`)
  ])
}
