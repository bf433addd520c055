/** What is told of a file whose text was damaged before it was read. */
import { assert, describe, it } from "@effect/vitest"
import { fileIssue } from "../../src/plan/DamagedText.ts"

describe("the text of a file", () => {
  it("is told to have lost a character, which stops nothing", () => {
    const message = "has U+FFFD, which stands for a character that was lost (line 2, column 4)"
    assert.deepStrictEqual(fileIssue("one\nCaf\ufffd"), { message, isCertain: false })
    assert.strictEqual(fileIssue("Caf\ufffd \u001b[0m")?.isCertain, true)
    assert.isUndefined(fileIssue("Café"))
  })
})
