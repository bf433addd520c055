/** Compares fanfold with the SDK alone on the same requests, all at once and without a synthesis, and with the mock alone. */
import * as Fanout from "../harness/Fanout.ts"
import * as Results from "../harness/Results.ts"
import type * as Simulation from "../harness/Simulation.ts"
import type * as Table from "../harness/Table.ts"
import { planOf, sdkLatencies } from "./Plans.ts"
import { play, simulatedArm } from "./Play.ts"

const text = (millis: number): string => millis.toFixed(millis < 100 ? 2 : 0)

const rowOf = async (latency: string, asks: number, options: Simulation.Options): Promise<Table.Row> => {
  const { questions } = planOf(asks)
  const rehearsal = await Fanout.rehearse({ questions }, options)
  const arms = [
    simulatedArm("fanfold", options, rehearsal, (fetch) =>
      Fanout.fanfold({ questions }, asks, { fetch, inFlight: asks })
    ),
    simulatedArm("SDK + Promise.all", options, rehearsal, (fetch) => Fanout.rawSdk(rehearsal, asks, { fetch })),
    simulatedArm("mock alone", options, rehearsal, (fetch) => Fanout.mockAlone(rehearsal, fetch))
  ]
  // One untimed run of each, so that the code is compiled.
  for (const { before, run } of arms) {
    before()
    await run()
  }
  const rounds = Results.isQuick ? 4 : 10
  const played = await play(`asks alone, ${latency}, ${asks} asks`, arms, rounds)
  const [fanfold, sdk, mock] = arms.map(({ name }) => Results.medianOf(played[name]!)) as [number, number, number]
  return {
    latency,
    asks,
    "fanfold ms": text(fanfold),
    "SDK + Promise.all ms": text(sdk),
    "fanfold ÷ SDK": (fanfold / sdk).toFixed(3),
    "mock alone ms": text(mock),
    n: rounds
  }
}

/** Measures each latency with 3, 100 and 1,000 asks; in a quick run without the last. */
export const rows = async (): Promise<ReadonlyArray<Table.Row>> => {
  const measured: Array<Table.Row> = []
  for (const [latency, options] of Object.entries(sdkLatencies)) {
    for (const asks of Results.isQuick ? [3, 100] : [3, 100, 1000]) measured.push(await rowOf(latency, asks, options))
  }
  return measured
}
