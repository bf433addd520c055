/** What the votes of asks agree in, and what each further round has asked; the name of an ask is a button that opens its answer. */
import { h } from "preact"
import { inert } from "../../PlainText.ts"
import type { View } from "../../View.ts"

interface Props {
  readonly view: View
  readonly onOpen: (index: number) => void
}

/** So many names are shown. */
const maxNames = 100

export const Votes = ({ onOpen, view }: Props) => {
  const voted = view.asks.flatMap(({ name, votes }, index) => (votes === undefined ? [] : [{ name, votes, index }]))
  return h("section", { "aria-labelledby": "votes" }, [
    h("h2", { id: "votes" }, "What votes agree in"),
    h(
      "ul",
      {},
      voted
        .slice(0, maxNames)
        .map(({ index, name, votes }) =>
          h("li", { key: name }, [h(Name, { index, name, onOpen }), `: ${inert(votes)}`])
        )
    ),
    voted.length > maxNames && h("p", {}, `… and ${voted.length - maxNames} more`)
  ])
}

export const Rounds = ({ onOpen, view }: Props) => {
  const indexes = new Map(view.asks.map(({ name }, index) => [name, index]))
  return h("section", { "aria-labelledby": "rounds" }, [
    h("h2", { id: "rounds" }, "What further rounds asked"),
    ...(view.rounds ?? []).map(({ asks, message, round }) =>
      h("p", { key: round }, [
        `Round ${round}${message === null ? ": " : ""}`,
        ...asks.flatMap((name, n) => [
          n === 0 ? "" : ", ",
          h(Name, { key: name, index: indexes.get(name) ?? 0, name, onOpen })
        ]),
        message === null
          ? asks.length === 0
            ? "the findings left nothing open"
            : ""
          : ` brought nothing: ${inert(message)}`
      ])
    )
  ])
}

const Name = ({ index, name, onOpen }: Pick<Props, "onOpen"> & { readonly index: number; readonly name: string }) =>
  h("button", { type: "button", class: "link", onClick: () => onOpen(index) }, inert(name))
