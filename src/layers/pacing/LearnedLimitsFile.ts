/** Stores learned limits in the user's state folder: one JSON file per API key, base URL and model class. */
import { Clock, Effect, Schema } from "effect"
import * as UserFolder from "../../options/UserFolder.ts"
import { type Account, nameOf } from "./Account.ts"
import { type LearnedLimits, Remembered, trustIn } from "./LearnedLimits.ts"

/** A read takes less than a millisecond; a disk that hangs (a network share) delays the first call by this at most. */
const readTimeout = "1 second"

/**
 * Neither method fails: an error is logged at debug level. A file that cannot be read or decoded counts as missing and is
 * overwritten by the next `keep`. The state folder is looked up at each call.
 */
export const make = (account: Account): LearnedLimits => ({
  recall: (modelClass) =>
    Effect.flatMap(pathOf(account, modelClass), recall).pipe(
      Effect.timeout(readTimeout),
      Effect.catchCause((cause) => Effect.as(Effect.logDebug("Remembered limits are not read", cause), undefined))
    ),
  keep: (modelClass, remembered) =>
    Effect.flatMap(pathOf(account, modelClass), (file) => keep(file, remembered)).pipe(
      Effect.catchCause((cause) => Effect.logDebug("Limits are not remembered", cause))
    )
})

const files = () => process.getBuiltinModule("node:fs/promises")
const paths = () => process.getBuiltinModule("node:path")

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Remembered))

/** Reads a file; removes one that is too old to be used. */
const recall = Effect.fnUntraced(function* (file: string) {
  const text = yield* Effect.tryPromise(() => files().readFile(file, "utf8").catch(undefinedIfMissing))
  if (text === undefined) return undefined
  const remembered = yield* decode(text)
  if (trustIn(remembered, yield* Clock.currentTimeMillis) > 0) return remembered
  yield* Effect.tryPromise(() => files().rm(file, { force: true }))
  return undefined
})

/** A missing file is the normal case of a new account, and not logged. */
const undefinedIfMissing = (error: NodeJS.ErrnoException): undefined => {
  if (error.code !== "ENOENT") throw error
}

/** Writes to a temporary file and renames it, so that a concurrent reader sees the old content or the new, never a part. */
const keep = Effect.fnUntraced(function* (file: string, remembered: Remembered) {
  const { rename, rm, writeFile } = files()
  const temporary = `${file}.${crypto.randomUUID()}`
  yield* Effect.sync(() => UserFolder.createFor(file))
  yield* Effect.tryPromise(() => writeFile(temporary, JSON.stringify(remembered), { mode: 0o600, flag: "wx" })).pipe(
    Effect.andThen(Effect.tryPromise(() => rename(temporary, file))),
    Effect.onError(() => Effect.ignore(Effect.tryPromise(() => rm(temporary, { force: true }))))
  )
})

const pathOf = (account: Account, modelClass: string) =>
  Effect.map(UserFolder.state, (folder) =>
    paths().join(folder, `${nameOf(account, "fanfold: remembered limits", modelClass)}.json`)
  )
