/** What the user may change of a run that goes on. */
import { h } from "preact"
import { useState } from "preact/hooks"
import type { Wanted } from "../../../claude/Intervention.ts"
import { inert } from "../../PlainText.ts"

const buttons: ReadonlyArray<readonly [label: string, wanted: Wanted]> = [
  ["Stop asking and fold", { _tag: "Stop" }],
  ["Ask gaps again", { _tag: "AskAgain", asks: [] }],
  ["Double the concurrency", { _tag: "Double", limit: "concurrency" }],
  ["Double the budget", { _tag: "Double", limit: "budget" }],
  ["Double the deadline", { _tag: "Double", limit: "deadline" }]
]

export const Controls = ({ intervene }: { readonly intervene: (wanted: Wanted) => Promise<string> }) => {
  const [said, setSaid] = useState("")
  const onClick = (wanted: Wanted) => () => {
    intervene(wanted).then(setSaid, (error: unknown) => setSaid(error instanceof Error ? error.message : String(error)))
  }
  return h("section", { class: "controls", "aria-label": "Change the run" }, [
    ...buttons.map(([label, wanted]) => h("button", { key: label, type: "button", onClick: onClick(wanted) }, label)),
    h("p", { key: "said", role: "status" }, inert(said))
  ])
}
