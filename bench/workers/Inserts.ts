/** How many transactions a second a server sustains, each of which keeps what a worker keeps of an ask: reply, end and event. */
import { Effect } from "effect"
import { SqlClient } from "effect/sql/SqlClient"
import * as Postgres from "fanfold/postgres"

const connections = 16
const millis = 5000

const sql = `
  WITH turns AS (
    INSERT INTO turn (run, n, turn, key, stop_reason, reply, at) VALUES ($1, $2, 0, 'key', 'end_turn', $3, 0)
  ), ends AS (
    INSERT INTO settled (item, run, state, n, turn, at) VALUES (concat($1::text, '/', $2::integer), $1, 'Replied', $2, 0, 0)
  )
  INSERT INTO event (run, writer, n, tag, has_usage, event) VALUES ($1, 'writer', $2, 'Ended', false, $4)`

const [reply, event] = ["x".repeat(1000), "x".repeat(300)]

export const play = async (url: string): Promise<number> => {
  const until = performance.now() + millis
  let written = 0
  const connection = Effect.fnUntraced(function* (n: number) {
    const client = yield* SqlClient
    for (let ask = 0; performance.now() < until; ask++) {
      yield* client.unsafe(sql, [`run${n}`, ask, reply, event])
      written++
    }
  })
  const all = Effect.forEach(
    Array.from({ length: connections }, (_, n) => n),
    (n) => Effect.provide(connection(n), Postgres.layer(url), { local: true }),
    { concurrency: "unbounded", discard: true }
  )
  await Effect.runPromise(all)
  return (1000 * written) / millis
}
