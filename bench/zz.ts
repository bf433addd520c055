import { Effect } from "effect"
import * as Postgres from "fanfold/postgres"
import * as PostgresServer from "./harness/PostgresServer.ts"
import * as Exchange from "./workers/Exchange.ts"
const server = await PostgresServer.serve()
const url = server.newDatabase()
await Effect.runPromise(Postgres.init(url))
for (const n of [10, 100, 1000, 10]) console.log(n, await Exchange.play(url, n))
await server.remove()
