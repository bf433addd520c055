/** Questions and rows as people have them: what they become, and what is wrong with them. */
import { symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as FileRows from "../../../src/plan/rows/FileRows.ts"
import * as NoPlan from "../../../src/plan/NoPlan.ts"
import * as PlanFile from "../../../src/plan/PlanFile.ts"
import { folders } from "../../cli/Process.ts"
import { cases } from "./Material.ts"

const folder = folders()

const read = (cwd: string, asks: object, given?: PlanFile.Given) =>
  PlanFile.read("plan.json", JSON.stringify({ asks }), cwd, given).pipe(Effect.provide(NodeServices.layer))

const variables = (flags: Readonly<Record<string, string>>) => ({ variables: { flags, file: {} } })

const questionsOf = (plan: PlanFile.Read) =>
  Object.fromEntries(Object.entries(plan.asks).map(([name, { question }]) => [name, question]))

describe("a file of questions", () => {
  for (const { asks, content, file, question, what } of cases) {
    it.effect(`is a run with one command: ${what}`, () =>
      Effect.gen(function* () {
        const cwd = folder()
        writeFileSync(join(cwd, file), content)
        const plan = yield* read(cwd, { from: file, ...(question !== undefined && { question }) })
        assert.deepStrictEqual(questionsOf(plan), asks)
      })
    )
  }

  for (const { command, content, file, what } of cases.filter(({ command }) => command !== undefined)) {
    it.effect(`that is given as a plan has the command told: ${what}`, () =>
      Effect.gen(function* () {
        const text = Buffer.from(content).toString(file.endsWith(".tsv") ? "utf16le" : "utf8")
        const told = NoPlan.commandFor(file, text)
        const error =
          told ?? (yield* Effect.flip(PlanFile.read(file, text, ".").pipe(Effect.provide(NodeServices.layer)))).message
        assert.include(error, command ?? "")
      })
    )
  }

  it.effect(
    "is one ask for each file of a pattern, in the order of their names, and what is in the file goes first",
    () =>
      Effect.gen(function* () {
        const cwd = folder({ "n/b.md": "Beta\n", "n/a.md": "Alpha\n", "n/.hidden.md": "x", "n/c.txt": "x" })
        const plan = yield* read(cwd, { from: "n/*.md", question: "Who signs?" })
        assert.deepStrictEqual(questionsOf(plan), {
          a: '<document name="n/a.md">\nAlpha\n\n</document>\n\nWho signs?',
          b: '<document name="n/b.md">\nBeta\n\n</document>\n\nWho signs?'
        })
        const placed = yield* read(cwd, { from: "n/*.md", name: "doc-{name}", question: "{text} of {file}?" })
        assert.deepStrictEqual(questionsOf(placed), { "doc-a": "Alpha\n of n/a.md?", "doc-b": "Beta\n of n/b.md?" })
      })
  )
})

describe("files of a pattern", () => {
  it.effect("that have the same name in several folders are asked by their paths", () =>
    Effect.gen(function* () {
      const cwd = folder({ "a/x.md": "A", "b/x.md": "B", "b/x.txt": "C" })
      const plan = yield* read(cwd, { from: "{a,b}/*", question: "Who signs?" })
      assert.deepStrictEqual(Object.keys(plan.asks), ["a_x_md", "b_x_md", "b_x_txt"])
      const { message } = yield* Effect.flip(read(cwd, { from: "{a,b}/*", name: "{name}", question: "Who signs?" }))
      assert.include(message, 'asks.from: b/x.md: the name "x" stands here a second time')
    })
  )

  it.effect("are an error where there are too many, before one of them is read", () =>
    Effect.gen(function* () {
      const cwd = folder({ "a.pdf": "damaged", "b.pdf": "damaged", "c.pdf": "damaged" })
      const { file, message } = yield* Effect.flip(FileRows.open("*.pdf", cwd, 2))
      assert.strictEqual(`${file} ${message}`, "*.pdf matches more than 2 files: name fewer of them")
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("are each asked once where links go round, and links to files are files", () =>
    Effect.gen(function* () {
      const cwd = folder({ "a/x.md": "A", "b/y.md": "B" })
      symlinkSync("..", join(cwd, "a/round"))
      symlinkSync("../b/y.md", join(cwd, "a/z.md"))
      for (const from of ["**/*.md", "**/*"]) {
        const { asks } = yield* read(cwd, { from, question: "Who signs?" })
        assert.deepStrictEqual(Object.keys(asks), ["x", "y"])
      }
      assert.deepStrictEqual(Object.keys((yield* read(cwd, { from: "a/z*", question: "Who?" })).asks), ["z"])
      symlinkSync("none", join(cwd, "a/lost.md"))
      const { message } = yield* Effect.flip(read(cwd, { from: "**/*.md", question: "Who signs?" }))
      assert.include(message, "asks.from: a/lost.md: no such file")
    })
  )
})

describe("variables of questions that rows bring", () => {
  const crew = "research:\n  description: >\n    Research {topic}.\nreport:\n  description: Write it.\n"

  it.effect("are replaced where there are variables", () =>
    Effect.gen(function* () {
      const cwd = folder({ "tasks.yaml": crew })
      const plan = yield* read(cwd, { from: "tasks.yaml" }, variables({ topic: "{heat}" }))
      assert.deepStrictEqual(questionsOf(plan), { research: "Research {heat}.\n", report: "Write it." })
      const { message } = yield* Effect.flip(read(cwd, { from: "tasks.yaml" }, variables({ topik: "x" })))
      assert.include(message, "tasks.yaml:1:1 {topic} names no variable; near: topik")
    })
  )

  it.effect("stay as they are where there are none, which is told", () =>
    Effect.gen(function* () {
      const cwd = folder({ "tasks.yaml": crew, "a.csv": 'question\n"Is {""a"": {}} JSON, and {{x}}?"\n' })
      const plan = yield* read(cwd, { from: "tasks.yaml" })
      assert.strictEqual(questionsOf(plan)["research"], "Research {topic}.\n")
      assert.deepStrictEqual(
        plan.notices.map(({ message }) => message),
        ["tasks.yaml: {topic} on line 1 is sent as it stands: --var topic=… gives it a value"]
      )
      assert.deepStrictEqual((yield* read(cwd, { from: "a.csv" })).notices, [])
    })
  )
})

describe("rows", () => {
  it.effect("have settings, a system prompt and variables of the plan, which columns come before", () =>
    Effect.gen(function* () {
      const cwd = folder({ "a.csv": "city,year\nUlm,1890\n" })
      const plan = {
        asks: { from: "a.csv", question: "{city} in {year}, {note}?", system: "As of {year}.", maxTokens: 7 },
        vars: { note: "n", city: "no" }
      }
      const { asks } = yield* PlanFile.read("plan.json", JSON.stringify(plan), cwd).pipe(
        Effect.provide(NodeServices.layer)
      )
      assert.strictEqual(asks["q1"]?.question, "Ulm in 1890, n?")
      assert.deepStrictEqual(asks["q1"]?.options, { maxTokens: 7, system: "As of 1890." })
    })
  )

  it.effect("get names by a rule, which is told, and unique ones", () =>
    Effect.gen(function* () {
      const cwd = folder({ "a.csv": "id,q\nZürich,1\nacme ,2\nacme!,3\n7up,4\n" })
      const plan = yield* read(cwd, { from: "a.csv", question: "{q}?" })
      assert.deepStrictEqual(Object.keys(plan.asks), ["Zurich", "acme", "acme_2", "_7up"])
      assert.include(plan.notices.map(({ message }) => message).join(), '"Zürich" is Zurich, "acme!" is acme_2')
    })
  )

  it.effect("stay in their file where nothing needs them all at once, and are the same when they are read again", () =>
    Effect.gen(function* () {
      const cwd = folder({ "a.csv": "id,q\na,1\nb,2\n" })
      const plan = yield* read(cwd, { from: "a.csv", question: "{q}?" }, { reading: "stream" })
      assert.deepStrictEqual([plan.asks, plan.rows?.count], [{}, 2])
      const again = yield* Stream.runCollect(plan.rows!.read)
      assert.deepStrictEqual(
        again.map(({ ask, cells, name }) => [name, ask.question, cells]),
        [
          ["a", "1?", { id: "a", q: "1" }],
          ["b", "2?", { id: "b", q: "2" }]
        ]
      )
    })
  )

  it.effect("that change after they were checked end the run with an error", () =>
    Effect.gen(function* () {
      const cwd = folder({ "a.csv": "id,q\na,1\nb,2\n" })
      const plan = yield* read(cwd, { from: "a.csv", question: "{q}?" }, { reading: "stream" })
      writeFileSync(join(cwd, "a.csv"), "id,q\na,1\nb,2\nc,3\n")
      const error = yield* Effect.flip(Stream.runDrain(plan.rows!.read))
      assert.strictEqual(
        `${error.file} ${error.message}`,
        "a.csv changed while it was read: start again once nothing writes to it"
      )
    })
  )

  const wrong: ReadonlyArray<
    readonly [what: string, file: string, content: string | Uint8Array, said: string, asks?: object]
  > = [
    ["a ragged row", "a.csv", "id,q\n1,a\n2,b,c\n", "a.csv:3:1 has 3 cells, and the heading 2"],
    [
      "a quote that is not closed",
      "a.csv",
      'id,q\n1,a\n2,"b\n3,c\n',
      'a.csv:3:2 a cell that begins with " has no closing "'
    ],
    ["a quote within a cell", "a.csv", 'id,q\n1,a "b" c\n', 'a.csv:2:2 a " stands within a cell without quotes'],
    ["text after a closing quote", "a.csv", 'id,q\n1,"a"b\n', 'a.csv:2:2 after the closing " of a cell'],
    ["a column that stands there twice", "a.csv", "id,q,id\n1,a,2\n", "a.csv:1:3 the column id stands here twice"],
    ["an id that stands there twice", "a.csv", "id,q\n1,a\n1,b\n", 'a.csv:3:1 the name "1" stands here a second time'],
    ["an id of nothing", "a.csv", "id,q\n1,a\n,b\n", "a.csv:3:1 its name is empty"],
    ["an id without a letter", "a.csv", "id,q\n1,a\n!!,b\n", 'a.csv:3:1 no name can be made of "!!"'],
    ["a heading alone", "a.csv", "id,q\n", "plan.json:1:10 asks.from: a.csv: has no rows"],
    ["an empty file", "a.csv", "", "asks.from: a.csv: has no rows"],
    ["a row without a variable", "a.jsonl", '{"q":"a"}\n{"p":"b"}\n', "a.jsonl:2:1 this row has no {q}"],
    ["a row without the column of a variable", "a.jsonl", '{"q":"a"}\n{"q":null}\n', "a.jsonl:2:1 this row has no {q}"],
    ["a question that is empty", "a.csv", "id,q\n1,a\n2, \n", "a.csv:3:1 its question is empty", { question: "{q}" }],
    ["an id that stands there twice, after breaks", "a.csv", 'id,q\n\n1,"a\nb"\n1,"c\n\nd"\n', "a.csv:5:1 the name"],
    [
      "a question that is empty, after breaks",
      "a.jsonl",
      '{"q":"a\\nb\\nc"}\n{"q":"","r":"\\n\\n"}\n',
      "a.jsonl:2:1 its question is empty",
      { question: "{q}" }
    ],
    ["a line that is no JSON", "a.jsonl", '{"q":"a"}\n{"q":\n', "a.jsonl:2:1 is no JSON"],
    ["a line that is a number", "a.jsonl", "7\n", "a.jsonl:1:1 expected an object or a text"],
    [
      "a column that is not there",
      "a.csv",
      "id,company\n1,a\n",
      "asks.question: {compny} names no variable; near: company (a.csv)",
      { question: "{compny}?" }
    ],
    [
      "no question",
      "a.csv",
      "id,company\n1,a\n",
      "asks.question: missing: say what is asked of each row, with its columns {id}, {company}",
      { question: undefined }
    ],
    ["a pattern that matches nothing", "a.txt", "x", "asks.from: *.html: matches no file", { from: "*.html" }],
    ["no such file", "a.txt", "x", "asks.from: b.csv: no such file", { from: "b.csv" }],
    ["an ending that nobody knows", "a.parquet", "x", "a.parquet: cannot be read as rows: expected .csv"],
    ["a workbook", "a.csv", new Uint8Array([0x50, 0x4b, 3, 4]), "a.csv: is a zip file, as .docx and .xlsx are"],
    [
      "text that is not UTF-8",
      "a.csv",
      new Uint8Array([105, 100, 10, 0xff, 0x41]),
      "a.csv:2:1 is not UTF-8 (byte 0xFF in line 2, at offset 3): save it as UTF-8"
    ],
    [
      "a damaged PDF among the files of a pattern",
      "a.pdf",
      "%PDF-1.7\nx",
      "asks.from: a.pdf: is a damaged PDF: its pages cannot be found",
      { from: "*.pdf" }
    ],
    ["a PDF alone", "a.pdf", "x", "a.pdf: is a document, no rows: to ask about it, name it with --file"],
    ["a list without questions", "a.md", "# Title\n", "a.md: has no questions"],
    [
      "a key that rows do not have",
      "a.csv",
      "q\n1\n",
      "asks.querstion: unknown key, expected one of from, name,",
      { querstion: "x" }
    ],
    ["a plan", "a.yaml", "asks: { a: b }", "a.yaml: is a plan itself: fanfold run reads it"]
  ]
  for (const [what, file, content, said, asks = {}] of wrong) {
    it.effect(`are refused before anything is sent: ${what}`, () =>
      Effect.gen(function* () {
        const cwd = folder()
        writeFileSync(join(cwd, file), content)
        const { message } = yield* Effect.flip(read(cwd, { from: file, question: "{q}?", ...asks }))
        assert.include(message, said)
      })
    )
  }

  it.effect("tell of cells that are empty, and of more answers than anybody reads", () =>
    Effect.gen(function* () {
      const rows = Array.from({ length: 1001 }, (_, index) => `${index},${index % 500 === 3 ? "" : "x"}`)
      const cwd = folder({ "a.csv": `id,q\n${rows.join("\n")}\n` })
      const plan = yield* read(cwd, { from: "a.csv", question: "What of {q}?" })
      assert.include(
        plan.notices.map(({ message }) => message).join(),
        "a.csv: {q} is empty in 2 rows, first on line 5"
      )
      const { message } = yield* Effect.flip(read(cwd, { from: "a.csv", question: "{q}?x" }, { reading: "print" }))
      assert.include(message, "1001 answers and no synthesis: write them with -o answers.csv or -o answers.jsonl")
    })
  )

  it.effect("tell of questions beside the lists of a file, which are not asked", () =>
    Effect.gen(function* () {
      const list = "# Who?\n\nFor Monday.\n\n1. What?\n   Why not?\n2 - How?\n\nAnd where?\n"
      const plan = yield* read(folder({ "a.txt": list }), { from: "a.txt" })
      assert.deepStrictEqual(questionsOf(plan), { q1: "What?\nWhy not?" })
      assert.deepStrictEqual(
        plan.notices.map(({ message }) => message),
        ["a.txt: 2 questions beside its lists are not asked, first on line 7: make each an item"]
      )
    })
  )

  it.effect("are no rows where an ask has the name from", () =>
    Effect.map(read(folder(), { from: "Where are you from?", question: "What is your question?" }), ({ asks }) =>
      assert.deepStrictEqual(Object.keys(asks), ["from", "question"])
    )
  )
})
