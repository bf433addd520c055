/** Fields of typed answers: what contradicts what, and what only looks so. */
import { assert, describe, it } from "@effect/vitest"
import * as FieldComparison from "../../src/pipeline/FieldComparison.ts"

const found = (one: unknown, two: unknown) =>
  FieldComparison.find([
    { ask: "a", value: one },
    { ask: "b", value: two }
  ]).map(({ statements, subject }) => `${subject}: ${statements.map(({ text }) => text).join(" / ")}`)

describe("fields contradict each other", () => {
  it.each([
    [
      "numbers with a percent sign or in the key",
      { growthPercent: 12 },
      { growth_rate: "17 %" },
      "growthPercent: 12 / 17 %"
    ],
    ["units that can be converted", { rangeKm: 310 }, { range: "260,000 m" }, "rangeKm: 310 / 260,000 m"],
    ["scales in words", { volume: "14 billion euros" }, { volumeEuro: 9e9 }, "volume: 14 billion euros / 9000000000"],
    [
      "ranges that do not meet",
      { share: { of: "x", part: { min: 1, max: 3 } } },
      { part: "4–6" },
      "share.part: 1 to 3 / 4–6"
    ],
    ["Swiss francs, before the number too", { grantChf: 1200 }, { grant: "CHF 1,500" }, "grantChf: 1200 / CHF 1,500"],
    ["yen", { grant: "¥900" }, { grantYen: "1,200 yen" }, "grant: ¥900 / 1,200 yen"],
    ["terawatt hours", { demandTWh: 2 }, { demand: "3,100 GWh" }, "demandTWh: 2 / 3,100 GWh"],
    ["degrees", { flowCelsius: 35 }, { flow: "55 °C" }, "flowCelsius: 35 / 55 °C"],
    ["bounds", { reach: "over 500 km" }, { reachKm: 400 }, "reach: over 500 km / 400"],
    [
      "dates",
      { inForceDate: "2027-01-01" },
      { inForceDate: "March 2028", x: 1 },
      "inForceDate: 2027-01-01 / March 2028"
    ],
    ["yes and no", { needsPermit: true }, { needsPermit: "no", x: 1 }, "needsPermit: true / no"],
    [
      "items of one name, of one schema",
      [{ name: "Daikin", sharePercent: 15 }],
      [{ name: "daikin", sharePercent: 11 }],
      "sharePercent of daikin: 15 / 11"
    ]
  ])("%s", (_, one, two, expected) => {
    assert.deepStrictEqual(found(one, two), [expected])
  })
})

describe("no contradiction is", () => {
  it.each([
    ["what is rounded", { growthPercent: 12.3 }, { growth: "12 %" }],
    ["what is rounded to thousands", { units: 2_212_345 }, { units: "2.2 million", x: 1 }],
    ["a date within a year", { sinceYear: 2027 }, { since: "2027-03-01" }],
    ["a bound that is kept", { reach: "at least 300 km" }, { reachKm: 400 }],
    ["the same in a larger unit", { demandTWh: 3.1 }, { demand: "3,100 GWh" }],
    ["gigawatts as megawatts", { installed: "1.5 GW" }, { installedMw: 1500 }],
    ["another currency", { grant: "CHF 12" }, { grant: "EUR 15", x: 1 }],
    ["another unit", { growthPercent: 12 }, { growth: "300 euros" }],
    ["another rate", { costPerYear: "12 EUR per year" }, { cost: "1 EUR per month", x: 1 }],
    ["a fraction for a percentage", { growthPercent: 12 }, { growth: 0.12 }],
    ["the same field of other things", { city: "Kyoto", people: 1.4e6 }, { city: "Tokyo", people: 14e6 }],
    ["answers of one form to several questions", { throughput: 1000 }, { throughput: 5000 }],
    ["a name that says nothing alone", { score: 3 }, { score: 5, x: 1 }],
    ["text", { verdict: "enter" }, { verdict: "wait", x: 1 }],
    ["a sentence with a number", { growth: "It may reach 12 % once the grant is paid again" }, { growth: 17, x: 1 }]
  ])("%s", (_, one, two) => {
    assert.deepStrictEqual(found(one, two), [])
  })
})
