/** A process of a user without an account and a home: prints the folder of its state, or that there is none. */
import { Effect, Exit } from "effect"
import * as UserFolder from "../../src/options/UserFolder.ts"

// Only after the modules are loaded, which this user may not read.
process.setegid!(54_321)
process.seteuid!(54_321)
const exit = Effect.runSyncExit(UserFolder.state)
process.stdout.write(Exit.isSuccess(exit) ? exit.value : Exit.hasDies(exit) ? "died" : "none")
