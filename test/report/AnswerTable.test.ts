/** The columns of a table of answers, and what stands in them. */
import { assert, describe, it } from "@effect/vitest"
import { Ask } from "fanfold"
import * as AnswerTable from "../../src/report/AnswerTable.ts"

const object = Ask.object("?", {
  type: "object",
  properties: { name: { type: "string" }, tags: { type: "array", items: { type: "string" } } },
  required: ["name", "tags"],
  additionalProperties: false
})

describe("a table of answers", () => {
  it("has the columns of the rows, the ask, its answer, and the gap", () => {
    const { names, record } = AnswerTable.columnsOf(["id", "city"], [Ask.text("?")])
    assert.deepStrictEqual(names, ["id", "city", "ask", "answer", "gap"])
    assert.deepStrictEqual(record({ name: "q1", cells: { id: "1" }, value: "Yes" }), [
      "1",
      undefined,
      "q1",
      "Yes",
      undefined
    ])
    assert.deepStrictEqual(record({ name: "q1", cells: {}, gap: "Refused: no" }).slice(2), [
      "q1",
      undefined,
      "Refused: no"
    ])
  })

  it("has a column for each field of a structured answer, under a name that no column of the rows has", () => {
    const { names, record } = AnswerTable.columnsOf(["name", "ask"], [object])
    assert.deepStrictEqual(names, ["name", "ask", "ask_2", "name_2", "tags", "gap"])
    const cells = AnswerTable.cellsOf(
      record({ name: "q1", cells: { name: "n", ask: "a" }, value: { name: "x", tags: ["a", "b"] } })
    )
    assert.deepStrictEqual(cells, ["n", "a", "q1", "x", '["a","b"]', ""])
  })

  it("has both where some asks answer in prose and some in fields", () => {
    const { names, record } = AnswerTable.columnsOf([], [Ask.text("?"), object])
    assert.deepStrictEqual(names, ["ask", "answer", "name", "tags", "gap"])
    assert.deepStrictEqual(record({ name: "a", cells: {}, value: "prose" }), [
      "a",
      "prose",
      undefined,
      undefined,
      undefined
    ])
    assert.deepStrictEqual(record({ name: "b", cells: {}, value: { name: "x", tags: [] } }), [
      "b",
      undefined,
      "x",
      [],
      undefined
    ])
  })

  it("has a value without fields as JSON", () => {
    const { names, record } = AnswerTable.columnsOf([], [Ask.object("?", { type: "array", items: { type: "number" } })])
    assert.deepStrictEqual(names, ["ask", "answer", "gap"])
    assert.deepStrictEqual(AnswerTable.cellsOf(record({ name: "a", cells: {}, value: [1, 2] })), ["a", "[1,2]", ""])
    assert.strictEqual(
      AnswerTable.lineOf(names, record({ name: "a", cells: {}, value: [1, 2] })),
      '{"ask":"a","answer":[1,2]}\n'
    )
  })
})
