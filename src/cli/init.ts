/** `fanfold init [NAME]`: copies an example plan into the current folder. */
import { Console, Effect, FileSystem, Path } from "effect"
import { Argument, Command } from "effect/cli"
import { usageError } from "./ExitCode.ts"

const names = ["travel-guide", "market-research", "tech-evaluation", "contract-review"] as const

/** Files that a plan needs beside it. */
const besides: { readonly [Name in (typeof names)[number]]?: ReadonlyArray<string> } = {
  "contract-review": ["contract.pdf"]
}

/** Two folders above `src/cli`, and above `dist/bin`, which holds this code in the package. */
const examples = new URL("../../examples/", import.meta.url)

const name = Argument.Literals("name", names).pipe(
  Argument.withDescription(`Which plan to begin with, written as NAME.yaml; ${names[0]} unless given`),
  Argument.withDefault(names[0])
)

export const init = Command.make(
  "init",
  { name },
  Effect.fnUntraced(function* ({ name }) {
    const fileSystem = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const plan = `${name}.yaml`
    const files = [...(besides[name] ?? []), plan]
    for (const file of files) {
      const source = yield* path.fromFileUrl(new URL(file, examples))
      const bytes = yield* fileSystem.readFile(source)
      // `wx` fails if the file exists, without a gap between the check and the writing.
      yield* Effect.mapError(fileSystem.writeFile(file, bytes, { flag: "wx" }), ({ reason }) =>
        usageError(
          reason._tag === "AlreadyExists"
            ? `${file} is there already: move it away first`
            : `${file}: ${reason.message}`
        )
      )
    }
    yield* Console.error(`Wrote ${files.join(" and ")}. Next: fanfold run ${plan} --offline`)
  })
).pipe(
  Command.withDescription(
    "Write a plan to start from: travel-guide, market-research, tech-evaluation or contract-review"
  )
)
