/** What is told of rows that can be asked, but may not be meant so. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as PlanFile from "../../../src/plan/PlanFile.ts"
import { folders } from "../../cli/Process.ts"

const folder = folders()
const cwd = folder({
  "a.csv": "id,q\na,1\nb,2\n",
  "one.csv": "id,q\na,1\n",
  "n/a.md": "A",
  "n/b.md": "B",
  "c.txt": "We."
})

const noticesOf = (asks: object, plan: object = {}) =>
  PlanFile.read("plan.json", JSON.stringify({ ...plan, asks }), cwd).pipe(
    Effect.map(({ notices }) => notices.map(({ message }) => message)),
    Effect.provide(NodeServices.layer)
  )

describe("rows", () => {
  it.effect("that are all asked the same are told of", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* noticesOf({ from: "a.csv", question: "What of q?" }), [
        "a.csv: all 2 rows are asked the same: the question names none of {id}, {q}"
      ])
      for (const asks of [
        { from: "a.csv", question: "What of {q}?" },
        { from: "a.csv", question: "What?", system: "You are {q}." },
        { from: "one.csv", question: "What?" },
        { from: "n/*.md", question: "What?" }
      ]) {
        assert.deepStrictEqual(yield* noticesOf(asks), [])
      }
    })
  )

  it.effect("with files of their own are told that these are paid for with each, and those of the context once", () =>
    Effect.gen(function* () {
      const asks = { from: "a.csv", question: "{q}?" }
      assert.deepStrictEqual(yield* noticesOf({ ...asks, files: "c.txt" }), [
        'sent with each of 2 rows and paid for each time: as "context" of the plan they are paid for once'
      ])
      assert.deepStrictEqual(yield* noticesOf({ ...asks, from: "one.csv", files: "c.txt" }), [])
      assert.deepStrictEqual(yield* noticesOf(asks, { context: [{ file: "c.txt" }] }), [])
    })
  )
})
