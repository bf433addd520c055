/** Data packed into a page: every byte comes back, and nothing of it has a meaning in HTML. */
import { inflateRawSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import * as Base85 from "../../../src/report/page/Base85.ts"
import { packAnswers } from "../../../src/report/page/Blocks.ts"
import { randomOf } from "../SeededRun.ts"

const answersIn = ({ bytes, text }: { readonly bytes: number; readonly text: string }) =>
  JSON.parse(inflateRawSync(Base85.decode(text, bytes)).toString("utf8"))

describe("bytes as text", () => {
  it("come back, whatever they are and how many", () => {
    const random = randomOf(1)
    for (let length = 0; length < 300; length++) {
      const bytes = Uint8Array.from({ length }, () => Math.floor(random() * 256))
      const text = Base85.encode(bytes)
      assert.notMatch(text, /[\s"'`&<>\\/-]/)
      assert.deepStrictEqual([...Base85.decode(text, length)], [...bytes])
    }
    assert.deepStrictEqual([...Base85.decode(Base85.encode(new Uint8Array(8).fill(255)), 8)], Array(8).fill(255))
  })
})

describe("answers", () => {
  it("lie many in a block, in the order of the asks", async () => {
    const answers = Array.from({ length: 1000 }, (_, n) =>
      n % 7 === 0 ? null : { value: `answer ${n} `.repeat(100), sources: [] }
    )
    const blocks = await packAnswers(answers)
    assert.isAbove(blocks.length, 1)
    assert.deepStrictEqual(blocks.flatMap(answersIn), answers)
    assert.deepStrictEqual(answersIn(blocks[1]!)[0], answers[blocks[1]!.first])
  })

  it("may be none", async () => {
    assert.deepStrictEqual(await packAnswers([]), [])
  })
})
