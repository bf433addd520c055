/** The files of asks, read before anything is sent: each file once, however many asks name it. */
import { Effect } from "effect"
import type { Document } from "../claude/Document.ts"
import * as Documents from "../documents/Documents.ts"
import type { Issue } from "../options/Issue.ts"
import { Ask } from "./Ask.ts"
import type { Entry } from "./ResearchOptions.ts"

const isUnread = ({ options }: Ask<any, any>): boolean => Documents.loaded(options.files) === undefined

/** The ask with these documents in the place of its files. */
export const withDocuments = <A, R>(ask: Ask<A, R>, files: ReadonlyArray<Document>): Ask<A, R> =>
  new Ask(ask.question, { ...ask.options, files }, ask.format, ask.synthesized)

/** Asks by name with their files read; fails with the issues of all that cannot be. */
export const readAll = (
  entries: ReadonlyArray<Entry>,
  reader: Documents.Reader
): Effect.Effect<ReadonlyArray<Entry>, ReadonlyArray<Issue>> =>
  !entries.some(({ ask }) => isUnread(ask))
    ? Effect.succeed(entries)
    : Effect.flatMap(
        Effect.forEach(entries, (entry) => {
          const { ask, name } = entry
          if (!isUnread(ask)) return Effect.succeed({ entry, issues: [] })
          return Effect.match(Documents.files(ask.options.files!, reader, ["asks", name, "files"]), {
            onSuccess: (files) => ({ entry: { ...entry, ask: withDocuments(ask, files) }, issues: [] }),
            onFailure: (issues) => ({ entry, issues })
          })
        }),
        (read) => {
          const issues = read.flatMap((each) => each.issues)
          return issues.length > 0 ? Effect.fail(issues) : Effect.succeed(read.map(({ entry }) => entry))
        }
      )

/** What a research of a program reads: a file that cannot be read is a defect, as every wrong argument is. */
export const readOrDie = (entries: ReadonlyArray<Entry>): Effect.Effect<ReadonlyArray<Entry>> =>
  Documents.orDie(readAll(entries, new Documents.Reader(".")))
