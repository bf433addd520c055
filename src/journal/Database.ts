/** The database of a journal in PostgreSQL, for what several processes share there beside the rows of runs. */
import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { JournalError } from "./Journal.ts"
import type { SharedRegister } from "../scheduling/SharedRegister.ts"
import { type Place, postgres } from "./OpenJournal.ts"

/**
 * Its client: a few connections, opened when they are needed, whose unqualified names are those of the schema `fanfold`. Fails
 * where the database cannot be reached, or has not the tables of this version.
 */
export const layer = (address: Place): Layer.Layer<SqlClient, JournalError> =>
  Layer.unwrap(Effect.map(postgres, ({ layerClient }) => layerClient(address)))

/**
 * What its processes let each other know, to share a budget (`Budget.Account`) or the limits of an account
 * (`Pacing.SharedLimits`) by the client of `layer`. `address` is for messages.
 */
export const register = (address: Place): Effect.Effect<SharedRegister, JournalError, SqlClient> =>
  Effect.flatMap(postgres, ({ makeRegister }) => makeRegister(address))
