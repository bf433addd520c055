/** Where the runs that are killed keep their journal, and how it is read. */
import { existsSync } from "node:fs"
import { journalOf } from "./CommandLine.ts"
import * as KeptRows from "./KeptRows.ts"

export interface Home {
  /** What names it to a run in a folder. */
  readonly flags: (folder: string) => ReadonlyArray<string>
  readonly read: (folder: string) => Promise<KeptRows.KeptRows>
  /** Whether a process has left it as one that has ended well does. */
  readonly isClosed: (folder: string) => boolean
}

/** The file in the state folder of the run. */
export const file: Home = {
  flags: () => [],
  read: async (folder) => KeptRows.read(journalOf(folder)),
  isClosed: (folder) => !existsSync(`${journalOf(folder)}-wal`)
}
