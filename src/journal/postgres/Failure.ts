/** What errors of the database mean: whether they pass, and what a user can do about them. */
import type { SqlError } from "effect/sql/SqlError"
import { JournalError } from "../Journal.ts"

/** The five characters by which PostgreSQL names an error; those of the system, such as `ECONNREFUSED`, where it has no part in it. */
const codeOf = ({ reason }: SqlError): string => {
  const cause: unknown = reason.cause
  return typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : ""
}

/** A server that stops, starts, recovers or has no place for another connection. */
const passing = /^(57P0[1235]|53300|53[12]00)$/

/** Whether the same statement may succeed later, without anybody's doing. */
export const isPassing = (error: SqlError): boolean => error.isRetryable || passing.test(codeOf(error))

const isRefusedTls = ({ message }: SqlError): boolean => message.includes("refused TLS")

/** Whether the server wants the connection otherwise: encrypted, or not. */
export const wantsOtherTls = (error: SqlError): boolean =>
  isRefusedTls(error) || (codeOf(error) === "28000" && /encryption|SSL/.test(causeOf(error)))

const causeOf = ({ message, reason }: SqlError): string =>
  reason.cause instanceof Error && reason.cause.message !== "" ? reason.cause.message : message

/** What to type for a database that has no tables, or older ones. */
export const initCommand = (place: string): string => `fanfold journal init --journal ${place}`

export const noTables = (place: string): string =>
  `it has no tables of fanfold, or this user no right to see them: ${initCommand(place)}, as a user who may create them`

const reasonOf = (place: string, error: SqlError): string => {
  const code = codeOf(error)
  if (isRefusedTls(error)) return "the server has no TLS, which sslmode asks for"
  // Undefined table, schema.
  if (code === "42P01" || code === "3F000") return noTables(place)
  if (code === "42501") {
    return `${causeOf(error)}: its user lacks rights, which ${initCommand(place)} --grant USER gives, as the owner of the tables`
  }
  if (code === "3D000") return "there is no such database"
  if (code === "28P01") return "its user or password is wrong"
  if (causeOf(error).includes("requested password")) {
    return "the server asks for a password: give it in PGPASSWORD, or in the address"
  }
  if (error.reason._tag === "AuthenticationError") return `the server refuses its user: ${causeOf(error)}`
  if (isPassing(error) && error.reason._tag === "ConnectionError") return `it cannot be reached: ${causeOf(error)}`
  return causeOf(error)
}

/** Why the tables cannot be made, which is the matter of an owner; `role`: whom the rights are for. */
export const errorAtInit = (place: string, role: string | undefined, error: SqlError): JournalError => {
  const code = codeOf(error)
  if (code === "42501") {
    const needs =
      "it needs a user who may create a schema (GRANT CREATE ON DATABASE), or the owner of the tables that are there"
    return new JournalError({ message: `the journal ${place} cannot be made: ${causeOf(error)}: ${needs}` })
  }
  // Undefined object: the role is the only one that a user names.
  if (code === "42704" && role !== undefined) {
    const needs = `no user has got rights: CREATE ROLE first, then type this again`
    return new JournalError({ message: `the journal ${place} has its tables, but ${causeOf(error)}: ${needs}` })
  }
  return errorAt(place, "cannot be made", error)
}

/** `what`: such as "cannot be used". */
export const errorAt = (place: string, what: string, error: SqlError): JournalError =>
  new JournalError({ message: `the journal ${place} ${what}: ${reasonOf(place, error)}` })
