/** Reads a plan's text (YAML, JSON or TOML) and says of every issue where in the file it stands. */
import { Array, Data, Effect, FileSystem, Order, Path, Result } from "effect"
import * as Issue from "./Issue.ts"
import { Plan, type Prepared, toPipeline } from "./Plan.ts"
import type { Position, Source, SyntaxProblem } from "./PlanSource.ts"

/** One thing wrong with a plan; line and column from 1, absent where the file as a whole is meant. */
export interface PlanIssue extends Issue.Issue {
  readonly file: string
  readonly position?: Position | undefined
}

/** Everything that is wrong with a plan, a line each: `plan.yaml:9:9 asks.rivals.maxTokens: expected …`. */
export class PlanError extends Data.TaggedError("PlanError")<{ readonly issues: ReadonlyArray<PlanIssue> }> {
  override get message(): string {
    return this.issues
      .map(({ file, position, ...issue }) => {
        const where = position === undefined ? file : `${file}:${position.line}:${position.column}`
        return `${where} ${Issue.toString(issue)}`
      })
      .join("\n")
  }
}

/** Parsers are heavy and only one is needed, so each is loaded when its format turns up. */
const parse = (file: string, text: string): Effect.Effect<Source, SyntaxProblem> =>
  file.toLowerCase().endsWith(".toml")
    ? Effect.flatMap(
        Effect.promise(() => import("./PlanToml.ts")),
        (toml) => toml.parse(text)
      )
    : Effect.flatMap(
        Effect.promise(() => import("./PlanYaml.ts")),
        (yaml) => yaml.parse(text)
      )

const decodePlan = Issue.decode(Plan)

/**
 * Checks the text of a plan, and the files it names relative to `folder`, and gives what it stands for. `file` is shown
 * in issues; `amend` puts in what the command line says instead.
 */
export const read = Effect.fn("PlanFile.read")(function* (
  file: string,
  text: string,
  folder: string,
  amend: (plan: Plan) => Plan = (plan) => plan
) {
  const source = yield* Effect.mapError(
    parse(file, text),
    ({ problems }) => new PlanError({ issues: problems.map((problem) => ({ file, path: [], ...problem })) })
  )
  const located = (issues: ReadonlyArray<Issue.Issue>) => {
    const placed = issues.map((issue): PlanIssue => ({ ...issue, file, position: source.locate(issue.path) }))
    const inOrder = Order.mapInput(
      Order.Tuple([Order.Number, Order.Number]),
      ({ position }: PlanIssue) => [position?.line ?? 0, position?.column ?? 0] as const
    )
    return new PlanError({ issues: Array.sort(placed, inOrder) })
  }
  const plan = amend(yield* Effect.mapError(decodePlan(source.value), located))
  const checks = Effect.all([toPipeline(plan), readContext(plan, folder)], { mode: "result" })
  const [pipeline, context] = yield* checks
  const issues = [
    ...(Result.isFailure(pipeline) ? pipeline.failure : []),
    ...(Result.isFailure(context) ? context.failure : [])
  ]
  if (Result.isFailure(pipeline) || Result.isFailure(context)) return yield* located(issues)
  return { ...pipeline.success, context: context.success } satisfies Prepared
})

const readContext = Effect.fnUntraced(function* ({ context }: Plan, folder: string) {
  if (context === undefined || typeof context === "string") return context
  const fileSystem = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  return yield* Effect.mapError(fileSystem.readFileString(path.resolve(folder, context.file)), (error) => {
    const why = error.reason._tag === "NotFound" ? "no such file" : error.reason._tag
    return [{ path: ["context", "file"], message: `${why}: ${context.file}` }]
  })
})
