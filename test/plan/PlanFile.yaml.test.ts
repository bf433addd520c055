/** What is wrong with a plan file in YAML, told with its place. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { count, issuesOf, noPlanKey, tell } from "./PlanText.ts"

const rule = "expected a name of 1 to 64 letters, digits, _ or - that begins with a letter or _"
const time = 'expected a time longer than zero, such as "90 seconds"'
const settings = "answer, model, system, maxTokens, effort, stopSequences, webSearch, tools, timeout"
const jsonType = "expected a JSON type: string, number, integer, boolean, null, array, object"

describe("a wrong plan in YAML is told of", () => {
  tell("plan.yaml", [
    [
      "nothing at all",
      "",
      "1:1 expected a plan with asks, got null; a plan has asks by name, such as asks: { market: How large is it? }"
    ],
    [
      "text",
      "hello",
      '1:1 expected a plan with asks, got "hello"; a plan has asks by name, such as asks: { market: How large is it? }'
    ],
    [
      "a list",
      "\n- a",
      "2:1 these are questions, and a plan has asks by name; to ask them: fanfold ask --from plan.yaml"
    ],
    [
      "no asks",
      "policy: all",
      "1:1 asks: missing; a plan has asks by name, such as asks: { market: How large is it? }"
    ],
    [
      "asks that are none",
      "policy: all\nasks:",
      "2:1 asks: expected asks by name, got null; a plan has asks by name, such as asks: { market: How large is it? }"
    ],
    ["asks without one", "asks: {}", "1:1 asks: expected at least one ask, got {}"],
    [
      "asks that are one text",
      "asks: a, b",
      '1:1 asks: expected asks by name, got "a, b"; a plan has asks by name, such as asks: { market: How large is it? }'
    ],
    ["an unknown key", "asks: { a: x }\nmodle: y", `2:1 modle: ${noPlanKey}`],
    [
      "an unknown key of an ask",
      "asks:\n  a:\n    question: x\n    maxTokns: 5",
      `4:5 asks.a.maxTokns: unknown key, expected one of question, ${settings}, votes, files`
    ],
    [
      "a wrong type",
      "asks:\n  rivals:\n    question: x\n    effort: low\n    webSearch: false\n    stopSequences: [a]\n    timeout: 5 sec\n    model: m\n    maxTokens: many",
      `7:5 asks.rivals.timeout: ${time}, got "5 sec"`,
      `9:5 asks.rivals.maxTokens: ${count}, got "many"`
    ],
    [
      "models that are none, or are named twice",
      'model: []\nasks:\n  a: { question: x, model: [b, " "] }\n  c: { question: x, model: 5 }\nsynthesis:\n  instruction: x\n  model: [b, b]',
      "1:1 model: expected a list of different models, got []",
      '3:32 asks.a.model.1: expected the name of a model, got " "',
      "4:21 asks.c.model: expected the name of a model, or a list of different ones, got 5",
      '7:3 synthesis.model: expected a list of different models, got ["b","b"]'
    ],
    [
      "asks that ask nothing",
      'asks:\n  a: ""\n  b: " "\n  c: { question: "" }\n  d: {}\n  e: 5\n  f:',
      '2:3 asks.a: expected a question that is not empty, got ""',
      '3:3 asks.b: expected a question that is not empty, got " "',
      '4:8 asks.c.question: expected a question that is not empty, got ""',
      "5:3 asks.d.question: missing",
      "6:3 asks.e: expected a question, or { question: … }, got 5",
      "7:3 asks.f: expected a question, or { question: … }, got null"
    ],
    [
      "ill-formed names",
      `asks:\n  a b: x\n  1st: x\n  é: x\n  ${"n".repeat(65)}: x\n  "": x`,
      ...[`2:3 asks.a b`, "3:3 asks.1st", "4:3 asks.é", `5:3 asks.${"n".repeat(65)}`, "6:3 asks."].map(
        (where) => `${where}: ${rule}`
      )
    ],
    ["a name that stands there twice", "asks:\n  a: x\n  b: y\n  a: z", "4:3 this key stands here twice"],
    ["a concurrency of 0", "concurrency: 0\nasks: { a: x }", `1:1 concurrency: ${count}, got 0`],
    ["a concurrency of -1", "concurrency: -1\nasks: { a: x }", `1:1 concurrency: ${count}, got -1`],
    ["a concurrency of 1.5", "concurrency: 1.5\nasks: { a: x }", `1:1 concurrency: ${count}, got 1.5`],
    [
      "a concurrency in words",
      "concurrency: all\nasks: { a: x }",
      `1:1 concurrency: ${count}, or "unbounded", got "all"`
    ],
    ["a deadline without a unit", "deadline: 60\nasks: { a: x }", `1:1 deadline: ${time}, or { asking, all }, got 60`],
    ["a deadline of nothing", "deadline: 0s\nasks: { a: x }", `1:1 deadline: ${time}, got "0s"`],
    [
      "a deadline that leaves no time for the synthesis",
      "deadline:\n  asking: 2m\n  all: 120s\nasks: { a: x }",
      "2:3 deadline.asking: expected less than 2 minutes (all), got 2 minutes"
    ],
    [
      "a deadline without a time",
      "deadline: {}\nasks: { a: x }",
      `1:1 deadline: expected a time longer than zero, such as "90 seconds", or { asking, all }, got {}`
    ],
    [
      "a deadline with another key",
      "deadline: { all: 2m, fold: 1m }\nasks: { a: x }",
      "1:22 deadline.fold: unknown key, expected one of asking, all"
    ],
    [
      "a deadline of all before the shortest timeout",
      "deadline: { all: 30s }\ntimeout: { stall: 1m }\nasks: { a: x }",
      "1:13 deadline.all: expected at least 60 seconds, the shortest timeout (timeout.stall), got 30 seconds"
    ],
    [
      "a deadline before the shortest timeout that is stated",
      "timeout: { stall: 90 seconds, attempt: 5m }\ndeadline: 60s\nretry: { within: 2 hours }\nasks: { a: x }",
      "2:1 deadline: expected at least 90 seconds, the shortest timeout (timeout.stall), got 60 seconds"
    ],
    [
      "the same of an ask's own timeout, in a plan that is wrong elsewhere too",
      "asks:\n  a: { question: x, timeout: 2m }\n  b: ''\ndeadline: 1.5 seconds",
      '3:3 asks.b: expected a question that is not empty, got ""',
      "4:1 deadline: expected at least 2 minutes, the shortest timeout (asks.a.timeout), got 1.5 seconds"
    ],
    [
      "times that are longer than what they are a part of",
      "timeout:\n  firstToken: 61s\n  stall: 20 minutes\n  attempt: 1 minute\nretry: { maxWait: 2h, within: 90m }\nasks: { a: x }",
      "2:3 timeout.firstToken: expected at most 60 seconds (attempt), got 61 seconds",
      "3:3 timeout.stall: expected at most 60 seconds (attempt), got 20 minutes",
      "5:10 retry.maxWait: expected at most 90 minutes (within), got 2 hours"
    ],
    [
      "atLeast above the number of asks",
      "policy: { atLeast: 2 }\nasks: { a: x }",
      "1:11 policy.atLeast: expected at most 1, as many as there are asks, got 2"
    ],
    [
      "first above the number of asks",
      "asks: { a: x }\npolicy:\n  first: 3",
      "3:3 policy.first: expected at most 1, as many as there are asks, got 3"
    ],
    [
      "a policy of no meaning",
      "policy: { atLeast: 0 }\nasks: { a: x }",
      '1:1 policy: expected "all", "best-effort", { atLeast: n } or { first: n }, got {"atLeast":0}'
    ],
    [
      "two policies at once",
      "policy: { atLeast: 1, first: 1 }\nasks: { a: x }",
      '1:1 policy: expected "all", "best-effort", { atLeast: n } or { first: n }, got {"atLeast":1,"first":1}'
    ],
    [
      "a context file that is not there",
      "context: { file: none.md }\nasks: { a: x }",
      "1:12 context.file: none.md: no such file"
    ],
    [
      "a context file that is a folder",
      "context:\n  file: sub\nasks: { a: x }",
      "2:3 context.file: sub: is a folder: name the files in it"
    ],
    [
      "a context of two kinds",
      "context: { file: brief.md, text: x }\nasks: { a: x }",
      '1:1 context: expected either file or text, got {"file":"brief.md","text":"x"}'
    ],
    [
      "wrong options of the layers",
      "retry: { within: 5, maxWait: soon, attempts: 0, often: true }\npacing: { inFlight: 1.5, limits: { rpm: 0 } }\ntimeout:\n  stall: -1 seconds\n  first: 1 second\ncontinue: 5\nasks: { a: x }",
      `1:10 retry.within: ${time}, got 5`,
      `1:21 retry.maxWait: ${time}, got "soon"`,
      `1:36 retry.attempts: ${count}, got 0`,
      "1:49 retry.often: unknown key, expected one of within, maxWait, attempts",
      `2:11 pacing.inFlight: ${count}, got 1.5`,
      `2:36 pacing.limits.rpm: ${count}, got 0`,
      `4:3 timeout.stall: ${time}, got "-1 seconds"`,
      "5:3 timeout.first: unknown key, expected one of firstToken, stall, attempt",
      "6:1 continue: expected { turns }, got 5"
    ],
    [
      "a wrong synthesis",
      'asks: { a: x }\nsynthesis: { instruction: " ", maxTokens: 0, policy: all }',
      '2:14 synthesis.instruction: expected an instruction that is not empty, got " "',
      `2:32 synthesis.maxTokens: ${count}, got 0`,
      `2:46 synthesis.policy: unknown key, expected one of instruction, ${settings}, fanIn, window, foldModel, citations, contradictions, rounds, maxNewAsks`
    ],
    [
      "an answer schema that is recursive, refers to nothing, or is none",
      [
        "asks:",
        "  a:",
        "    question: x",
        "    answer:",
        '      $defs: { Node: { type: object, properties: { next: { $ref: "#/$defs/Node" } } } }',
        '      $ref: "#/$defs/Node"',
        '  b: { question: x, answer: { $ref: "other.json" } }',
        "  c: { question: x, answer: { type: objekt } }",
        "  d: { question: x, answer: { type: object, propertys: { n: { type: number } } } }",
        "  e: { question: x, answer: { type: object, properties: { n: number }, required: [n, m] } }",
        "  f: { question: x, answer: [] }",
        "synthesis: { instruction: x, answer: { items: { type: [string, nil] } } }"
      ].join("\n"),
      `5:60 asks.a.answer.$defs.Node.properties.next.$ref: Recursive schemas are not supported by structured output: "#/$defs/Node" refers to itself`,
      '7:31 asks.b.answer.$ref: expected a reference within this schema, such as "#/$defs/Name", got "other.json"',
      `8:31 asks.c.answer.type: ${jsonType}, got "objekt"`,
      "9:45 asks.d.answer.propertys: unknown key",
      '10:59 asks.e.answer.properties.n: expected a JSON Schema, got "number"',
      "11:21 asks.f.answer: expected a JSON Schema, got []",
      `12:64 synthesis.answer.items.type.1: ${jsonType}, got "nil"`
    ],
    [
      "a required property that is not there",
      "asks:\n  a: { question: x, answer: { properties: { n: {} }, required: [n, m] } }",
      '2:54 asks.a.answer.required: "m" is none of the properties'
    ],
    ["broken syntax", "asks:\n  a: 'x\n  b: y", "3:7 Missing closing 'quote"],
    ["tabs", "asks:\n\ta: x", "2:1 Tabs are not allowed as indentation"],
    [
      "more than one document",
      "asks: { a: x }\n---\nasks: { b: y }",
      "2:1 expected one document, and nothing after ---"
    ],
    [
      "an alias of nothing",
      "asks:\n  a: *b\n  c: *d",
      "2:6 there is no anchor &b before this alias",
      "3:6 there is no anchor &d before this alias"
    ],
    [
      "aliases that would fill the memory",
      `a0: &a0 [x]\n${Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n}, `.repeat(9)}]`).join("\n")}`,
      "7:40 with this alias the file stands for more than 1,000,000 values"
    ],
    [
      "aliases that stand within what they stand for",
      "asks:\n  a:\n    question: x\n    answer: &a { type: object, properties: { next: *a } }\n  b: &b { <<: *b }",
      "4:52 this alias stands within &a, which it stands for",
      "5:15 this alias stands within &b, which it stands for"
    ],
    [
      "a value as long as a book by its beginning",
      `asks:\n  a: [${"far, ".repeat(500)}]`,
      `2:3 ${`asks.a: expected a question, or { question: … }, got ["far"${',"far"'.repeat(500)}`.slice(0, 328)}…`
    ]
  ])

  it.effect("more depth than can be read", () =>
    Effect.gen(function* () {
      const [first] = yield* issuesOf("plan.yaml", "[".repeat(5000) + "]".repeat(5000))
      assert.match(first!, /^plan.yaml:1:\d+ this is nested too deeply$/)
    })
  )

  it.effect("a file that is no plan by its first lines", () =>
    Effect.gen(function* () {
      const found = yield* issuesOf("README.md", `# Title\n\n${'A line: with "text: and `marks`.\n\n'.repeat(20)}`)
      assert.lengthOf(found, 4)
      assert.match(found[3]!, /^README\.md:\d+:\d+ and \d+ more from here on; is this YAML or JSON\?$/)
    })
  )

  it.effect("the same with the line ends of Windows and a byte order mark", () =>
    Effect.gen(function* () {
      const found = yield* issuesOf("plan.yaml", "\uFEFFmodle: x\r\nasks:\r\n  a: x\r\n  b: ''\r\n")
      assert.deepStrictEqual(found, [
        `plan.yaml:1:1 modle: ${noPlanKey}`,
        'plan.yaml:4:3 asks.b: expected a question that is not empty, got ""'
      ])
    })
  )
})
