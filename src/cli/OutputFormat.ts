/** The formats that `-o FILE` writes, by the ending of the file. A new format is one more entry here. */
import { Effect } from "effect"
import { toMarkdown } from "../report/Markdown.ts"
import { toJson } from "../report/Report.ts"
import { answersOf, type RunResult } from "../report/RunResult.ts"
import type { Measurement } from "./PlanMeasurement.ts"

/** What `A` is written as, by the ending of a file in lower case. */
export type Formats<A> = Readonly<Record<`.${string}`, (content: A) => Effect.Effect<string>>>

/** The page, whose code is loaded when one is written. */
const toPage = ({ report, view }: RunResult): Effect.Effect<string> =>
  Effect.flatMap(
    Effect.promise(() => import("../report/Html.ts")),
    ({ toHtml }) => {
      const shown = view()
      return toHtml(shown, answersOf(report, shown))
    }
  )

/** Of `run`, `ask` and `report`. */
export const reportFormats: Formats<RunResult> = {
  ".html": toPage,
  ".md": ({ report }) => Effect.succeed(toMarkdown(report)),
  ".json": ({ report }) => Effect.succeed(toJson(report))
}

/** Of `bench`. The plot is drawn when it is written. */
export const measurementFormats: Formats<Measurement> = {
  ".svg": ({ svg }) => svg,
  ".json": ({ json }) => Effect.succeed(json),
  ".md": ({ markdown }) => Effect.succeed(markdown)
}

/** Writes content in the format of a file; `undefined` if no format has its ending. */
export const formatFor = <A>(formats: Formats<A>, file: string) =>
  Object.entries(formats).find(([ending]) => file.toLowerCase().endsWith(ending))?.[1]

/** `.svg, .json or .md` */
export const endingsText = (formats: Formats<never>): string => {
  const endings = Object.keys(formats)
  return `${endings.slice(0, -1).join(", ")} or ${endings.at(-1)}`
}
