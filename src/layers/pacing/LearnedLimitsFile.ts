/** A memory in the user's state folder: one small file for each account and model class, under a name that tells neither. */
import { Clock, Effect, Redacted, Schema } from "effect"
import { type LearnedLimits, Remembered, trustIn } from "./LearnedLimits.ts"

/** The key and where it is sent. */
export interface Account {
  readonly apiKey: Redacted.Redacted
  readonly baseUrl: string
}

/** It takes less than a millisecond. A disk that does not answer holds nobody up for longer than that. */
const longestRead = "1 second"

/** Looks for its folder when it is used. What cannot be read is as good as not there, and is written over. */
export const make = (account: Account): LearnedLimits => ({
  recall: (modelClass) =>
    Effect.suspend(() => recall(fileOf(account, modelClass))).pipe(
      Effect.timeout(longestRead),
      Effect.catchCause((cause) => Effect.as(Effect.logDebug("Remembered limits are not read", cause), undefined))
    ),
  keep: (modelClass, remembered) =>
    Effect.suspend(() => keep(fileOf(account, modelClass), remembered)).pipe(
      Effect.catchCause((cause) => Effect.logDebug("Limits are not remembered", cause))
    )
})

const files = () => process.getBuiltinModule("node:fs/promises")
const paths = () => process.getBuiltinModule("node:path")

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Remembered))

const recall = Effect.fnUntraced(function* (file: string) {
  const text = yield* Effect.tryPromise(() => files().readFile(file, "utf8").catch(ifMissing))
  if (text === undefined) return undefined
  const remembered = yield* decode(text)
  if (trustIn(remembered, yield* Clock.currentTimeMillis) > 0) return remembered
  yield* Effect.tryPromise(() => files().rm(file, { force: true }))
  return undefined
})

/** An account that nothing is known of is no failure. */
const ifMissing = (error: NodeJS.ErrnoException): undefined => {
  if (error.code !== "ENOENT") throw error
}

/** Written under another name first: another process reads the old file or the new one, and never a part. */
const keep = Effect.fnUntraced(function* (file: string, remembered: Remembered) {
  const { mkdir, rename, rm, writeFile } = files()
  const draft = `${file}.${crypto.randomUUID()}`
  yield* Effect.tryPromise(() => mkdir(paths().dirname(file), { recursive: true, mode: 0o700 }))
  yield* Effect.tryPromise(() => writeFile(draft, JSON.stringify(remembered), { mode: 0o600, flag: "wx" })).pipe(
    Effect.andThen(Effect.tryPromise(() => rename(draft, file))),
    Effect.onError(() => Effect.ignore(Effect.tryPromise(() => rm(draft, { force: true }))))
  )
})

/** A key cannot be found again from its hash, as it is far too long to be guessed; the class is hashed along with it. */
const fileOf = ({ apiKey, baseUrl }: Account, modelClass: string): string => {
  const { createHash } = process.getBuiltinModule("node:crypto")
  const named = JSON.stringify(["fanfold: remembered limits", baseUrl, Redacted.value(apiKey), modelClass])
  return paths().join(folder(), `${createHash("sha256").update(named).digest("hex").slice(0, nameLength)}.json`)
}

/** 128 bits: no two accounts meet. */
const nameLength = 32

/** `XDG_STATE_HOME` counts on every system. */
const folder = (): string => {
  const { env, platform } = process
  const { homedir } = process.getBuiltinModule("node:os")
  const path = paths()
  const { LOCALAPPDATA = path.join(homedir(), "AppData", "Local"), XDG_STATE_HOME = "" } = env
  const systems = platform === "win32" ? LOCALAPPDATA : path.join(homedir(), ...inHome(platform))
  const base = path.isAbsolute(XDG_STATE_HOME) ? XDG_STATE_HOME : systems
  // Without a home there is no place that is the user's own.
  if (!path.isAbsolute(base)) throw new Error("there is no state folder")
  return path.join(base, "fanfold")
}

const inHome = (platform: string): ReadonlyArray<string> =>
  platform === "darwin" ? ["Library", "Application Support"] : [".local", "state"]
