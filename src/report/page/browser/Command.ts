/** A command to type, with a button that copies it. */
import { h } from "preact"
import { useState } from "preact/hooks"

export const Command = ({ text }: { readonly text: string }) => {
  const [said, setSaid] = useState("")
  const copy = () => {
    navigator.clipboard.writeText(text).then(
      () => setSaid("Copied"),
      () => setSaid("Select it to copy it")
    )
  }
  return h("span", { class: "command" }, [
    h("code", { tabIndex: 0 }, text),
    h("button", { type: "button", onClick: copy }, "Copy"),
    h("span", { class: "said", role: "status" }, said)
  ])
}
