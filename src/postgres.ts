/** A journal in PostgreSQL, for programs with Effect. Needs the package `@effect/sql-pg`. */
import { type Effect, Redacted } from "effect"
import type { JournalError } from "./journal/Journal.ts"
import * as OpenJournal from "./journal/OpenJournal.ts"

export { layer, register } from "./journal/Database.ts"

/** An address as libpq has it: `postgres://user:password@host:5432/database?sslmode=require`. */
export type Address = string | Redacted.Redacted

/** The option `journal` of a database: `Stack.layerConfig({ journal: Postgres.journal(url) })`. */
export const journal = (address: Address): { readonly file: Redacted.Redacted } => ({
  file: typeof address === "string" ? Redacted.make(address) : address
})

/**
 * Creates the tables in the schema `fanfold`, or upgrades them, as a user who may, and gives the user `role` the rights that runs
 * need. Does nothing where that is done. Fails with a `JournalError`.
 */
export const init = (address: Address, role?: string): Effect.Effect<OpenJournal.Initialized, JournalError> =>
  OpenJournal.init(address, role)
