/** The answers of rows until the run ends: a temporary file in the order of their ends, read in the order of the rows. */
import { Effect, FileSystem, Path, Result } from "effect"
import type { AnsweredRow } from "../report/AnswerTable.ts"

/** So many bytes are written at a time. */
const blockBytes = 256 * 1024

/** A file without a name, where the platform allows it; else it is removed with its scope. `add` throws nothing: what could not be written is told by `failure`. */
export interface AnswerSpool {
  readonly add: (index: number, row: AnsweredRow) => void
  /** The row that was added at an index. */
  readonly at: (index: number) => AnsweredRow | undefined
  readonly failure: () => string | undefined
}

/** Makes a spool for `count` rows. */
export const make = Effect.fnUntraced(function* (count: number) {
  const fileSystem = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = yield* fileSystem.makeTempDirectoryScoped({ prefix: "fanfold-" })
  const fs = process.getBuiltinModule("node:fs")
  const file = yield* Effect.acquireRelease(
    Effect.sync(() => fs.openSync(path.join(folder, "answers"), "w+", 0o600)),
    (file) => Effect.sync(() => fs.closeSync(file))
  )
  // An open file without a name is gone with its process, also with one that is killed. Windows keeps the name until then.
  yield* Effect.ignore(fileSystem.remove(folder, { recursive: true }))
  const offsets = new Float64Array(count).fill(-1)
  const lengths = new Uint32Array(count)
  let waiting: Array<Buffer> = []
  let [end, written] = [0, 0]
  let failure: string | undefined
  const flush = () => {
    if (waiting.length === 0 || failure !== undefined) return
    const wrote = Result.try(() => fs.writevSync(file, waiting, written))
    if (Result.isFailure(wrote) || wrote.success !== end - written) {
      failure = Result.isFailure(wrote) ? String(wrote.failure) : "the disk is full"
    }
    waiting = []
    written = end
  }
  return {
    add: (index, row) => {
      const bytes = Buffer.from(JSON.stringify(row))
      offsets[index] = end
      lengths[index] = bytes.length
      waiting.push(bytes)
      end += bytes.length
      if (end - written >= blockBytes) flush()
    },
    at: (index) => {
      flush()
      const offset = offsets[index] ?? -1
      if (offset < 0 || failure !== undefined) return undefined
      const bytes = Buffer.allocUnsafe(lengths[index] ?? 0)
      fs.readSync(file, bytes, 0, bytes.length, offset)
      return JSON.parse(bytes.toString()) as AnsweredRow
    },
    failure: () => failure
  } satisfies AnswerSpool
})
