/** What the run cost by model, and what it was told to do. */
import { h } from "preact"
import { roundedText } from "../../../options/DurationText.ts"
import { numberText } from "../../../options/NumberText.ts"
import { usdText } from "../../../options/UsdText.ts"
import { inert } from "../../PlainText.ts"
import { interventionText } from "../../InterventionText.ts"
import type { View } from "../../View.ts"
import { concurrencyText } from "./Words.ts"

const usd = (amount: number | null): string => (amount === null ? "unknown" : usdText(amount))

const Table = ({
  caption,
  head,
  rows
}: {
  readonly caption: string
  readonly head: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
}) =>
  h("div", { class: "wide", tabIndex: 0, role: "group", "aria-label": caption }, [
    h("table", {}, [
      h("caption", {}, caption),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          head.map((title) => h("th", { scope: "col", key: title }, title))
        )
      ),
      h(
        "tbody",
        {},
        rows.map(([first, ...cells]) =>
          h("tr", { key: first }, [h("th", { scope: "row" }, first), ...cells.map((cell) => h("td", {}, cell))])
        )
      )
    ])
  ])

const cells = ({ cacheCreationInputTokens, cacheReadInputTokens, inputTokens, outputTokens }: View["usage"]) =>
  [inputTokens, cacheCreationInputTokens, cacheReadInputTokens, outputTokens].map(numberText)

export const Costs = ({ view }: { readonly view: View }) => {
  const { estimatedCostUsd, models, simulated, usage } = view
  const rows = models.map((cost) => [
    inert(cost.model),
    numberText(cost.replies),
    ...cells(cost.usage),
    usd(cost.estimatedCostUsd)
  ])
  const sum = models.reduce((sum, { replies }) => sum + replies, 0)
  const caption = simulated ? "What it would have cost" : "What it cost, estimated from list prices"
  return h("section", { "aria-labelledby": "costs" }, [
    h("h2", { id: "costs" }, "Cost"),
    h(Table, {
      caption,
      head: ["Model", "Paid replies", "Tokens in", "written to the cache", "read from it", "Tokens out", "USD"],
      rows: [...rows, ["All", numberText(sum), ...cells(usage), usd(estimatedCostUsd)]]
    })
  ])
}

export const Settings = ({ view }: { readonly view: View }) => {
  const { interventions = [], plan, policy, settings = {} } = view
  const policyText =
    policy === null || typeof policy === "string" ? (policy ?? "none") : Object.entries(policy).flat().join("=")
  return h("section", { "aria-labelledby": "plan" }, [
    h("h2", { id: "plan" }, "Plan"),
    h("dl", { class: "settings" }, [
      h("div", {}, [h("dt", {}, "Plan"), h("dd", {}, plan === "" ? "a program" : inert(plan))]),
      h("div", {}, [h("dt", {}, "Policy"), h("dd", {}, policyText)]),
      h("div", {}, [h("dt", {}, "Concurrency"), h("dd", {}, concurrencyText(view))]),
      ...Object.entries(settings).map(([name, value]) =>
        h("div", { key: name }, [h("dt", {}, inert(name)), h("dd", {}, inert(value))])
      ),
      ...interventions.map(({ at, intervention }) =>
        h("div", { key: at }, [
          h("dt", {}, `After ${roundedText(at)}`),
          h("dd", {}, inert(interventionText(intervention)))
        ])
      )
    ])
  ])
}
