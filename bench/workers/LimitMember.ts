/** A process of `SharedLimit.ts`: `node LimitMember.ts JOB`. Asks until it is killed, and divides the limits by the database, if it is given. */
import { Effect, Layer, Redacted } from "effect"
import { Ask, Pacing, Research, Stack } from "fanfold"
import * as Postgres from "fanfold/postgres"

export interface Job {
  readonly baseUrl: string
  readonly database: string | undefined
  readonly places: number
  readonly name: number
}

const { baseUrl, database, name, places } = JSON.parse(process.argv[2] ?? "") as Job

/** More than any measurement takes. */
const asks = Array.from({ length: 5000 }, (_, n) => Ask.text(`What is the answer to question ${n} of process ${name}?`))

const shared =
  database === undefined
    ? Layer.empty
    : Layer.effect(
        Pacing.SharedLimits,
        Effect.map(Postgres.register(database), (register) => ({ register, name: "limits" }))
      ).pipe(Layer.provide(Postgres.layer(database)), Layer.orDie)

await Research.run(asks, { concurrency: places, policy: "best-effort" }).pipe(
  Effect.provide(Stack.layer({ apiKey: Redacted.make("of-no-account"), baseUrl, pacing: { remember: false } })),
  Effect.provide(shared),
  Effect.runPromise
)
