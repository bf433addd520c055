/** Documents of what a plan or a program names: read, titled, and with every problem at its place. */
import { Effect, Predicate } from "effect"
import type { Context, Document } from "../claude/Document.ts"
import type { Issue } from "../options/Issue.ts"
import * as IssueText from "../options/Issue.ts"
import { Reader } from "./Read.ts"
import type * as Source from "./Source.ts"

export { Reader } from "./Read.ts"

type Item = Source.Titled | Document
type Path = Issue["path"]

const isDocument = (input: unknown): input is Document => Predicate.hasProperty(input, "mediaType")

const titled = (contents: Pick<Document, "mediaType" | "data">, item: Source.Titled): Document => ({
  ...contents,
  ...(item.title !== undefined && { title: item.title.toWellFormed() }),
  // Claude cites texts, not images.
  ...(item.citations === true && !contents.mediaType.startsWith("image/") && { citations: true as const })
})

const baseName = (file: string): string => process.getBuiltinModule("node:path").basename(file)

const documentOf = (item: Item, path: Path, reader: Reader): Effect.Effect<Document, ReadonlyArray<Issue>> => {
  if (isDocument(item)) return Effect.succeed(item)
  const { file, text = "" } = item
  if (file === undefined) return Effect.succeed(titled({ mediaType: "text/plain", data: text.toWellFormed() }, item))
  return Effect.mapBoth(reader.read(file), {
    onSuccess: (contents) => titled(contents, { ...item, title: item.title ?? baseName(file) }),
    onFailure: (message) => [{ path: [...path, "file"], message }]
  })
}

/** All documents, or the issues of all that cannot be read. */
const all = (
  items: ReadonlyArray<readonly [item: Item, path: Path]>,
  reader: Reader
): Effect.Effect<ReadonlyArray<Document>, ReadonlyArray<Issue>> =>
  Effect.flatMap(
    Effect.partition(items, ([item, path]) => documentOf(item, path, reader)),
    ([documents, issues]) => (issues.length > 0 ? Effect.fail(issues.flat()) : Effect.succeed(documents))
  )

const isBare = ({ citations, mediaType }: Document): boolean => mediaType === "text/plain" && citations === undefined

/**
 * What all asks share. One text, or one file of text, is the text itself; anything else are documents. `path` is that of issues.
 */
export const context = (
  source: Source.Context,
  reader: Reader,
  path: Path = ["context"]
): Effect.Effect<Context, ReadonlyArray<Issue>> => {
  if (typeof source === "string") return Effect.succeed(source)
  if (!isList(source)) {
    return Effect.map(documentOf(source, path, reader), (document) =>
      isBare(document) && !isDocument(source) && source.title === undefined ? document.data : [document]
    )
  }
  const items = source.map(
    (item, index) => [typeof item === "string" ? { text: item } : item, [...path, index]] as const
  )
  return all(items, reader)
}

/** The files of one ask. */
export const files = (
  source: Source.Files,
  reader: Reader,
  path: Path = ["files"]
): Effect.Effect<ReadonlyArray<Document>, ReadonlyArray<Issue>> => {
  const list = isList(source) ? source : [source]
  return all(
    list.map((item, index) => [
      typeof item === "string" ? { file: item } : item,
      isList(source) ? [...path, index] : path
    ]),
    reader
  )
}

const isList = <A>(source: A | ReadonlyArray<A>): source is ReadonlyArray<A> => Array.isArray(source)

/** The files of an ask that were read before; `undefined` where some are not. */
export const loaded = (source: Source.Files | undefined): ReadonlyArray<Document> | undefined => {
  if (source === undefined) return []
  const list: ReadonlyArray<unknown> = Array.isArray(source) ? source : [source]
  return list.every(isDocument) ? list : undefined
}

/** For programs, whose wrong arguments are defects: what cannot be read is a `RangeError`. */
export const orDie = <A>(read: Effect.Effect<A, ReadonlyArray<Issue>>): Effect.Effect<A> =>
  Effect.catch(read, (issues) => Effect.die(new RangeError(issues.map(IssueText.toString).join("\n"))))
