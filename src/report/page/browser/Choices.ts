/** Search, filter and sort of the timeline's rows. */
import { h } from "preact"
import { numberText } from "../../../options/NumberText.ts"
import { type Choice, type Filter, filters, type Sort, sorts } from "./List.ts"

const filterNames: Readonly<Record<Filter, string>> = {
  all: "All",
  failed: "Not answered",
  slow: "Slow",
  dear: "Dear",
  reused: "Reused"
}
const sortNames: Readonly<Record<Sort, string>> = {
  plan: "as in the plan",
  begin: "first sent first",
  time: "slowest first",
  cost: "dearest first",
  name: "by name"
}

interface Props extends Omit<Choice, "unfolded"> {
  readonly count: number
  readonly total: number
  readonly onSearch: (search: string) => void
  readonly onFilter: (filter: Filter) => void
  readonly onSort: (sort: Sort) => void
}

export const Choices = ({ count, filter, onFilter, onSearch, onSort, search, sort, total }: Props) =>
  h("div", { class: "choices" }, [
    h("label", {}, [
      "Search ",
      h("input", {
        type: "search",
        value: search,
        placeholder: "name, question or reason",
        onInput: (event: Event) => onSearch((event.target as HTMLInputElement).value)
      })
    ]),
    h(
      "div",
      { role: "group", "aria-label": "Show", class: "filters" },
      filters.map((each) =>
        h(
          "button",
          { key: each, type: "button", "aria-pressed": each === filter, onClick: () => onFilter(each) },
          filterNames[each]
        )
      )
    ),
    h("label", {}, [
      "Order ",
      h(
        "select",
        { value: sort, onChange: (event: Event) => onSort((event.target as HTMLSelectElement).value as Sort) },
        sorts.map((each) => h("option", { key: each, value: each }, sortNames[each]))
      )
    ]),
    h(
      "span",
      { class: "count", role: "status" },
      count === total ? `${numberText(total)} asks` : `${numberText(count)} of ${numberText(total)} asks`
    )
  ])
