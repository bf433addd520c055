/** Rows are the same whether plain records are found fast or all is read by `csv-parse`, in pieces of any size. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as fc from "fast-check"
import { rows } from "../../../src/plan/rows/Csv.ts"

/** The rows, or where and what the error is. */
const read = (chunks: ReadonlyArray<string>, isStrict: boolean) =>
  Effect.runPromise(
    Stream.runCollect(rows(Stream.fromIterable(chunks), "a.csv", false, isStrict)).pipe(
      Effect.match({
        onSuccess: (rows) => ({ rows, error: "" }),
        onFailure: ({ message, position }) => ({ rows: [], error: JSON.stringify([message, position]) })
      })
    )
  )
type Read = Awaited<ReturnType<typeof read>>

/** A carriage return within a cell is a line of its own for `csv-parse` alone. */
const withoutLines = ({ error, rows }: Read) => ({
  error: error.replace(/,\{.*/, ""),
  rows: rows.map(({ cells }) => cells)
})

const token = fc.constantFrom("a", ",", '"', '""', "\n", " ", ";", '"x,y"', '"x\ny"', "\r")
const plainRow = fc.constantFrom("a,b\n", '"x","y"\n', 'a,"say ""hi"""\n', ",\n", "\n", '"x\ny",z\n')
const text = fc
  .array(fc.oneof({ arbitrary: plainRow, weight: 12 }, { arbitrary: token, weight: 1 }), { maxLength: 12 })
  .map((parts) => `h,i\n${parts.join("")}`)

const pieces = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 })

const cut = (whole: string, sizes: ReadonlyArray<number>): ReadonlyArray<string> => {
  const parts: Array<string> = []
  for (let at = 0, n = 0; at < whole.length; n++) {
    const size = sizes[n % sizes.length]!
    parts.push(whole.slice(at, at + size))
    at += size
  }
  return parts
}

describe("rows of CSV", () => {
  it("are those of csv-parse, with its lines and errors, also of Windows", async () => {
    let plain = 0
    await fc.assert(
      fc.asyncProperty(text, pieces, fc.boolean(), async (given, sizes, isWindows) => {
        const whole = isWindows
          ? given
              .replaceAll("\r", "")
              .replaceAll(/"[^"]*"/g, (cell) => cell.replaceAll("\n", ""))
              .replaceAll("\n", "\r\n")
          : given
        // The heading comes first, as its delimiter decides.
        const [fast, strict] = await Promise.all([
          read(["h,i" + (isWindows ? "\r\n" : "\n"), ...cut(whole.replace(/^h,i\r?\n/, ""), sizes)], false),
          read([whole], true)
        ])
        if (strict.rows.length > 0) plain++
        if (whole.includes("\r")) assert.deepStrictEqual(withoutLines(fast), withoutLines(strict))
        else assert.deepStrictEqual(fast, strict)
      }),
      { numRuns: 500 }
    )
    assert.isAbove(plain, 50)
  })

  it("of a file that is plain at first are read on from where it is not, and errors have their lines", async () => {
    const chunks = ["h,i\n1,2\n", '"3\n3",4\n', '5,6"6\n']
    assert.include((await read(chunks, false)).error, '"line":5')
    assert.deepStrictEqual(await read(chunks, false), await read([chunks.join("")], true))
    assert.deepStrictEqual(
      await read(["h,i\n1,2\n", "3,4\r\n5,6\r\n"], false),
      await read(["h,i\n1,2\n3,4\r\n5,6\r\n"], true)
    )
  })
})
