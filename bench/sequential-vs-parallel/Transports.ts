/** The parallel run of `sequential-vs-parallel` over MSW and over a loopback server, and in process without known limits. */
import { setupServer } from "msw/node"
import { type MockClaude, mockClaude } from "fanfold/mocks"
import { handlers } from "fanfold/mocks/msw"
import * as Fanout from "../harness/Fanout.ts"
import * as Results from "../harness/Results.ts"
import type * as Table from "../harness/Table.ts"
import { configure, fixed, fixedMillis, planOf, roundsOf, sizes } from "./Plans.ts"
import { play } from "./Play.ts"

/** `routeOf` is called for each run. */
const rowOf = async (transport: string, asks: number, routeOf: () => Fanout.Route): Promise<Table.Row> => {
  const run = () => Fanout.fanfold(planOf(asks), asks, routeOf())()
  const { parallel = [] } = await play(`${transport}, ${asks} asks`, [{ name: "parallel", run }], roundsOf(asks))
  const { max, median, min, n } = Results.spreadOf(parallel)
  const idealMillis = 2 * fixedMillis
  return {
    transport,
    asks,
    "parallel ms": median.toFixed(0),
    min: min.toFixed(0),
    max: max.toFixed(0),
    n,
    "ideal ms": idealMillis,
    "% of ideal": ((idealMillis / median) * 100).toFixed(1)
  }
}

const mock = (): MockClaude => {
  const claude = mockClaude(fixed)
  configure(claude)
  return claude
}

/** Measures each transport. */
export const rows = async (): Promise<ReadonlyArray<Table.Row>> => {
  const measured: Array<Table.Row> = []
  {
    const server = setupServer(...handlers(mock()))
    server.listen({ onUnhandledFrame: "error" })
    measured.push(await rowOf("MSW's setupServer", 10, () => ({ inFlight: 10 })))
    server.close()
  }
  {
    await using server = await mock().serve()
    measured.push(await rowOf("loopback server", 10, () => ({ baseUrl: server.url, inFlight: 10 })))
  }
  // Learned limits are shared by all stacks with the same fetch: one per run, so that no run knows the limits.
  measured.push(await rowOf("in process, limits unknown", sizes.at(-1)!, () => ({ fetch: mock().fetch })))
  return measured
}
