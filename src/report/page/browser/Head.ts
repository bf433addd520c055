/** The top of the page: what the run is of, the five answers, and what is missing. */
import { h } from "preact"
import { plural } from "../../../options/NumberText.ts"
import { adviceOf, whyText } from "../../Advice.ts"
import { fiveAnswers, lostOf } from "../../FiveAnswers.ts"
import { inert } from "../../PlainText.ts"
import type { GapGroup, LostFold as Fold, Row, View } from "../../View.ts"
import { Command } from "./Command.ts"

const stateText = ({ error, state }: View): string => {
  if (state === "unfinished") return error === null ? "did not end" : "failed"
  return state === "resumed" ? "was gone on with by a later run" : state
}

export const Head = ({ view }: { readonly view: View }) => {
  const { plan, run, simulated, startedAt } = view
  const name = plan === "" ? "A program" : plan.split(/[\\/]/).at(-1)!
  return h("header", { class: "head" }, [
    h("h1", {}, inert(name)),
    h("p", {}, [
      "fanfold run ",
      h("code", {}, inert(run)),
      ` · ${new Date(startedAt).toLocaleString(undefined, { dateStyle: "long", timeStyle: "short" })} · ${stateText(view)}`,
      simulated && h("span", { class: "badge" }, "simulated answers")
    ])
  ])
}

export const FiveAnswers = ({ view }: { readonly view: View }) =>
  h(
    "section",
    { class: "five", "aria-label": "In short" },
    h(
      "dl",
      {},
      fiveAnswers(view).map(({ answer, command, isBad, question }) =>
        h("div", { key: question, class: isBad === true ? "bad" : "" }, [
          h("dt", {}, question),
          h("dd", {}, [inert(answer), command !== undefined && h(Command, { text: inert(command) })])
        ])
      )
    )
  )

/** How many asks of a group are named before the rest is counted. */
const maxNamed = 12

export const Gaps = ({ onOpen, view }: { readonly view: View; readonly onOpen: (index: number) => void }) => {
  const indexes = new Map(view.asks.map(({ name }, index) => [name, index]))
  return h("section", { "aria-labelledby": "gaps" }, [
    h("h2", { id: "gaps" }, "What is missing, and why"),
    view.synthesis?.status === "failed" && h(Unfolded, { key: "synthesis", synthesis: view.synthesis }),
    ...(view.lostFolds ?? []).map((fold) =>
      h(LostFold, { key: fold.name, fold, onOpen: (name) => onOpen(indexes.get(name) ?? 0) })
    ),
    ...lostOf(view).map((group) =>
      h(Group, {
        key: `${group.reason} ${group.message}`,
        group,
        isOver: view.state !== "under way",
        onOpen: (name) => onOpen(indexes.get(name) ?? 0)
      })
    )
  ])
}

/** The document is missing: why its synthesis failed. */
const Unfolded = ({ synthesis: { message, reason } }: { readonly synthesis: Row }) => {
  const { first } = adviceOf(reason ?? "", message ?? "")
  return h("div", { class: "gap" }, [
    h("h3", {}, "The document: its synthesis failed"),
    (message ?? "") !== "" && h("p", { class: "quoted", dir: "auto" }, inert(message!)),
    first !== undefined && h("p", {}, `What to do for the synthesis: ${first}.`)
  ])
}

/** Answers that are not in the document: why their fold has no text. */
const LostFold = ({ fold, onOpen }: { readonly fold: Fold; readonly onOpen: (name: string) => void }) => {
  const { asks, message, name, reason } = fold
  const { first } = adviceOf(reason, message)
  return h("div", { class: "gap" }, [
    h(
      "h3",
      {},
      `Not in the document: what ${plural(asks.length, "ask", "asks")} answered, as the fold ${inert(name)} has no text`
    ),
    message !== "" && h("p", { class: "quoted", dir: "auto" }, inert(message)),
    first !== undefined && h("p", {}, `What to do: ${first}.`),
    h(Names, { names: asks, onOpen })
  ])
}

const Group = ({
  group,
  isOver,
  onOpen
}: {
  readonly group: GapGroup
  readonly isOver: boolean
  readonly onOpen: (name: string) => void
}) => {
  const { message, names, reason } = group
  const { first = isOver ? "ask them again, as is said above" : undefined } = adviceOf(reason, message)
  return h("div", { class: "gap" }, [
    h("h3", {}, `${names.length} ${names.length === 1 ? "ask" : "asks"} ${whyText(reason, names.length, message)}`),
    message !== "" && h("p", { class: "quoted", dir: "auto" }, inert(message)),
    first !== undefined && h("p", {}, `What to do: ${first}.`),
    h(Names, { names, rest: ': the timeline lists them under "Not answered"', onOpen })
  ])
}

/** The first asks of a group, each a link to it. `rest`: where the others are found. */
const Names = ({
  names,
  onOpen,
  rest = ""
}: {
  readonly names: ReadonlyArray<string>
  readonly rest?: string
  readonly onOpen: (name: string) => void
}) =>
  h("p", { class: "names" }, [
    ...names
      .slice(0, maxNamed)
      .map((name) =>
        h("button", { key: name, type: "button", class: "link", onClick: () => onOpen(name) }, inert(name))
      ),
    names.length > maxNamed && h("span", {}, ` and ${names.length - maxNamed} more${rest}`)
  ])
