/** A program whose journal is in PostgreSQL: without the package that this needs, and with it, where no database listens. */
import { Effect, type Redacted } from "effect"
import { Stack } from "fanfold"
import * as Postgres from "fanfold/postgres"

const url = "postgres://nobody:s3cret@127.0.0.1:1/nowhere"
const options: { readonly file: Redacted.Redacted } = Postgres.journal(url)
Stack.layerConfig({ journal: options })
const error = await Effect.runPromise(Effect.flip(Postgres.init(url)))
console.log(error.message)
