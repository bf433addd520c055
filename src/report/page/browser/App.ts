/** The page: the five answers, the document, the timeline with the asks, and what stands behind them. */
import { h } from "preact"
import { useState } from "preact/hooks"
import { lostOf } from "../../FiveAnswers.ts"
import type { View } from "../../View.ts"
import { Rounds, Votes } from "./Agreements.ts"
import { Charts } from "./Charts.ts"
import { Contradictions } from "./Contradictions.ts"
import { Controls } from "./Controls.ts"
import { Details, type Opened } from "./Details.ts"
import { Gaps, Head, FiveAnswers } from "./Head.ts"
import { Prose } from "./Prose.ts"
import type { Source } from "./Source.ts"
import { Costs, Settings } from "./Tables.ts"
import { Timeline } from "./Timeline.ts"

const indexesOf = ({ asks }: View): ReadonlyMap<string, number> => new Map(asks.map(({ name }, index) => [name, index]))

export const App = ({ source, view }: { readonly view: View; readonly source: Source }) => {
  const [opened, setOpened] = useState<Opened>(undefined)
  return h("div", { class: "page" }, [
    h(Head, { key: "head", view }),
    source.intervene !== undefined &&
      view.state === "under way" &&
      h(Controls, { key: "controls", intervene: source.intervene, view }),
    h(FiveAnswers, { key: "answers", view }),
    (lostOf(view).length > 0 || view.lostFolds !== undefined || view.synthesis?.status === "failed") &&
      h(Gaps, { key: "gaps", view, onOpen: setOpened }),
    view.document !== null &&
      h("section", { key: "document", "aria-labelledby": "document" }, [
        h("h2", { id: "document" }, "Document"),
        h(Prose, { value: view.document, marks: { indexes: indexesOf(view), onOpen: setOpened } })
      ]),
    (view.contradictions !== undefined || view.uncompared !== undefined) &&
      h(Contradictions, { key: "contradictions", view, onOpen: setOpened }),
    view.asks.some(({ votes }) => votes !== undefined) && h(Votes, { key: "votes", view, onOpen: setOpened }),
    view.rounds !== undefined && h(Rounds, { key: "rounds", view, onOpen: setOpened }),
    h(Timeline, { key: "timeline", view, onOpen: setOpened }),
    h(Charts, { key: "charts", view }),
    h(Costs, { key: "costs", view }),
    h(Settings, { key: "settings", view }),
    h(Details, { key: "details", view, source, opened, onClose: () => setOpened(undefined) })
  ])
}
