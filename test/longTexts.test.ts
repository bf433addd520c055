/** Long texts take a time that grows with their length: each of these took minutes or more where it grew with the square. */
import { assert, describe, it } from "@effect/vitest"
import * as Prompt from "../mocks/answers/Prompt.ts"
import * as WrittenSynthesis from "../mocks/answers/WrittenSynthesis.ts"
import * as Secrets from "../mocks/tape/Secrets.ts"
import { candidates } from "../src/pipeline/AnswerJson.ts"
import * as NoPlan from "../src/plan/NoPlan.ts"
import { cutText, jsonComment } from "../src/plan/YamlComment.ts"
import { inert, inertDocument } from "../src/report/TerminalText.ts"
import { reply } from "./FakeClaude.ts"

const length = 1_000_000
const filled = (piece: string): string => piece.repeat(length / piece.length)
const promptOf = (content: string) => Prompt.read({ messages: [{ role: "user", content }] })

describe("1 MB", () => {
  const rows: ReadonlyArray<readonly [what: string, read: () => unknown, expected: unknown]> = [
    ["of fences that nothing closes", () => candidates(reply(filled("```js\nx\n"))), []],
    ["of commands to a terminal that nothing ends", () => inert(filled("\u001B]8;;a")).includes("\u001B"), false],
    ["of them in a document", () => inertDocument(filled("\u001B]8;;a")).includes("\u001B"), false],
    ["of escaped quotes in JSON that breaks off", () => jsonComment(`{"a":"${filled('\\"a ')}`), undefined],
    ["of findings that nothing closes", () => promptOf(filled('<finding name="x">')).part, "ask"],
    ["of gaps that nothing closes", () => promptOf(filled('<gap name="x">')).part, "ask"],
    ["of blank lines in an answer", () => WrittenSynthesis.sentences(`a${filled("\n")}b`), ["a b"]],
    ["of blanks on a tape", () => Secrets.redacted(filled(" "), []).length, length]
  ]
  for (const [what, read, expected] of rows) it(what, () => assert.deepStrictEqual(read(), expected))

  it("of blank lines where an error is explained", () => {
    const problem = { message: "wrong", position: { line: 1, column: 1 } }
    const [first] = NoPlan.problemsOf(`x${filled("\n")}`, [problem])
    assert.include(first?.message, "is this a plan?")
  })
})

it("A line of YAML with many apostrophes before a syntax error is read once", () => {
  const text = `asks:\n  a: ${'don\'t say a"b" '.repeat(1000)}\n  more text\n`
  assert.isUndefined(cutText(text, text.indexOf("more")))
})
