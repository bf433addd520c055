/** What a plan sends beside its questions: its context and the files of its asks, read and checked. */
import { Effect, Result } from "effect"
import type { Context } from "../claude/Document.ts"
import * as Documents from "../documents/Documents.ts"
import * as Source from "../documents/Source.ts"
import { isBlank } from "../options/BlankText.ts"
import type { Issue } from "../options/Issue.ts"
import * as IssueText from "../options/Issue.ts"
import type { Ask } from "../pipeline/Ask.ts"
import * as AskFiles from "../pipeline/AskFiles.ts"
import * as DamagedText from "./DamagedText.ts"
import type { Prepared } from "./Plan.ts"

/** A context that is the name of a file, as `context: brief.md` may be meant. */
const fileName =
  /^\s*[^\s<>"|?*]+\.(?:csv|docx?|gif|html?|jpe?g|json|log|md|pdf|png|rst|te?xt?|tsv|webp|xml|ya?ml)\s*$/i

type Read = { readonly context: Context | undefined; readonly notices: ReadonlyArray<Issue> }

/** A text that may be the name of a file, which a plan has to say. */
const noticesOf = (context: unknown): ReadonlyArray<Issue> => {
  const texts = Array.isArray(context)
    ? context.map((item: unknown, index) => [item, ["context", index]] as const)
    : [[context, ["context"]] as const]
  return texts.flatMap(([text, path]) =>
    typeof text === "string" && fileName.test(text)
      ? [{ path, message: `this text is sent as it stands: to read a file, write { file: ${text.trim()} }` }]
      : []
  )
}

/** What is wrong with the names of files in a value, which may be of a plan that its schema rejects. */
const nameIssues = (value: unknown, path: Issue["path"]): ReadonlyArray<Issue> => {
  if (Array.isArray(value)) return value.flatMap((item: unknown, index) => nameIssues(item, [...path, index]))
  const file = typeof value === "object" && value !== null ? (value as { readonly file?: unknown }).file : undefined
  if (typeof file !== "string") return []
  const message = isBlank(file) ? "expected the name of a file that is not empty" : DamagedText.pathIssue(file)
  return message === undefined ? [] : [{ path: [...path, "file"], message }]
}

const decodeContext = IssueText.decode(Source.Context)

/** Characters of a text file that its author cannot have meant. */
const damageOf = (context: Context, source: unknown): ReadonlyArray<Issue & { readonly isCertain: boolean }> => {
  const items = Array.isArray(source) ? (source as ReadonlyArray<unknown>) : [source]
  return items.flatMap((item, index) => {
    const file = typeof item === "object" && item !== null ? (item as { readonly file?: unknown }).file : undefined
    const text =
      typeof context === "string" ? context : context[index]?.mediaType === "text/plain" ? context[index].data : ""
    const damage = typeof file === "string" ? DamagedText.fileIssue(text) : undefined
    if (damage === undefined) return []
    const path = Array.isArray(source) ? ["context", index, "file"] : ["context", "file"]
    return [{ path, message: `${String(file)}: ${damage.message}`, isCertain: damage.isCertain }]
  })
}

/** The context of a plan; nothing of a value that is none, which the schema of plans reports. */
export const context = Effect.fnUntraced(function* (
  value: unknown,
  reader: Documents.Reader
): Effect.fn.Return<Read, ReadonlyArray<Issue>> {
  if (value === undefined) return { context: undefined, notices: [] }
  const names = nameIssues(value, ["context"])
  if (names.length > 0) return yield* Effect.fail(names)
  const decoded = yield* Effect.result(decodeContext(value))
  if (Result.isFailure(decoded)) return { context: undefined, notices: [] }
  const read = yield* Documents.context(decoded.success, reader)
  const damages = damageOf(read, value)
  const certain = damages.filter(({ isCertain }) => isCertain)
  if (certain.length > 0) return yield* Effect.fail(certain)
  return { context: read, notices: [...noticesOf(value), ...damages] }
})

/** The pipeline with the files of its asks read. */
export const withFiles = (
  pipeline: Prepared,
  reader: Documents.Reader
): Effect.Effect<Prepared, ReadonlyArray<Issue>> => {
  const entries = Object.entries(pipeline.asks).map(([name, ask], index) => ({ name, index, ask }))
  return Effect.map(AskFiles.readAll(entries, reader), (read) =>
    read === entries
      ? pipeline
      : { ...pipeline, asks: Object.fromEntries(read.map(({ ask, name }) => [name, ask as Ask<unknown>])) }
  )
}
