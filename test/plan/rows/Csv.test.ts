/** Rows of CSV and the lines on which they begin, which errors name. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { rows } from "../../../src/plan/rows/Csv.ts"

/** The line and the cells of each row, and the place of an error after them. */
const read = (text: string) => {
  const found: Array<readonly [line: number, ...cells: ReadonlyArray<string>]> = []
  return Stream.runForEach(rows(Stream.make(text), "a.csv", false), ({ cells, line }) =>
    Effect.sync(() => void found.push([line, ...Object.values(cells)]))
  ).pipe(
    Effect.match({
      onSuccess: () => ({ found, error: "" }),
      onFailure: ({ message, position }) => ({ found, error: `${position?.line}:${position?.column} ${message}` })
    })
  )
}

const text = ["id,q", "", '1,"a', "", 'b"', "2,c", '3,"', '"', "4,d", ""].join("\n")

describe("rows of CSV", () => {
  for (const [ends, end] of [
    ["line feeds", "\n"],
    ["carriage returns and line feeds", "\r\n"]
  ] as const) {
    it.effect(`begin on the line that is named, after ${ends} in cells`, () =>
      Effect.gen(function* () {
        const { found } = yield* read(text.replaceAll("\n", end))
        assert.deepStrictEqual(found, [
          [3, "1", `a${end}${end}b`],
          [6, "2", "c"],
          [7, "3", end],
          [9, "4", "d"]
        ])
      })
    )

    it.effect(`that are ragged are told at their beginning, after ${ends} in cells`, () =>
      Effect.gen(function* () {
        const { error } = yield* read(`${text}5,"\n",e\n`.replaceAll("\n", end))
        assert.include(error, "10:1 has 3 cells, and the heading 2")
      })
    )
  }

  it.effect("after a quote that is not closed are told at the row with that", () =>
    Effect.gen(function* () {
      assert.include((yield* read(`${text}5,"\ne\n`.replaceAll("\n", "\r\n"))).error, "10:2 a cell that begins")
    })
  )
})
