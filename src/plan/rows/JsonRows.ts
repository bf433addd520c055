/** Rows of JSON lines, and of a list of JSON or YAML. */
import { Effect, Result, Stream } from "effect"
import { atLine, type Row, type RowProblem } from "./Row.ts"
import { lines } from "./TextChunks.ts"

/** The text of a value in a question; `undefined` of what is not there. */
const textOf = (value: unknown): string | undefined =>
  value === null || value === undefined ? undefined : typeof value === "string" ? value : JSON.stringify(value)

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The text of the last user turn, of a line as batches of APIs have it: `{ custom_id, body: { messages } }`, or `params`. */
const lastTurnOf = (fields: Readonly<Record<string, unknown>>): string | undefined => {
  const request = [fields, fields["body"], fields["params"]]
    .filter(isFields)
    .find(({ messages }) => Array.isArray(messages))
  if (request === undefined) return undefined
  const turn = (request["messages"] as ReadonlyArray<unknown>).findLast(
    (turn) => isFields(turn) && turn["role"] === "user"
  )
  const content = isFields(turn) ? turn["content"] : undefined
  if (!Array.isArray(content)) return textOf(content)
  return content
    .flatMap((block) => (isFields(block) && typeof block["text"] === "string" ? [block["text"]] : []))
    .join("\n")
}

/** The cells of a value: those of a mapping, or `question` of a text. */
export const cellsOf = (value: unknown): Readonly<Record<string, string>> | undefined => {
  if (typeof value === "string") return { question: value }
  if (!isFields(value)) return undefined
  const turn = "question" in value ? undefined : lastTurnOf(value)
  if (turn !== undefined) {
    const { custom_id: id } = value
    return { ...(typeof id === "string" && { id }), question: turn }
  }
  const cells: Record<string, string> = {}
  for (const [key, each] of Object.entries(value)) {
    const text = textOf(each)
    if (text !== undefined) cells[key] = text
  }
  return cells
}

/** The rows of JSON lines. Blank lines are left out. */
export const ofLines = <R>(
  chunks: Stream.Stream<string, RowProblem, R>,
  name: string
): Stream.Stream<Row, RowProblem, R> =>
  lines(chunks).pipe(
    Stream.filter(([text]) => text.trim() !== ""),
    Stream.mapEffect(([text, line]): Effect.Effect<Row, RowProblem> => {
      const parsed = Result.try((): unknown => JSON.parse(text))
      if (Result.isFailure(parsed)) {
        return Effect.fail(atLine(name, line, `is no JSON: expected one value a line, such as {"question":"…"}`))
      }
      const cells = cellsOf(parsed.success)
      return cells === undefined
        ? Effect.fail(atLine(name, line, "expected an object or a text on each line"))
        : Effect.succeed({ cells, line })
    })
  )
