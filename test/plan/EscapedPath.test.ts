/** Text in double quotes whose backslashes were meant, and text whose escapes were. */
import { assert, describe, it } from "@effect/vitest"
import { escapedPath } from "../../src/plan/EscapedPath.ts"

const advice = (letter: string) => `\\${letter} stands for one character; write \\\\, or use single quotes`
const path = (found: string, letter: string) => `${found} in double quotes is no path: ${advice(letter)}`
const name = (found: string, letter: string) => `${found} in double quotes has no backslash: ${advice(letter)}`

describe("text in double quotes", () => {
  it.each([
    [String.raw`"Why is C:\temp slow?"`, path("C:\\t", "t"), true],
    [String.raw`"Why is C:\new slow?"`, path("C:\\n", "n"), false],
    [String.raw`"Why is ..\temp slow?"`, path("..\\temp", "t"), true],
    [String.raw`"~\temp"`, path("~\\temp", "t"), true],
    [String.raw`"(.\budget)"`, path(".\\budget", "b"), true],
    [String.raw`"%TEMP%\new"`, path("%TEMP%\\new", "n"), false],
    [String.raw`"$env:TEMP\reports"`, path("$env:TEMP\\reports", "r"), true],
    [String.raw`"\\server\temp"`, path("\\\\server\\temp", "t"), false],
    [String.raw`"\\nas01.local\taxes"`, path("\\\\nas01.local\\taxes", "t"), false],
    [String.raw`"Why is src\new slow?"`, name("src\\new", "n"), false],
    [String.raw`"See src\node_modules"`, name("src\\node_modules", "n"), false],
    [String.raw`"What is \theta?"`, name("\\theta", "t"), false]
  ])("is no path: %s", (source, message, isCertain) => {
    assert.deepStrictEqual(escapedPath(source), { message, isCertain })
  })

  it.each([
    String.raw`"first\nsecond"`,
    String.raw`"Wait...\nNext"`,
    String.raw`"Q:\nWhat?\nA:\nThat"`,
    String.raw`"a\tb\nc\td"`,
    String.raw`"Aruba\t..\t105\nCuba\t..\nChad"`,
    String.raw`"100%\nof them"`,
    String.raw`"C:\\temp\\new"`,
    String.raw`"\\\\server\\share\nnext line"`,
    String.raw`"\\begin{itemize}\n\\item\tOne"`,
    String.raw`"caf\u00e9 \x41"`,
    String.raw`"What is \\theta?"`
  ])("is as it was meant: %s", (source) => assert.isUndefined(escapedPath(source)))

  it("is read in a time that grows with its length alone", () => {
    assert.isUndefined(escapedPath(`"${"x".repeat(1_000_000)}${"\\n\\\\".repeat(300_000)}"`))
  })
})
