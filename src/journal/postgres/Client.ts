/** Connections to the database of an address. Unqualified names are those of the schema `fanfold`. */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as PgConnection from "@effect/sql-pg/PgConnection"
import { Config, Effect, Layer, Option, Redacted, type Scope } from "effect"
import * as Reactivity from "effect/reactivity/Reactivity"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { JournalError } from "../Journal.ts"
import type { Address } from "./Address.ts"
import * as Failure from "./Failure.ts"

/** The schema of all tables of fanfold. */
export const schema = "fanfold"

/** A process writes by one connection at a time, and reads by the others. */
const maxConnections = 4

/** How long a server that does not answer is waited for. */
const connectTimeout = "10 seconds"

/** A password that is not in the address may be in the variable that libpq reads. */
const password = Config.option(Config.Redacted("PGPASSWORD")).pipe(
  Effect.map(Option.getOrUndefined),
  Effect.orElseSucceed(() => undefined)
)

/** A reply, and a text that many asks share, may have megabytes; the server itself takes no row of more than 1 GB. */
const maxMessageSize = 1_000_000_000

/** A machine that has lost its power or network holds the locks of its runs no longer than these seconds. */
const keepAlive = { tcp_keepalives_idle: "10", tcp_keepalives_interval: "5", tcp_keepalives_count: "4" }

/** Settings of a connection, found by connecting: whether it is encrypted is the server's choice, too. */
export const settingsOf = Effect.fnUntraced(function* ({
  hasPassword,
  place,
  tls,
  url
}: Address): Effect.fn.Return<PgConnection.Config, JournalError> {
  const secret = hasPassword ? undefined : yield* password
  const settings = {
    url,
    connectTimeout: new URL(Redacted.value(url)).searchParams.has("connect_timeout") ? undefined : connectTimeout,
    keepAlive: "10 seconds",
    maxMessageSize,
    password: secret,
    startupParameters: { search_path: schema, application_name: "fanfold", ...keepAlive }
  } as const
  const attempt = (ssl: Address["tls"][number]) =>
    Effect.scoped(Effect.as(PgConnection.make({ ...settings, ssl }), { ...settings, ssl }))
  const [first, second] = tls
  return yield* attempt(first!).pipe(
    Effect.catchIf(
      (error) => second !== undefined && Failure.wantsOtherTls(error),
      () => attempt(second!)
    ),
    Effect.mapError((error) => Failure.errorAt(place, "cannot be used", error))
  )
})

/** A pool of connections with such settings. It opens them when they are needed. */
export const fromSettings = (settings: PgConnection.Config): Effect.Effect<PgClient.PgClient, SqlError, Scope.Scope> =>
  Effect.provide(PgClient.make({ ...settings, maxConnections }), Reactivity.layer)

/** A pool of connections; fails where the database cannot be reached. */
export const make = Effect.fnUntraced(function* (address: Address) {
  const settings = yield* settingsOf(address)
  return yield* Effect.mapError(fromSettings(settings), (error) =>
    Failure.errorAt(address.place, "cannot be used", error)
  )
})

export const layer = (address: Address): Layer.Layer<PgClient.PgClient | SqlClient, JournalError> =>
  PgClient.layerFrom(make(address))
