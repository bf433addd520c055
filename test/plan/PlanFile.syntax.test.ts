/** Plans with keys that are none, and with syntax errors whose cause is not where the parser sees them. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { issuesOf, read, tell } from "./PlanText.ts"

const key =
  'a key stands in one line: its colon is missing, or this is text with ": " in it, which must stand in quotes'
const block = (line: number) =>
  `this belongs to the text after | in line ${line}: indent it as far as that text, further than its key`
const comma = "a comma must stand between the entries in braces or brackets: one is missing here"
const glued = "this is one text, as no blank follows the colon: write"

describe("a plan in YAML is rejected for", () => {
  tell("plan.yaml", [
    ["a key without its colon", "asks\n  a: x", `1:1 ${key}`],
    [
      "a text that goes on below it",
      "asks:\n  a: x\nsynthesis: y\n  # fine\nand so on\n",
      "5:1 this is no key: its colon is missing, or it goes on from a text above, which must stand in quotes or after |"
    ],
    ["text after | that is not indented", "asks:\n  a: x\nsynthesis: |\nFold it\n", `4:1 ${block(3)}`],
    [
      "text after | that is indented less than its beginning",
      "asks:\n  a: |\n     one\n\n    two\n  b: x",
      `5:5 ${block(2)}`
    ],
    [
      "an apostrophe in single quotes",
      "asks: { a: 'What's new?' }",
      "1:17 this ' ends the text: within single quotes write '' for it, or put the text in double quotes"
    ],
    [
      "a quote in double quotes",
      '{"asks": {"a": "the "best" way", "b": "x"}}',
      '1:21 this " ends the text: within double quotes write \\" for it'
    ],
    ["a missing comma", 'asks: { a: "x", b: "y" c: "z" }', `1:20 ${comma}`, "1:24 Unexpected scalar token"],
    [
      "a fence of Markdown",
      "```yaml\nasks:\n  a: x\n```\n",
      "1:1 this is a fence of Markdown: leave out the lines with ``` around the plan"
    ],
    [
      "comments of JavaScript",
      '// see\n{ "asks": { "a": "http://x", } }',
      "1:1 // begins no comment here: write #, or leave it out"
    ],
    [
      "the same before a key",
      '{\n  /* c */ "asks": { "a": "x" }\n}',
      "2:3 /* begins no comment here: write #, or leave it out"
    ],
    ["typographic quotes", "asks:\n  “a”: x", "2:3 “ is no quote here: write \" or '"],
    [
      "blanks that are none",
      "asks:\n\u00a0\u00a0a: x",
      "2:1 this begins with U+00A0, which is no blank here: write blanks"
    ],
    [
      "keys that are no text",
      "asks:\n  ? [a, b]\n  : x\n  ? { c: d }\n  : y",
      "2:5 a key must be text, not a list or a mapping",
      "4:5 a key must be text, not a list or a mapping"
    ],
    [
      "merge keys without a mapping",
      "x-a: &a x\nx-b: &b { maxTokens: 5 }\nasks:\n  a: { <<: *a, question: x }\n  b: { <<: [*b, { effort: low }], question: x }\n  c: { <<: 5, question: x }",
      "4:8 << takes a mapping, or a list of mappings",
      "6:8 << takes a mapping, or a list of mappings"
    ],
    [
      "a name that YAML 1.1 reads as a boolean",
      "%YAML 1.1\n---\nasks: { no: x, true: y }",
      "3:9 no is the boolean false in YAML 1.1, not a name: put it in quotes, or leave out %YAML"
    ],
    [
      "keys without a blank after the colon",
      "context:\n  file:brief.md\nasks:\n  a:\n    question:What is it, in short?\nsynthesis:\n  instruction:\u00a0Fold",
      `2:3 ${glued} file: brief.md, or put it in quotes`,
      `5:5 ${glued} question: What is it, in short…, or put it in quotes`,
      `7:3 ${glued} instruction: Fold, or put it in quotes`
    ],
    [
      "names without a blank after the colon",
      "asks:\n  a:What?",
      '1:1 asks: expected asks by name, got "a:What?"; a blank must follow the colon after a name'
    ],
    [
      "a context file without a name",
      'context: { file: "" }\nasks: { a: x }',
      "1:12 context.file: expected the name of a file that is not empty"
    ]
  ])
})

describe("a large file that is no plan", () => {
  it.effect("is rejected in a time that does not grow with the number of its mistakes", () =>
    Effect.gen(function* () {
      const issues = yield* issuesOf("plan.yaml", `asks:\n${"  a: x\n b\n".repeat(30_000)}`)
      assert.match(issues[3] ?? "", /and \d+ more from here on/)
    })
  )
})

describe("a plan in TOML is rejected for", () => {
  tell("plan.toml", [
    [
      "a table in the place of an ask, at its beginning",
      '[asks.a]\nquestion = "x"\n[[asks.c]]\nquestion = "x"\n',
      '3:3 asks.c: expected a question, or { question: … }, got [{"question":"x"}]'
    ]
  ])
})

describe("a plan is read", () => {
  it.effect("with line ends of U+000D alone", () =>
    Effect.map(read("plan.yaml", "asks:\r  a: x\r  b: y\r"), ({ asks }) =>
      assert.deepStrictEqual(Object.keys(asks), ["a", "b"])
    )
  )

  it.effect("with the dates of TOML as text", () =>
    Effect.map(read("plan.toml", "[asks]\na = 2026-01-01\nb = 07:32:00\n"), ({ asks }) =>
      assert.deepStrictEqual([asks["a"]?.question, asks["b"]?.question], ["2026-01-01", "07:32:00"])
    )
  )

  it.effect("with names that other languages keep for themselves", () =>
    Effect.map(read("plan.yaml", "asks: { no: x, true: y, on: z, __proto__: p, constructor: c }"), ({ asks }) =>
      assert.deepStrictEqual(Object.keys(asks), ["no", "true", "on", "__proto__", "constructor"])
    )
  )

  it.effect("with a notice of a context that is the name of a file", () =>
    Effect.gen(function* () {
      const { notices } = yield* read("plan.yaml", "context: brief.md\nasks: { a: x }")
      const message = "this text is sent as it stands: to read a file, write { file: brief.md }"
      assert.deepStrictEqual(notices, [
        { file: "plan.yaml", position: { line: 1, column: 1 }, path: ["context"], message }
      ])
      assert.deepStrictEqual((yield* read("plan.yaml", "context: We sell at a.com\nasks: { a: x }")).notices, [])
    })
  )
})
