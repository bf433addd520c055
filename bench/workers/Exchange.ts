/** How long a process holds the register of shared limits, by how many others share them. No two can hold it at once. */
import { Effect, Redacted, Tracer } from "effect"
import { SqlClient } from "effect/sql/SqlClient"
import { Ask, Research, Stack } from "fanfold"
import { latency, mockClaude } from "fanfold/mocks"
import * as Postgres from "fanfold/postgres"
import * as Results from "../harness/Results.ts"

const apiKey = Redacted.make("of-no-account")
const callMillis = 500
const asks = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`q${n}`, Ask.text(`Question ${n}?`)]))

/** As if so many more processes had the share of the one that is there, and kept it for an hour. */
const multiplied = Effect.fnUntraced(function* (processes: number) {
  const sql = yield* SqlClient
  yield* sql`DELETE FROM shared`
  const rows = sql`SELECT 1 FROM shared`
  while ((yield* rows).length === 0) yield* Effect.sleep("20 millis")
  yield* sql`
    INSERT INTO shared SELECT name, n::text, value, now() + interval '1 hour' FROM shared, generate_series(1, ${processes}) AS n`
  yield* sql.unsafe("ANALYZE shared")
  console.log(yield* sql`select name, count(*) from shared group by 1`)
})

/** The median milliseconds of an exchange of one run with so many others: a transaction, with all that is computed in it. */
export const play = async (url: string, others: number): Promise<number> => {
  const claude = mockClaude({ latency: latency.fixed(callMillis) })
  await using server = await claude.serve()
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      if (options.name === "sql.transaction") spans.push(span)
      return span
    }
  })
  const stack = Stack.layer({ apiKey, baseUrl: server.url, journal: Postgres.journal(url) })
  let from = 0
  const program = Effect.gen(function* () {
    yield* Effect.forkChild(
      Effect.andThen(
        Effect.tapCause(Effect.provide(multiplied(others), Postgres.layer(url)), (c) => Effect.sync(() => console.log("FAILED", c))),
        Effect.sync(() => (from = spans.length))
      )
    )
    yield* Research.run(asks, { concurrency: 4 })
  })
  await Effect.runPromise(program.pipe(Effect.provide(stack), Effect.withTracer(tracer)))
  const millis = spans
    .slice(from)
    .flatMap(({ status }) => (status._tag === "Ended" ? [Number(status.endTime - status.startTime) / 1e6] : []))
  // The last one begins or ends the run.
  return Results.medianOf(millis.slice(0, -1))
}
