/** `fanfold ask "q1" "q2" …`: runs questions from the command line, without a plan file. */
import { Console, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import * as PlanFile from "../plan/PlanFile.ts"
import { inert } from "../report/TerminalText.ts"
import { execute } from "./Execute.ts"
import { usageError } from "./ExitCode.ts"
import * as Flags from "./Flags.ts"
import { nameOf } from "./RunJournal.ts"

const questions = Argument.String("question").pipe(
  Argument.withDescription("A question; they are named ask1, ask2, …"),
  Argument.variadic({ min: 1 })
)

const synthesis = Flag.String("synthesis").pipe(
  Flag.withMetavar("instruction"),
  Flag.withDescription("What to make of the answers; without it they are printed one after another"),
  Flag.optional
)

/** The question or the option's path, without a position: the plan is made of flags. */
const toText = ({ message, path: [first = "plan", ...rest] }: PlanFile.PlanIssue): string => {
  const name = first === "asks" ? (rest.at(-1) ?? first) : [first, ...rest].map(String).join(".")
  return `${String(name)}: ${message}`
}

export const ask = Command.make(
  "ask",
  { questions, synthesis, ...Flags.asking, ...Flags.running, layers: Flags.layers },
  Effect.fnUntraced(function* (flags) {
    const plan = {
      asks: Object.fromEntries(flags.questions.map((question, index) => [`ask${index + 1}`, question])),
      ...(Option.isSome(flags.synthesis) && { synthesis: flags.synthesis.value })
    }
    const reading = PlanFile.read("command line:", JSON.stringify(plan), ".", yield* Flags.amend(flags))
    const prepared = yield* Effect.mapError(reading, ({ issues }) => usageError(issues.map(toText).join("\n")))
    yield* Effect.forEach(prepared.notices, (notice) => Console.error(inert(`Warning: ${toText(notice)}`)))
    return yield* execute(prepared, yield* nameOf("ask", prepared), flags)
  })
).pipe(
  Command.withDescription("Ask questions together; with --synthesis, fold the answers into one document"),
  Command.withExamples([
    {
      command: 'fanfold ask "What is in season in May?" "What grows in shade?" --synthesis "Plan my garden" --offline',
      description: "Two questions and one document, simulated"
    }
  ])
)
