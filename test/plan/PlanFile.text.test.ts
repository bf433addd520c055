/** Plans whose text would not reach Claude as it was meant, and files that are no plans. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Ask } from "fanfold"
import { issuesOf, noPlanKey, read, tell } from "./PlanText.ts"

const quoted = (start: string) => `text that begins with ${start} must stand in quotes, all of it: '${start}…'`
const escape = "in double quotes write a backslash as \\\\, or use single quotes"
const howAsks = "a plan has asks by name, such as asks: { market: How large is it? }"
const comment = 'this text ends before " #", which begins a comment: if the rest belongs to it, put it in quotes'
const whole = "put all of it in quotes, or write it after |"
const cut = '" #" begins a comment and ends the text, which goes on in line'

describe("a plan in YAML is rejected for", () => {
  tell("plan.yaml", [
    ["braces", "asks:\n  a: {{topic}} in three sentences", `2:6 ${quoted("{")}`],
    ["braces alone", "asks:\n  a: {{topic}}", "2:6 text that begins with { must stand in quotes, all of it: '{{…}}'"],
    ["a bracket", "asks:\n  a: [Draft] What is missing?", `2:6 ${quoted("[")}`],
    ["a backtick", "asks:\n  a: `npm ls` prints what?", `2:6 ${quoted("`")}`],
    ["a mention", "asks:\n  a: @team what blocks you?", `2:6 ${quoted("@")}`],
    ["a quotation", 'asks:\n  a: "Is it good?" asked the client', `2:6 ${quoted('"')}`],
    ["a star", "asks:\n  a: *Why* is it?", `2:6 ${quoted("*")}`],
    ["a folded text on its own line", "asks:\n  a: > Why is it?", `2:6 ${quoted(">")}`],
    ["a colon", "asks:\n  a: Question: what is it?", '2:6 text with ": " in it must stand in quotes'],
    [
      "tags",
      "context: !include brief.md\nasks: { a: !important Why? }",
      "1:10 the tag !include has no meaning here: text that begins with ! must stand in quotes; a context is read from a file by { file: name }",
      "2:12 the tag !important has no meaning here: text that begins with ! must stand in quotes"
    ],
    [
      "tags of other programs",
      [
        "context: !!binary aGVsbG8=",
        "asks:",
        "  a: !!timestamp 2026-01-01",
        "  b: !!python/tuple [x]",
        "  c: !!int five"
      ].join("\n"),
      "1:10 the tag !!binary has no meaning here: write the text itself, or name its file: context: { file: name }",
      "3:6 the tag !!timestamp has no meaning here: write the date in quotes, without the tag",
      "4:6 the tag !!python/tuple has no meaning here: a program in Python wrote one of its objects: yaml.safe_dump writes lists and mappings",
      "5:6 the tag !!int does not fit its value: leave it out"
    ],
    [
      "tags of collections, and one without a name",
      "x-a: !!set { a, b }\nasks: !!omap\n  - a: ! important?",
      "1:6 the tag !!set has no meaning here: write a mapping with a value for each key, or a list, without the tag",
      "2:7 the tag !!omap has no meaning here: write a mapping, whose order is kept, without the tag",
      "3:8 the tag ! has no meaning here: text that begins with ! must stand in quotes"
    ],
    [
      "a comment in a text of several lines",
      "asks:\n  a: Why is\n    issue #5 so\n    old?\n",
      `3:11 ${cut} 4: ${whole}`
    ],
    [
      "a line of a text that is a comment",
      "asks:\n  a:\n    What's the\n    # of: it\n    then?\n",
      `4:5 ${cut} 5: ${whole}`
    ],
    ["the same in braces", 'asks: { a: "x #5", b: What is\n   issue #5\n   and 6 }\n', `2:10 ${cut} 3: ${whole}`],
    [
      "a key that is too deep after a comment",
      "asks:\n  a: x # fine\n    b: y",
      "3:1 All mapping items must start at the same column"
    ],
    [
      "a comment in braces",
      "asks: { a: Rank issue #5, b: x }\n",
      '2:1 braces that are not closed: " #" begins a comment, and text with it must stand in quotes'
    ],
    [
      "a Windows path whose escapes are none",
      'asks:\n  a: "Why is C:\\Users slow?"',
      `2:16 this is no escape: ${escape}`
    ],
    [
      "a Windows path whose escapes are some",
      'asks:\n  a: "Why is C:\\temp slow?"',
      "2:6 C:\\t in double quotes is no path: \\t stands for one character; write \\\\, or use single quotes"
    ],
    [
      "a path with control characters",
      'context: { file: "x\\ny.md" }\nasks: { a: x }',
      "1:12 context.file: this path has the control character U+000A: in double quotes \\ begins an escape; write \\\\ or /, or use single quotes"
    ],
    [
      "control characters",
      'asks: { a: "x \\b", b: { question: y, answer: { description: "\\e" } } }',
      `1:9 asks.a: has the control character U+0008: ${escape}`,
      `1:48 asks.b.answer.description: has the control character U+001B: ${escape}`
    ],
    [
      "colours of a terminal",
      'asks: { a: "\u001b[31mred" }',
      "1:9 asks.a: has escape sequences of a terminal: save it without its colours"
    ],
    [
      "invisible text",
      'asks: { a: "\\u200b\\ufeff" }\nsynthesis: "\u2060"',
      '1:9 asks.a: expected a question that is not empty, got "\\u200b\\ufeff"',
      '2:1 synthesis: expected an instruction that is not empty, got "\\u2060"'
    ],
    ["a context of invisible text", "context: { file: blank }\nasks: { a: x }", "1:12 context.file: blank: is empty"],
    [
      "a context with the colours of a terminal",
      "context: { file: red }\nasks: { a: x }",
      "1:12 context.file: red: has escape sequences of a terminal: save it without its colours (line 2, column 3)"
    ],
    [
      "halves of surrogate pairs",
      '{ "asks": { "a": "x \\ud83d", "b": "\\ud83d\\ude00" } }',
      "1:13 asks.a: has half of a character (U+D83D, a surrogate without its other half)"
    ],
    [
      "halves of surrogate pairs in the schema of an answer, once",
      'asks: { a: { question: x, answer: { type: string, title: "\\ud83d" } } }\nsynthesis: "\\ud83d"',
      "1:51 asks.a.answer.title: this text has half of a character (U+D83D, a surrogate without its other half): write the whole character",
      "2:1 synthesis: has half of a character (U+D83D, a surrogate without its other half)"
    ],
    [
      "two merge keys",
      "asks:\n  a: &a { question: x }\n  c:\n    <<: *a\n    <<: *a",
      "5:5 << stands here twice: write one with a list, <<: [*a, *b]"
    ],
    ["a context without text", "context: { file: sub/x }\nasks: { a: x }", "1:12 context.file: sub/x: is empty"]
  ])
})

describe("a plan in TOML is rejected for", () => {
  tell("plan.toml", [
    [
      "a Windows path whose escapes are none",
      '[asks]\na = "C:\\Users"',
      `2:9 Invalid character in escape sequence: ${escape}`
    ],
    [
      "a Windows path whose escapes are some",
      '[asks]\na = "C:\\temp"',
      "2:5 C:\\t in double quotes is no path: \\t stands for one character; write \\\\, or use single quotes"
    ]
  ])
})

describe("a file that is no plan is rejected for", () => {
  tell("q.txt", [
    ["lines of JSON", '{"question": "a"}\n{"question": "b"}\n', `2:1 these are JSON lines, no plan: ${howAsks}`],
    [
      "Markdown",
      "# Questions\n\n> Answer *well*.\n\n1. Is it?\n",
      `3:3 Not a YAML token: Answer *well*.; is this a plan? ${howAsks}`
    ],
    ["other things by name", "review:\n  notes: x\n", `1:1 review: ${noPlanKey}`, `1:1 asks: missing; ${howAsks}`],
    [
      "tasks by name",
      "review:\n  description: x\n",
      "1:1 these are questions, and a plan has asks by name; to ask them: fanfold ask --from q.txt"
    ],
    [
      "text",
      "What is one?\nWhat is two?\n",
      '1:1 expected a plan with asks, got "What is one? What is two?"; a plan has asks by name, such as asks: { market: How large is it? }'
    ]
  ])
})

describe("a plan is read", () => {
  it.effect("with keys x-… for its anchors", () =>
    Effect.gen(function* () {
      const { asks } = yield* read("plan.yaml", "x-d: &d { maxTokens: 5 }\nasks: { a: { <<: *d, question: x } }")
      assert.strictEqual(asks["a"]?.options.maxTokens, 5)
    })
  )

  it.effect("from standard input in TOML", () =>
    Effect.gen(function* () {
      for (const text of ['[asks]\na = "x"\n', 'asks.a = "x"\n']) {
        const { asks } = yield* read("stdin", text)
        assert.strictEqual(asks["a"]?.question, "x")
      }
      // What is neither is reported as what it looks like.
      for (const [text, message] of [
        ["asks: [a\n", /^stdin:2:1 Flow sequence/],
        ["# a plan\n\n[asks]\na = What?\n", /^stdin:4:5 Unexpected character: text must stand in quotes/],
        ['asks.a = "x"\nasks.a = "y"\n', /^stdin:2:6 Defining a key multiple times/]
      ] as const) {
        const error = yield* Effect.flip(read("stdin", text))
        assert.match(error.message, message)
      }
    })
  )

  it.effect("with the page breaks of a document, and a notice of other control characters", () =>
    Effect.gen(function* () {
      const { notices } = yield* read("plan.yaml", "context: { file: unit }\nasks: { a: x }")
      assert.deepStrictEqual(
        notices.map(({ message }) => message),
        ["unit: has the control character U+001F (line 1, column 2)"]
      )
      for (const context of ["{ file: pages }", '"1\\n\\f2"']) {
        const plan = yield* read("plan.yaml", `context: ${context}\nasks: { a: x }`)
        assert.include(plan.context, "1\n\f2")
        assert.deepStrictEqual(plan.notices, [])
      }
    })
  )

  it.effect("only in the format of its name, which is told where it is another", () =>
    Effect.gen(function* () {
      const toml = "1:1 this is TOML: rename the file to end in .toml"
      const yaml = "1:1 this is YAML or JSON: rename the file to end in .yaml or .json"
      for (const [file, text, message] of [
        ["plan.yaml", '[asks]\na = "x"\n', toml],
        ["plan.json", 'asks.a = "x"\n', toml],
        ["plan.toml", "asks:\n  a: x\n", yaml],
        ["plan.toml", '{ "asks": { "a": "x" } }', yaml]
      ] as const) {
        assert.deepStrictEqual(yield* issuesOf(file, text), [`${file}:${message}`])
      }
      assert.match((yield* issuesOf("plan.toml", "asks = {a: x}\n"))[0]!, /^plan.toml:1:10 /)
    })
  )

  it.effect("without a blank system prompt and a blank context", () =>
    Effect.gen(function* () {
      const { asks, context } = yield* read("plan.yaml", 'system: " \\u200b"\ncontext: "\\ufeff"\nasks: { a: x }')
      assert.doesNotHaveAnyKeys(Ask.requestOf(asks["a"]!, { context: context! }), ["system", "context"])
    })
  )

  it.effect("with notices of what may be meant in another way", () =>
    Effect.gen(function* () {
      const lines = [
        "asks:",
        "  a: Rank issue #5 before issue #7",
        "  b: { question: x, maxTokens: 5 } # fine",
        '  c: "quoted #5" # fine',
        '  d: "C:\\new"',
        "  e:",
        "    question: Why # not?",
        "    answer: { type: number, minimum: 0, exclusiveMinimum: true }",
        "  f: &used What?",
        "  g: *used",
        "  h: &amp is what?",
        "  i: Why is",
        "    issue #5 old?",
        "synthesis: Compare # both"
      ]
      const { notices } = yield* read("plan.yaml", lines.join("\n"))
      const found = notices.map(({ message, path, position }) => [
        position.line,
        position.column,
        path.join("."),
        message
      ])
      assert.deepStrictEqual(found, [
        [2, 6, "", comment],
        [5, 6, "", "C:\\n in double quotes is no path: \\n stands for one character; write \\\\, or use single quotes"],
        [7, 15, "", comment],
        [8, 41, "asks.e.answer.exclusiveMinimum", "read as in OpenAPI 3.0: exclusiveMinimum is the number 0"],
        [
          11,
          11,
          "",
          "&amp names this text for an alias, and none uses it: if it belongs to the text, put all of it in quotes"
        ],
        [13, 11, "", comment.replace("put it in quotes", whole)],
        [14, 12, "", comment]
      ])
    })
  )
})
