/** The home of a journal in a PostgreSQL database, which many machines may use at once. */
import { Console, Effect, Layer, type Redacted, Scope } from "effect"
import { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { SharedRegister } from "../../scheduling/SharedRegister.ts"
import type { Journal, JournalError } from "../Journal.ts"
import { repliesOf } from "../Replies.ts"
import * as Address from "./Address.ts"
import * as AskQueue from "./AskQueue.ts"
import * as Client from "./Client.ts"
import * as Failure from "./Failure.ts"
import * as Forget from "./Forget.ts"
import { Outage } from "./Outage.ts"
import { addKeys } from "./Rekey.ts"
import * as Replies from "./Replies.ts"
import { RunLocks } from "./RunLocks.ts"
import * as PostgresRegister from "./PostgresRegister.ts"
import * as RunEvents from "./RunEvents.ts"
import * as RunList from "./RunList.ts"
import * as Search from "./Search.ts"
import * as Tables from "./Tables.ts"
import { Writer } from "./Writer.ts"

/** How long a run that ends waits for a database that is away. */
const closingTimeout = "5 seconds"

type Given = string | Redacted.Redacted

/** Creates or upgrades the tables. */
export const init = Effect.fnUntraced(function* (given: Given, role?: string) {
  const address = yield* Effect.fromResult(Address.parse(given))
  return { place: address.place, isChanged: yield* Tables.init(address, role) }
})

/** A client of the database, once its tables are found to be those of this fanfold. */
export const layerClient = (given: Given): Layer.Layer<SqlClient, JournalError> =>
  Layer.unwrap(
    Effect.map(Effect.fromResult(Address.parse(given)), (address) =>
      Layer.provideMerge(Layer.effectDiscard(Tables.check(address.place)), Client.layer(address))
    )
  )

/** What the processes of the database let each other know, by its client. */
export const makeRegister = (given: Given): Effect.Effect<SharedRegister, JournalError, SqlClient> =>
  Effect.flatMap(Effect.fromResult(Address.parse(given)), ({ place }) => PostgresRegister.make(place))

/** Opens a journal for runs. What it has taken is written before it is closed. */
export const make = Effect.fnUntraced(function* (
  given: Given
): Effect.fn.Return<typeof Journal.Service, JournalError, Scope.Scope> {
  // A scope of its own: a pool whose scope is being closed opens no connection, by which to write what came last.
  const scope = yield* Effect.acquireRelease(Scope.make(), Scope.close)
  const { locks, place, sql } = yield* Scope.provide(opened(given), scope)
  yield* Effect.mapError(addKeys(sql), (error) => Failure.errorAt(place, "cannot be written", error))
  const outage = new Outage(place)
  const writer = new Writer(sql, outage)
  yield* Effect.addFinalizer(() => locks.close)
  yield* Effect.forkScoped(locks.keep)
  yield* Effect.forkScoped(writer.run)
  // What a run that failed has added last is kept, too.
  yield* Effect.addFinalizer(() => closed(place, outage, writer))
  const queue = yield* AskQueue.make(sql, place, writer.id)
  const register = yield* PostgresRegister.ofProcess(sql, place)
  const watch = outage.watch(sql.unsafe("SELECT 1"))
  return { ...of(sql, place, locks, outage, writer), shared: { ...queue, register, watch } }
})

/** Ends when all is written, or the database has been away for a while, which is told. */
const closed = (place: string, outage: Outage, writer: Writer): Effect.Effect<void> => {
  const away = Effect.sleep(closingTimeout).pipe(Effect.repeat({ while: () => !outage.isAway }))
  const lost = Effect.andThen(away, Console.error(`What came last is not kept: the database ${place} is away`))
  return Effect.interruptible(Effect.raceFirst(Effect.ignore(writer.flushed), lost))
}

/** Opens a journal only to read it. */
export const makeReadOnly = Effect.fnUntraced(function* (
  given: Given
): Effect.fn.Return<typeof Journal.Service, JournalError, Scope.Scope> {
  const { locks, place, sql } = yield* opened(given)
  const outage = new Outage(place, 0)
  return of(sql, place, locks, outage, new Writer(sql, outage))
})

const opened = Effect.fnUntraced(function* (given: Given) {
  const address = yield* Effect.fromResult(Address.parse(given))
  const { place } = address
  const settings = yield* Client.settingsOf(address)
  const sql = yield* Effect.mapError(Client.fromSettings(settings), (error) =>
    Failure.errorAt(place, "cannot be used", error)
  )
  yield* Effect.provideService(Tables.check(place), SqlClient, sql)
  return { place, sql, locks: new RunLocks(settings) }
})

const of = (sql: SqlClient, place: string, locks: RunLocks, outage: Outage, writer: Writer): typeof Journal.Service => {
  /** Fails at once where the database cannot be reached: nothing is under way. */
  const attempt = (what: string) =>
    Effect.mapError((error: SqlError | JournalError) =>
      error._tag === "SqlError" ? Failure.errorAt(place, what, error) : error
    )
  const reading = attempt("cannot be read")
  const writing = attempt("cannot be written")

  return {
    place,
    begin: (run, options) =>
      Effect.gen(function* () {
        const n = yield* RunList.nextNumber(sql)
        yield* locks.take(n)
        const begun = yield* Effect.onError(RunList.begin(sql, run, n, options), () => locks.release(n))
        if ("open" in begun) yield* locks.release(n)
        else yield* Effect.addFinalizer(() => locks.release(n))
        return begun
      }).pipe(writing),
    unfinished: (plan, source) => RunList.unfinished(sql, plan, source).pipe(reading),
    progress: (runs) => Search.progress(sql, runs).pipe(reading),
    find: (key, ordinal, from) =>
      from.runs.length === 0 && from.since === undefined
        ? Effect.succeed(undefined)
        : outage.outlast(Search.find(sql, key, ordinal, from), "cannot be read"),
    add: (run, rows) => writer.add(run, rows),
    written: writer.flushed,
    kept: writer.flushed,
    end: (run, at) => Effect.andThen(writer.flushed, outage.outlast(RunList.end(sql, run, at), "cannot be written")),
    runs: RunList.all(sql).pipe(reading),
    events: (run, only) => RunEvents.all(sql, run, only).pipe(reading),
    follow: (run, since) => RunEvents.follow(sql, run, since).pipe(reading),
    replies: (run, asks) => Effect.map(Replies.turnsOf(sql, run, asks), repliesOf).pipe(reading),
    forget: (runs) => Forget.forget(sql, runs).pipe(writing),
    trim: (limits) => Forget.trim(sql, limits).pipe(writing),
    bytes: Forget.bytesOf(sql).pipe(reading)
  }
}
