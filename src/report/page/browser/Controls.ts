/** What the user may change of a run that goes on. */
import { h } from "preact"
import { useState } from "preact/hooks"
import type { Wanted } from "../../../claude/Intervention.ts"
import { type Offer, offersOf, type Standing } from "../../Offers.ts"
import { inert } from "../../PlainText.ts"
import type { View } from "../../View.ts"
import { concurrencyOf } from "./Load.ts"

const buttons: Readonly<Record<Offer, readonly [label: string, wanted: Wanted]>> = {
  stop: ["Stop asking and fold", { _tag: "Stop" }],
  ask: ["Ask gaps again", { _tag: "AskAgain", asks: [] }],
  concurrency: ["Double the concurrency", { _tag: "Double", limit: "concurrency" }],
  budget: ["Double the budget", { _tag: "Double", limit: "budget" }],
  deadline: ["Double the deadline", { _tag: "Double", limit: "deadline" }]
}

const standingOf = ({ asks, settings, ...view }: View): Standing => ({
  isOfRows: false,
  isAsking: asks.some(({ status }) => !ended.has(status)),
  hasGaps: asks.some(({ status }) => status === "failed" || status === "interrupted"),
  concurrency: concurrencyOf(view).limit.at(-1) ?? null,
  settings
})

const ended: ReadonlySet<string> = new Set<View["asks"][number]["status"]>(["answered", "failed", "interrupted"])

interface Props {
  readonly view: View
  readonly intervene: (wanted: Wanted) => Promise<string>
}

export const Controls = ({ intervene, view }: Props) => {
  const [said, setSaid] = useState("")
  const onClick = (wanted: Wanted) => () => {
    intervene(wanted).then(setSaid, (error: unknown) => setSaid(error instanceof Error ? error.message : String(error)))
  }
  return h("section", { class: "controls", "aria-label": "Change the run" }, [
    ...offersOf(standingOf(view)).map((offer) => {
      const [label, wanted] = buttons[offer]
      return h("button", { key: label, type: "button", onClick: onClick(wanted) }, label)
    }),
    h("p", { key: "said", role: "status" }, inert(said))
  ])
}
