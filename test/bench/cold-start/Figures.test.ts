/** The arithmetic of `npm run bench -- cold-start`: ratios within a round, rows of cold and warm runs, targets. */
import { assert, describe, it } from "@effect/vitest"
import { type Case, casesOf, contenders } from "../../../bench/cold-start/Cases.ts"
import * as Figures from "../../../bench/cold-start/Figures.ts"
import type { Measured } from "../../../bench/cold-start/Process.ts"

const measured = (coldMillis: number, fields: Partial<Measured> = {}): Measured => ({
  coldMillis,
  warmMillis: coldMillis / 2,
  firstRequestMillis: coldMillis / 4,
  cpuMillis: 100,
  peakMegabytes: 50,
  httpVersion: "1.1",
  ...fields
})

/** The machine is ten times slower in the second round, and fanfold takes 0.8, 0.9 and 1.1 times as long as the baseline. */
const processes: Figures.Processes = {
  fanfold: [measured(800), measured(9000), measured(1100, { httpVersion: "2.0" })],
  "fanfold/promise": [measured(700), measured(8000), measured(900)],
  "SDK + Promise.all": [measured(1000), measured(10_000), measured(1000)],
  "SDK + p-limit": [measured(1000), measured(10_000), measured(1000)],
  "SDK + Effect.forEach": [measured(1000), measured(10_000), measured(1000)]
}

const one: Case = {
  name: "2 asks",
  millis: [400, 500],
  protocol: "HTTP/1.1",
  sendsLimitHeaders: false,
  targets: { wall: 0.9, firstRequest: 0.89 }
}

describe("the ratio to the baseline", () => {
  it("is computed within each round, so that a slow round does not distort it", () => {
    const ratios = Figures.ratiosOf(processes, "fanfold", ({ coldMillis }) => coldMillis)
    assert.deepStrictEqual(ratios, [0.8, 0.9, 1.1])
  })

  it("needs the same rounds of both", () => {
    const fewer = { ...processes, "SDK + Promise.all": [measured(1000)] }
    assert.throws(() => Figures.ratiosOf(fewer, "fanfold", () => 1), "fanfold: 3 rounds, SDK + Promise.all: 1")
  })
})

describe("the rows of a case", () => {
  const rows = Figures.rowsOf(one, processes)

  it("are a cold and a warm one for each contender, with transport and headers", () => {
    assert.deepStrictEqual(
      rows.map(({ contender }) => contender),
      contenders.flatMap((name) => [`${name}, cold`, `${name}, warm`])
    )
    assert.deepInclude(rows[0], { transport: "HTTP/1.1, HTTP/2.0", "limit headers": "no" })
    assert.strictEqual(rows[2]!["transport"], "HTTP/1.1")
  })

  it("have medians of the processes, the ratio to the slowest ask, and the median of the ratios", () => {
    assert.deepInclude(rows[0], {
      "wall ms": "1100",
      "min to max": "800 to 9000",
      n: 3,
      "÷ ideal": "2.20",
      "÷ SDK + Promise.all": "0.900",
      "min to max ÷": "0.800 to 1.100",
      "first request ms": "275",
      "CPU ms": "100"
    })
    assert.deepInclude(rows[1], { "wall ms": "550", "÷ ideal": "1.10" })
    assert.notProperty(rows[1], "first request ms")
  })
})

describe("a target", () => {
  it("is met by a median ratio that is not above it", () => {
    const [script, , wall, firstRequest] = Figures.targetRowsOf(one, processes)
    assert.deepInclude(script, { contender: "fanfold/promise", ratio: "0.800", target: "<= 0.90", met: "yes" })
    assert.deepInclude(wall, { contender: "fanfold", ratio: "0.900", target: "<= 0.90", met: "yes" })
    assert.deepInclude(firstRequest, { contender: "fanfold", ratio: "0.900", target: "<= 0.89", met: "no" })
  })

  it("may be missing, and then has no verdict", () => {
    const [wall] = Figures.targetRowsOf({ ...one, targets: {} }, processes)
    assert.deepInclude(wall, { target: "", met: "" })
  })
})

describe("the samples", () => {
  it("are those of every process, by case, contender and figure", () => {
    const samples = Figures.samplesOf(one, processes)
    assert.lengthOf(Object.keys(samples), 3 * contenders.length)
    assert.deepStrictEqual(samples["2 asks: fanfold, cold"], [800, 9000, 1100])
    assert.deepStrictEqual(samples["2 asks: fanfold, warm"], [400, 4500, 550])
    assert.deepStrictEqual(samples["2 asks: SDK + Promise.all, first request"], [250, 2500, 250])
  })
})

describe("the cases", () => {
  it("are every size over both transports, with headers and without", () => {
    const cases = casesOf(false)
    assert.lengthOf(cases, 16)
    assert.strictEqual(new Set(cases.map(({ name }) => name)).size, 16)
    const { targets } = cases.find(({ name }) => name === "1,000 asks of 300 ms, TLS, HTTP/2, no limit headers")!
    assert.deepStrictEqual(targets, { wall: 0.6 })
  })

  it("of a quick run are a part of them", () => {
    const names = casesOf(false).map(({ name }) => name)
    const quick = casesOf(true).map(({ name }) => name)
    assert.lengthOf(quick, 4)
    assert.includeMembers(names, quick)
  })
})
