/** How long a process holds the register of shared limits, by how many others share them. No two can hold it at once. */
import { Effect, Redacted, Tracer } from "effect"
import { SqlClient } from "effect/sql/SqlClient"
import { Ask, Pacing, Research, Stack } from "fanfold"
import { latency, mockClaude } from "fanfold/mocks"
import * as Postgres from "fanfold/postgres"
import * as Results from "../harness/Results.ts"

const apiKey = Redacted.make("of-no-account")
const asks = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`q${n}`, Ask.text(`Question ${n}?`)]))
const callMillis = 500

/** As if so many more processes had the share of the one that is there, and kept it for an hour. */
const multiplied = Effect.fnUntraced(function* (processes: number) {
  const sql = yield* SqlClient
  while ((yield* sql`SELECT 1 FROM shared`).length === 0) yield* Effect.sleep("20 millis")
  yield* sql`
    INSERT INTO shared SELECT name, n::text, value, now() + interval '1 hour' FROM shared, generate_series(1, ${processes}) AS n`
  yield* sql.unsafe("ANALYZE shared")
})

/** The median milliseconds of an exchange of one run with so many others: a transaction, with all that is computed in it. */
export const play = async (url: string, others: number): Promise<number> => {
  await using server = await mockClaude({ latency: latency.fixed(callMillis) }).serve()
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      if (options.name === "sql.transaction") spans.push(span)
      return span
    }
  })
  let from = 0
  const program = Effect.gen(function* () {
    yield* (yield* SqlClient)`DELETE FROM shared`
    const register = yield* Postgres.register(url)
    const multiply = Effect.andThen(
      multiplied(others),
      Effect.sync(() => (from = spans.length))
    )
    const run = Research.run(asks, { concurrency: 4 }).pipe(
      Effect.provide(Stack.layer({ apiKey, baseUrl: server.url })),
      Effect.provideService(Pacing.SharedLimits, { register, name: "account" })
    )
    yield* Effect.all([run, multiply], { concurrency: "unbounded" })
  })
  await Effect.runPromise(program.pipe(Effect.provide(Postgres.layer(url)), Effect.withTracer(tracer)))
  const millis = spans
    .slice(from)
    .flatMap(({ status }) => (status._tag === "Ended" ? [Number(status.endTime - status.startTime) / 1e6] : []))
  return Results.medianOf(millis)
}
