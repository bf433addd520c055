/** The forms of a duration that people read. */
import { assert, describe, it } from "@effect/vitest"
import { ageText, planText, roundedText, secondsText } from "../../src/options/DurationText.ts"

describe("a rounded duration", () => {
  it.each([
    [0, "0.0 s"],
    [850, "0.9 s"],
    [1249, "1.2 s"],
    [9949, "9.9 s"],
    [9950, "10 s"],
    [12_400, "12 s"],
    [59_499, "59 s"],
    [59_500, "1 min 0 s"],
    [125_000, "2 min 5 s"],
    [3_599_600, "1 h 0 min"],
    [3_720_000, "1 h 2 min"]
  ])("%i ms are %s", (millis, text) => {
    assert.strictEqual(roundedText(millis), text)
  })
})

describe("a duration as a plan writes it", () => {
  it.each([
    [250, "250 millis"],
    [1000, "1 second"],
    [1500, "1.5 seconds"],
    [60_000, "60 seconds"],
    [90_000, "90 seconds"],
    [120_000, "2 minutes"],
    [3_600_000, "60 minutes"],
    [7_200_000, "2 hours"],
    [172_800_000, "2 days"]
  ])("%i ms are %s", (millis, text) => {
    assert.strictEqual(planText(millis), text)
  })
})

describe("a duration in seconds", () => {
  it.each([
    [90_000, "90 s"],
    [250, "0.25 s"]
  ])("%i ms are %s", (millis, text) => {
    assert.strictEqual(secondsText(millis), text)
  })
})

describe("the age of something", () => {
  it.each([
    [-5000, "just now"],
    [59_999, "just now"],
    [60_000, "1 min old"],
    [3_599_999, "59 min old"],
    [3_600_000, "1 h old"],
    [172_799_999, "47 h old"],
    [172_800_000, "2 days old"]
  ])("%i ms: %s", (millis, text) => {
    assert.strictEqual(ageText(millis), text)
  })
})
