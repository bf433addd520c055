/** Where fanfold keeps what outlives a process, on each platform. */
import { ConfigProvider, Effect, Result } from "effect"
import * as UserDirectories from "effect/persistence/UserDirectories"

/**
 * `fanfold` in an absolute `XDG_STATE_HOME` on every platform, else in `~/.local/state`, macOS's
 * `~/Library/Application Support` or Windows's `%LOCALAPPDATA%`. The variables are those of the process, also in a program
 * with a `ConfigProvider` of its own; the home folder is Node's, which knows it where `HOME` is not set. Fails where it is not
 * known. Looked up at each run of the effect.
 */
export const state = Effect.suspend(() => {
  // Throws for a user without an account, as a container may have one.
  const home = Result.getOrElse(Result.try(process.getBuiltinModule("node:os").homedir), () => "")
  // Those that it reads: each variable of a process is a call of the system, and there may be hundreds.
  const { LOCALAPPDATA = "", XDG_STATE_HOME = "" } = process.env
  const env = { HOME: home, USERPROFILE: home, LOCALAPPDATA, XDG_STATE_HOME }
  return UserDirectories.make()
    .state("fanfold")
    .pipe(
      Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env })),
      // A relative `HOME` would make it depend on the working directory.
      Effect.filterOrFail((folder) => process.getBuiltinModule("node:path").isAbsolute(folder))
    )
})

/**
 * Creates the folder of a file, for its owner alone. Not by `recursive`, with which Node 24 never ends where the system lets
 * nothing be created, as in `/proc`.
 */
export const createFor = (file: string): void => {
  const { existsSync, mkdirSync } = process.getBuiltinModule("node:fs")
  const path = process.getBuiltinModule("node:path")
  const missing: Array<string> = []
  // A drive that is not there is its own folder.
  for (let folder = path.dirname(file); !existsSync(folder) && missing[0] !== folder; folder = path.dirname(folder)) {
    missing.unshift(folder)
  }
  for (const folder of missing) {
    const made = Result.try({ try: () => mkdirSync(folder, 0o700), catch: (error) => error })
    // Another process may be about to do the same.
    if (Result.isFailure(made) && !existsSync(folder)) throw made.failure
  }
}
