/** What is counted of calls, and what a snapshot has of it. */
import { assert, describe, it } from "@effect/vitest"
import { encoding } from "../../src/telemetry/JsonEncoding.ts"
import { Metrics } from "../../src/telemetry/Metrics.ts"
import { usage } from "./Used.ts"

const unknown = { server: [], model: undefined, response: undefined, error: undefined }

/** The number of each instrument that has one series. */
const sumsOf = (metrics: Metrics): Record<string, unknown> =>
  Object.fromEntries(
    metrics.snapshot(2).flatMap(({ instrument: { name }, points: [point] }) => {
      const isNumber = typeof point?.value === "number"
      return isNumber ? [[name.replace(/^.*(usage|fanfold)\./, ""), point.value]] : []
    })
  )

describe("metrics", () => {
  it("count a call of which nothing is known, too, as the first", () => {
    const metrics = new Metrics(encoding, 1, false)
    metrics.addCall(unknown, 1, undefined, usage)
    assert.strictEqual(sumsOf(metrics)["input_tokens"], 321)
  })

  it.each([
    [false, { input_tokens: 321, output_tokens: 4000, in_flight: 1, cost: 0.5 }],
    [true, { in_flight: 1 }]
  ])("have what is new where that is asked for, and requests on their way as a state: %s", (isDelta, second) => {
    const metrics = new Metrics(encoding, 1, isDelta)
    metrics.inFlight++
    metrics.addCall({ ...unknown, model: "m" }, 1, undefined, usage)
    metrics.addCost(0.5, "m")
    assert.strictEqual(sumsOf(metrics)["output_tokens"], 4000)
    const sums = sumsOf(metrics)
    assert.deepStrictEqual({ ...sums, ...second }, sums)
    assert.strictEqual("cost" in sums, !isDelta)
  })
})
