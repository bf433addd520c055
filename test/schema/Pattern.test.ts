/** Patterns that were written for other languages: which texts fit, and what is said of those that JavaScript does not have. */
import { assert, describe, it } from "@effect/vitest"
import { inspect } from "../../src/schema/AnswerFormat.ts"
import { compile, expressionOf } from "../../src/schema/Pattern.ts"

describe("a pattern fits the same texts as in the language it was written for", () => {
  const rows: ReadonlyArray<readonly [pattern: string, fits: ReadonlyArray<string>, not: ReadonlyArray<string>]> = [
    ["\\A\\d+\\Z", ["12"], ["A12Z", "a12", "12\n"]],
    ["(?m)\\Aab\\z", ["ab"], ["x\nab"]],
    ["^[[:digit:]_-]+$", ["1_2-3"], [":", "d"]],
    ["^[^[:space:]]+$", ["ab"], ["a b"]],
    ["^[[:alpha:]-_]+$", ["a-_"], ["[", "1"]],
    ["^(?P<year>\\d\\d)-(?P=year)$", ["12-12"], ["12-13"]],
    ["(?i)^abc$", ["ABC"], ["ABD"]],
    ["^(?i)abc$", ["ABC"], ["xABC"]],
    ["(?s)^a.b$", ["a\nb"], ["ab"]],
    ["^\\pL\\p{Nd}$", ["ä1"], ["1a", "pL"]],
    ["^\\x{1F600}$", ["😀"], ["x"]],
    ["^.$", ["😀"], ["ab"]],
    ["^[\\w-.]+@[\\w.-]+$", ["a-b.c@d-e"], ["a,b@c"]],
    ["^[a-\\d]$", ["a", "-", "1"], ["b"]],
    ["^\\#\\-\\_\\@$", ["#-_@"], ["#-_"]],
    ['^{"a": ]}$', ['{"a": ]}'], ["{}"]],
    ["^[\\\\d-f]$", ["\\", "e"], ["-"]],
    ["^[[a-z]&&[^b]]$", ["a"], ["b", "&"]],
    ["^[[]$", ["["], ["]"]],
    ["^[^]$", ["x"], [""]]
  ]
  for (const [pattern, fits, not] of rows) {
    it(pattern, () => {
      const expression = expressionOf(pattern)!
      assert.deepStrictEqual(
        [...fits, ...not].filter((text) => expression.test(text)),
        fits
      )
    })
  }
})

describe("a pattern is refused", () => {
  const rows: ReadonlyArray<readonly [pattern: string, problem: RegExp]> = [
    ["^\\h+$", /no \\h: write \[0-9A-Fa-f\] or/],
    ["\\Qa.b\\E", /no \\Q: write a backslash/],
    ["a\\Kb", /no \\K/],
    ["^\\i\\c*$", /no \\i/],
    ["\\p{IsGreek}", /\\p\{Script=Greek\}/],
    ["a++", /no possessive quantifiers/],
    ["(?>a)b", /no atomic groups/],
    ["(?x)a b", /the flag x/],
    ["a(?i)b", /stand at the beginning/],
    ["a{,3}", /write \{0,3\} for \{,3\}/],
    ["[]a]", /write \\\]/],
    ["[^]a]", /write \\\[ and \\\]/],
    ["[a-z&&[^b]]", /writes it \[\[a-z\]&&/],
    ["[[:^digit:]]", /no \[:\^digit:\]/],
    ["/^a$/i", /without the slashes/],
    ["(", /expected a regular expression, got "\("/]
  ]
  for (const [pattern, problem] of rows) {
    it(pattern, () => {
      const compiled = compile(pattern)
      assert("problem" in compiled)
      assert.match(compiled.problem, problem)
    })
  }

  it("with its place, in a schema", () => {
    const { problems } = inspect({ type: "object", properties: { a: { pattern: "\\h" } } })
    assert.deepStrictEqual(problems, [
      {
        path: ["properties", "a", "pattern"],
        message: "JavaScript's regular expressions have no \\h: write [0-9A-Fa-f] or [ \\t]"
      }
    ])
  })
})
