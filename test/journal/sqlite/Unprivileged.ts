/** A process that opens a journal as a user without rights, and prints what it finds. */
import { Result } from "effect"
import * as Database from "../../../src/journal/sqlite/Database.ts"

const [file = ""] = process.argv.slice(2)
// Only after the modules are loaded, which this user may not read.
if (process.getuid?.() === 0) process.seteuid!("nobody")

const written = Database.open(file)
const read = Database.openToRead(file)
const runs = Result.map(read, (database) => database?.prepare("SELECT id FROM run").all())
const shown = <A>(result: Result.Result<A, Error>) =>
  Result.isFailure(result) ? result.failure.message : result.success
process.stdout.write(JSON.stringify([shown(Result.map(written, () => "written")), shown(runs)]))
