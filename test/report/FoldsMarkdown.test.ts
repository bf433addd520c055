/** What a document says of the folds that it is made of: one line, however many they are. */
import { assert, describe, it } from "@effect/vitest"
import { Message } from "fanfold"
import * as FoldsMarkdown from "../../src/report/FoldsMarkdown.ts"

const fold = (level: number, asks: ReadonlyArray<string>) => ({
  model: "claude-haiku-5-5",
  attempts: 1,
  usage: Message.noUsage,
  estimatedCostUsd: 0,
  durationMillis: 1,
  level,
  asks,
  status: "answered",
  message: null
})

const textOf = (folds: ReadonlyArray<ReturnType<typeof fold>>) =>
  FoldsMarkdown.section({
    asks: {},
    synthesis: null,
    folds: Object.fromEntries(folds.map((each, n) => [`f${n}`, each]))
  })

describe("the levels of a document", () => {
  it("are one line, with the groups of the first", () => {
    const folds = [fold(1, ["a"]), fold(1, ["b", "c"]), fold(2, ["a", "b", "c"]), fold(1, ["d", "e", "f"])]
    assert.deepStrictEqual(textOf(folds), [
      "## Levels\n\nThe answers were folded in 3 levels, 3 → 1 → 1. Groups of the first: a; b, c; d to f (3)."
    ])
  })

  it("are as short where there are a thousand folds", () => {
    const many = Array.from({ length: 1000 }, (_, n) => fold(1, [`a${n}`, `b${n}`, `c${n}`]))
    const [text = ""] = textOf([...many, fold(2, ["a0", "c999"])])
    assert.include(text, "in 3 levels, 1,000 → 1 → 1. ")
    assert.isTrue(text.endsWith("a11 to c11 (3); and 988 more."), text)
  })

  it("are not told where one request has read all answers", () => {
    assert.deepStrictEqual(textOf([]), [])
  })
})
