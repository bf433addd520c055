/** `fanfold ask "q1" "q2" …`: runs questions from the command line, without a plan file. */
import { Console, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { isOfRows } from "../plan/Plan.ts"
import * as PlanFile from "../plan/PlanFile.ts"
import { inert } from "../report/TerminalText.ts"
import { execute } from "./Execute.ts"
import { usageError } from "./ExitCode.ts"
import * as Flags from "./Flags.ts"
import { givenVariables } from "./GivenVariables.ts"
import { readingOf } from "./OutputFormat.ts"
import { inputFilesOf } from "./ReadPlan.ts"
import { nameOf } from "./RunJournal.ts"

const questions = Argument.String("question").pipe(
  Argument.withDescription(
    "A question; they are named ask1, ask2, … With --from one that is asked of each row: {column}"
  ),
  Argument.variadic({ min: 0 })
)

const from = Flag.String("from").pipe(
  Flag.withMetavar("file"),
  Flag.withDescription(
    "Questions, or rows to ask a question of: .csv, .tsv, .jsonl, .json, .yaml, .md, .txt, or a pattern such as notes/*.md"
  ),
  Flag.optional
)

const files = Flag.String("file").pipe(
  Flag.withMetavar("file"),
  Flag.withDescription("A PDF, an image or a text that every question is asked about; may be repeated"),
  Flag.atLeast(0)
)

const synthesis = Flag.String("synthesis").pipe(
  Flag.withMetavar("instruction"),
  Flag.withDescription("What to make of the answers; without it they are printed one after another"),
  Flag.optional
)

const webSearch = Flags.onOff("web-search", "Let every question be answered with searches of the web, up to five each")

const commandLine = "command line:"

/** Questions by name, or rows and the question that is asked of each, with the settings of all. */
const asksOf = (
  questions: ReadonlyArray<string>,
  from: string | undefined,
  settings: { readonly webSearch?: boolean }
) => {
  if (from === undefined) {
    return questions.length === 0
      ? Effect.fail(
          usageError(
            "Missing required argument: question\nA file of questions is given by --from\nTry: fanfold ask --help"
          )
        )
      : Effect.succeed(
          Object.fromEntries(questions.map((question, index) => [`ask${index + 1}`, { question, ...settings }]))
        )
  }
  if (!isOfRows({ from })) {
    return Effect.fail(
      usageError(`--from ${from}: expected a file that ends in .csv, .jsonl, .md or the like, or a pattern`)
    )
  }
  const [question, ...others] = questions
  if (others.length > 0) {
    return Effect.fail(
      usageError(`--from ${from}: expected one question, which is asked of each row, got ${questions.length}`)
    )
  }
  return Effect.succeed({ from, ...(question !== undefined && { question }), ...settings })
}

/** The question or the option's path, without a position, unless it is in a file: the plan is made of flags. */
const toText =
  (files: ReadonlyArray<string>) =>
  (issue: PlanFile.PlanIssue): string => {
    if (issue.file !== commandLine) return PlanFile.toText(issue)
    const { message, path } = issue
    const [first = "plan", ...rest] = path
    // What is wrong with one file begins with its name; what all have together is of all.
    if (first === "context")
      return `--file ${message.startsWith("the context") ? `${files.join(", ")}: ` : ""}${message}`
    const name = first === "asks" ? (rest[0] ?? first) : [first, ...rest].map(String).join(".")
    return `${String(name)}: ${message}`
  }

export const ask = Command.make(
  "ask",
  {
    questions,
    from,
    file: files,
    synthesis,
    webSearch,
    ...Flags.variables,
    ...Flags.asking,
    ...Flags.running,
    layers: Flags.layers
  },
  Effect.fnUntraced(function* (flags) {
    const asks = yield* asksOf(
      flags.questions,
      Option.getOrUndefined(flags.from),
      flags.webSearch ? { webSearch: true } : {}
    )
    const named = flags.file.map((file) => ({ file }))
    const context = named.length > 1 ? named : named[0]
    const plan = {
      ...(context && { context }),
      asks,
      ...(Option.isSome(flags.synthesis) && { synthesis: flags.synthesis.value })
    }
    const variables = yield* givenVariables(flags)
    const given = { amend: yield* Flags.amend(flags), variables, reading: readingOf(flags) }
    const reading = PlanFile.read(commandLine, JSON.stringify(plan), ".", given)
    const prepared = yield* Effect.mapError(reading, ({ issues }) =>
      usageError(issues.map(toText(flags.file)).join("\n"))
    )
    yield* Effect.forEach(prepared.notices, (notice) => Console.error(inert(`Warning: ${toText(flags.file)(notice)}`)))
    return yield* execute(prepared, yield* nameOf("ask", prepared), flags, inputFilesOf("-", prepared))
  })
).pipe(
  Command.withDescription("Ask questions together; with --synthesis, fold the answers into one document"),
  Command.withExamples([
    {
      command: 'fanfold ask "What is in season in May?" "What grows in shade?" --synthesis "Plan my garden" --offline',
      description: "Two questions and one document, simulated"
    },
    {
      command: 'fanfold ask "Who bears the risk?" "How does it end?" --file contract.pdf --synthesis "Should we sign?"',
      description: "Questions about a PDF, which is paid for once"
    },
    {
      command: 'fanfold ask "What do makers of heat pumps announce this month?" --web-search',
      description: "A question that is answered from the web, with its sources"
    },
    { command: "fanfold ask --from questions.md -o answers.md", description: "The questions of a list" },
    {
      command: 'fanfold ask "What is {company}\'s strategy?" --from companies.csv -o answers.csv',
      description: "A question for each row, and the rows with their answers"
    }
  ])
)
