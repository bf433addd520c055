/**
 * What does an ask take of a database, and a worker, and what would a thousand workers and ten million asks meet first? Measured
 * with a PostgreSQL in a temporary folder; the rest is computed.
 */
import { Effect } from "effect"
import * as Postgres from "fanfold/postgres"
import { bin, ensureBuilt } from "./harness/Build.ts"
import * as PostgresServer from "./harness/PostgresServer.ts"
import * as Results from "./harness/Results.ts"
import * as AskCost from "./workers/AskCost.ts"
import * as Exchange from "./workers/Exchange.ts"
import * as Growth from "./workers/Growth.ts"
import * as Inserts from "./workers/Inserts.ts"
import * as QueueSize from "./workers/QueueSize.ts"
import * as Statements from "./workers/Statements.ts"

const seed = 1
const million = Results.isQuick ? 10_000 : 1_000_000
const asks = Results.isQuick ? 300 : 1000
const [few, many] = Results.isQuick ? [500, 1500] : [1000, 11_000]

const sizes: ReadonlyArray<QueueSize.Sizes> = [
  { waiting: 1000, underWay: 0, ended: 0 },
  { waiting: million / 10, underWay: 0, ended: 0 },
  { waiting: million, underWay: 0, ended: 0 },
  { waiting: 1000, underWay: 0, ended: million },
  { waiting: million / 10, underWay: Growth.places, ended: 0 },
  { waiting: 0, underWay: Growth.places, ended: 0 }
]

if (!PostgresServer.isInstalled) {
  console.log("PostgreSQL is not installed: nothing is measured")
  process.exit(0)
}
ensureBuilt()
const server = await PostgresServer.serve(Statements.settings)
Statements.prepare(server)
const url = server.newDatabase()
await Effect.runPromise(Postgres.init(url))

Results.progress("asks and idle workers")
const ask = await AskCost.play([bin], server, asks)
Results.progress("asks that wait")
const waiting = await AskCost.waiting([bin], server, few, many)
const exchanges: Array<readonly [number, number]> = []
for (const processes of [10, 100, 1000]) {
  Results.progress(`limits shared by ${processes} processes`)
  exchanges.push([processes, await Exchange.play(url, processes)])
}
Results.progress("inserts")
const inserts = await Inserts.play(url)
const looks: Array<QueueSize.Look> = []
for (const each of sizes) {
  Results.progress(`a queue of ${each.waiting} + ${each.underWay} + ${each.ended}`)
  looks.push(await QueueSize.look(server, url, each))
}
await server.remove()

await Results.report({
  name: "scale",
  seed,
  simulated: "Claude and its latencies are simulated; processes, the database and loopback connections are real",
  rows: Growth.rows({ ask, waiting, exchanges, inserts, looks }),
  further: { "Looks of a worker into the queue": Growth.lookRows(looks) },
  notes: [
    `Measured: the first column of figures. Computed: the others, for ${Growth.places.toLocaleString("en-US")} calls of ${Growth.callSeconds} s at once (eight a worker), so ` +
      `${Growth.places / Growth.callSeconds} asks a second, ${Math.round(Growth.asks / (Growth.places / Growth.callSeconds) / 360) / 10} hours in all.`,
    `An ask: ${ask.rows.toFixed(1)} rows of a short question and a simulated answer; run and workers in processes of their own, one database; ` +
      "times are those of the server alone, by pg_stat_statements.",
    `Inserts: 16 connections, each transaction with a reply of a kilobyte, its end and an event. A run puts ${Math.round(waiting.offers)} asks a second into the queue.`,
    "Limits: the time for which one process holds them; each does so half a second after its last turn, while it has calls. Memory: 4 GB, the heap of Node."
  ],
  samples: {
    "look into the queue": looks.map(({ millis }) => millis),
    "exchange of limits": exchanges.map(([, millis]) => millis)
  },
  summary: Growth.rows({ ask, waiting, exchanges, inserts, looks })
})
