/** `fanfold journal init`: the tables of a journal in PostgreSQL. */
import { Console, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { init as initialize, isAddress } from "../journal/OpenJournal.ts"
import { inert } from "../report/TerminalText.ts"
import { exitCode, Failure, usageError } from "./ExitCode.ts"

const address = Flag.String("journal").pipe(
  Flag.withMetavar("address"),
  Flag.withDescription("The database: postgres://USER@HOST:PORT/DATABASE; a password may be in PGPASSWORD instead")
)

const grant = Flag.String("grant").pipe(
  Flag.withMetavar("user"),
  Flag.withDescription("Give this user of the database the rights that runs need, and no others"),
  Flag.optional
)

const init = Command.make(
  "init",
  { journal: address, grant },
  Effect.fnUntraced(function* ({ grant, journal }) {
    if (!isAddress(journal)) {
      return yield* usageError("--journal: expected postgres://…; a journal in a file needs no init")
    }
    const { isChanged, place } = yield* Effect.mapError(
      initialize(journal, Option.getOrUndefined(grant)),
      ({ message }) => new Failure({ exitCode: exitCode.failed, message })
    )
    const user = Option.match(grant, { onNone: () => "", onSome: (user) => `, and ${user} may use it` })
    const made = isChanged ? "has its tables" : "had its tables already"
    yield* Console.error(inert(`${place} ${made}${user}: fanfold run PLAN --journal postgres://…`))
  })
).pipe(
  Command.withDescription("Create the tables of a journal in PostgreSQL, or upgrade them to this version"),
  Command.withExamples([
    {
      command: "fanfold journal init --journal postgres://admin@db/fanfold --grant runner",
      description: "As a user who may create a schema, for runs that connect as runner"
    }
  ])
)

export const journal = Command.make("journal").pipe(
  Command.withDescription("Prepare a database that keeps the runs of several machines"),
  Command.withSubcommands([init])
)
