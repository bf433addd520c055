/** Files of questions as people have them, and one command for each. The contents are made up. */

/** A file, the question that the command asks of each row where the file has none, and the asks that come of it. */
export interface Case {
  readonly what: string
  readonly file: string
  readonly content: string | Uint8Array
  readonly question?: string
  readonly asks: Readonly<Record<string, string>>
  /** What `fanfold check FILE` says to do. */
  readonly command?: string
}

const utf16 = (text: string): Uint8Array => Buffer.from(`\ufeff${text}`, "utf16le")

export const cases: ReadonlyArray<Case> = [
  {
    what: "JSON lines of queries",
    file: "queries.jsonl",
    content: '{"id":"tides","query":"Why are there two tides a day?"}\n{"id":"foam","query":"What is sea foam?"}\n',
    asks: { tides: "Why are there two tides a day?", foam: "What is sea foam?" },
    command: "fanfold ask --from queries.jsonl -o answers.csv"
  },
  {
    what: "CSV with a byte order mark and line breaks in its cells",
    file: "companies.csv",
    content: '\ufeffid,company,region\r\nacme,"Acme, Inc.",EU\r\nbolt,"Bolt ""B""\r\nGmbH",US\r\n',
    question: "What is the strategy of {company} in {region}?",
    asks: {
      acme: "What is the strategy of Acme, Inc. in EU?",
      bolt: 'What is the strategy of Bolt "B"\r\nGmbH in US?'
    },
    command: 'fanfold ask "What is {region}?" --from companies.csv -o answers.csv'
  },
  {
    what: "a numbered list in Markdown",
    file: "questions.md",
    content:
      "# Heat pumps\n\nFor Monday.\n\n1. How large is the market?\n2. Who makes them,\n   and where?\n10. What do they cost?\n",
    asks: { q1: "How large is the market?", q2: "Who makes them,\nand where?", q3: "What do they cost?" },
    command: "fanfold ask --from questions.md"
  },
  {
    what: "bullets with names and boxes in Markdown",
    file: "todo.md",
    content: "---\ntitle: x\n---\n- [ ] **market**: How large is it?\n- [x] **rivals**: Who are they?\n",
    asks: { market: "How large is it?", rivals: "Who are they?" }
  },
  {
    what: "texts under headings in Markdown",
    file: "sections.md",
    content: "# Study\n\n## The market\n\nHow large is it,\nand since when?\n\n## Rivals\n\nWho are they?\n",
    asks: { The_market: "How large is it,\nand since when?", Rivals: "Who are they?" }
  },
  {
    what: "the tasks of a crew",
    file: "tasks.yaml",
    content:
      "research_task:\n  description: >\n    Research what is new in heat pumps.\n  expected_output: Ten bullets.\n  agent: researcher\nreporting_task:\n  description: Review the context.\n  expected_output: A report.\n  agent: analyst\n",
    asks: { research_task: "Research what is new in heat pumps.\n", reporting_task: "Review the context." },
    command: "fanfold ask --from tasks.yaml"
  },
  {
    what: "prompts and tests of promptfoo",
    file: "promptfooconfig.yaml",
    content:
      "prompts:\n  - 'Write a tweet about {{topic}} as {\"text\": …}'\nproviders: [openai:gpt-4o]\ntests:\n  - vars: { topic: bananas }\n  - vars: { topic: avocado toast }\n",
    asks: { q1: 'Write a tweet about bananas as {"text": …}', q2: 'Write a tweet about avocado toast as {"text": …}' },
    command: "fanfold ask --from promptfooconfig.yaml"
  },
  {
    what: "a list of texts in YAML",
    file: "prompts.yaml",
    content: "- What is a quark?\n- What is a lepton?\n",
    asks: { q1: "What is a quark?", q2: "What is a lepton?" },
    command: "fanfold ask --from prompts.yaml"
  },
  {
    what: "tabs of a spreadsheet in UTF-16",
    file: "export.tsv",
    content: utf16("Key\tQuestion\tNote\r\n4711\tWas kostet Öl?\tä\r\n4712\tWas kostet Gas?\t\r\n"),
    asks: { _4711: "Was kostet Öl?", _4712: "Was kostet Gas?" },
    command: "fanfold ask --from export.tsv -o answers.csv"
  },
  {
    what: "CSV with semicolons, as a spreadsheet in Europe writes it",
    file: "preise.csv",
    content: "sep=;\r\nort;frage\r\nUlm;Wie, bitte?\r\n",
    question: "{frage} ({ort})",
    asks: { q1: "Wie, bitte? (Ulm)" }
  },
  {
    what: "lines that end with carriage returns, with comments",
    file: "lines.txt",
    content: "# for the board\r\nHow far is the sun?\r\n\r\nHow far is the moon?\r\n",
    asks: { q1: "How far is the sun?", q2: "How far is the moon?" },
    command: "fanfold ask --from lines.txt"
  },
  {
    what: "a list of objects in JSON",
    file: "people.json",
    content: '[{"name":"Ada","year":1815},{"name":"Grace","year":1906,"tags":["navy"]}]',
    question: "Who was {name}, born {year}?",
    asks: { q1: "Who was Ada, born 1815?", q2: "Who was Grace, born 1906?" },
    command: 'fanfold ask "What is {year}?" --from people.json'
  },
  {
    what: "lines of a batch of another API",
    file: "batch.jsonl",
    content: ["a/1", "a/2"]
      .map((id) =>
        JSON.stringify({
          custom_id: id,
          method: "POST",
          body: {
            model: "m",
            messages: [
              { role: "system", content: "s" },
              { role: "user", content: `Hello ${id}?` }
            ]
          }
        })
      )
      .join("\n"),
    asks: { a_1: "Hello a/1?", a_2: "Hello a/2?" },
    command: "fanfold ask --from batch.jsonl -o answers.csv"
  }
]
