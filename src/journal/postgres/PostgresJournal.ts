/** The home of a journal in a PostgreSQL database, which many machines may use at once. */
import { Effect, Layer, type Redacted } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { JournalError } from "../Journal.ts"
import * as Address from "./Address.ts"
import * as Client from "./Client.ts"
import * as Tables from "./Tables.ts"

/** Creates or upgrades the tables. */
export const init = Effect.fnUntraced(function* (given: string | Redacted.Redacted, role?: string) {
  const address = yield* Effect.fromResult(Address.parse(given))
  return { place: address.place, isChanged: yield* Tables.init(address, role) }
})

/** A client of the database, once its tables are found to be those of this fanfold. */
export const layerClient = (given: string | Redacted.Redacted): Layer.Layer<SqlClient, JournalError> =>
  Layer.unwrap(
    Effect.map(Effect.fromResult(Address.parse(given)), (address) =>
      Layer.provideMerge(Layer.effectDiscard(Tables.check(address.place)), Client.layer(address))
    )
  )

const notYet = (given: string | Redacted.Redacted): Effect.Effect<never, JournalError> =>
  Effect.flatMap(Effect.fromResult(Address.parse(given)), ({ place }) =>
    Effect.fail(new JournalError({ message: `the journal ${place} cannot be used yet` }))
  )

export const make = notYet
export const makeReadOnly = notYet
