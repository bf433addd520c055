/** The formats that `-o FILE` writes, by the ending of the file. A new format is one more entry here. */
import { Effect } from "effect"
import type { Reading } from "../plan/RowsOfPlan.ts"
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
  ".md": ({ report, unfinished }) => Effect.succeed(toMarkdown(report, unfinished)),
  ".json": ({ report }) => Effect.succeed(toJson(report))
}

const asTable = () => Effect.die(new Error("a table is written row by row"))

/** Tables: a row for each ask. `TableFile` writes them. */
const tableFormats = { ".csv": asTable, ".jsonl": asTable }

/** All that `-o` of `run` and `ask` takes. */
export const outputFormats: Formats<RunResult> = { ...reportFormats, ...tableFormats }

export const isTable = (file: string): boolean =>
  Object.keys(tableFormats).some((ending) => file.toLowerCase().endsWith(ending))

/** How the rows of a plan are read: asks are made while they are sent where nothing but tables is written. */
export const readingOf = ({
  json,
  output,
  ui
}: {
  readonly json: boolean
  readonly output: ReadonlyArray<string>
  readonly ui: boolean
}): Reading => {
  if (json || ui) return "collect"
  return output.length === 0 ? "print" : output.every(isTable) ? "stream" : "collect"
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
