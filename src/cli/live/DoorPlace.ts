/** Where the door of a run is: a socket in a folder of the user alone, beside the journal of the state folder. */
import { Effect, Result } from "effect"
import * as UserFolder from "../../options/UserFolder.ts"
import { Failure, exitCode } from "../ExitCode.ts"

/** What the address of a socket may take on every system, in bytes: that of macOS has 104 with the final zero. */
const maxBytes = 103

const failed = (message: string) => new Failure({ exitCode: exitCode.failed, message })

/** The folder of all doors. Windows has names of pipes instead, which belong to nobody's folder. */
export const folder = UserFolder.state.pipe(
  Effect.map((state) => process.getBuiltinModule("node:path").join(state, "doors")),
  Effect.mapError(() => failed("there is no home folder, where a run could be reached"))
)

/** The address of the run's door. Fails where the system allows none. */
export const of = (run: string): Effect.Effect<string, Failure> => {
  if (process.platform === "win32") return Effect.succeed(`\\\\.\\pipe\\fanfold-run-${run}`)
  return Effect.flatMap(folder, (folder) => {
    const place = process.getBuiltinModule("node:path").join(folder, `${run}.sock`)
    return Buffer.byteLength(place) > maxBytes
      ? Effect.fail(failed(`a run cannot be reached in ${folder}: the path of a socket is too long there`))
      : Effect.succeed(place)
  })
}

/** Makes the folder of a door the user's alone; throws where it is somebody else's, or none. */
export const makePrivate = (place: string): void => {
  const { chmodSync, lstatSync } = process.getBuiltinModule("node:fs")
  const folder = process.getBuiltinModule("node:path").dirname(place)
  UserFolder.createFor(place)
  const found = lstatSync(folder)
  if (!found.isDirectory() || found.uid !== process.getuid?.()) throw new Error(`${folder} is not a folder of the user`)
  if ((found.mode & 0o077) !== 0) chmodSync(folder, 0o700)
}

/** The other doors of the folder, by their paths. */
export const others = (place: string): ReadonlyArray<string> => {
  const path = process.getBuiltinModule("node:path")
  const folder = path.dirname(place)
  const names = Result.try(() => process.getBuiltinModule("node:fs").readdirSync(folder))
  return Result.getOrElse(names, () => [])
    .filter((name) => name.endsWith(".sock"))
    .map((name) => path.join(folder, name))
    .filter((file) => file !== place)
}
