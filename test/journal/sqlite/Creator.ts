/** A process that opens a journal at a moment, and prints what fails. */
import { Result } from "effect"
import { open } from "../../../src/journal/sqlite/Database.ts"

const [file = "", at = "0"] = process.argv.slice(2)
while (Date.now() < Number(at));
const opened = open(file)
if (Result.isFailure(opened)) process.stdout.write(opened.failure.message)
else opened.success.close()
