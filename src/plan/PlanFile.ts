/** Reads a plan's text (YAML, JSON or TOML) and reports every issue with its line and column. */
import { Array, Data, Effect, FileSystem, Order, Path, type PlatformError, Result } from "effect"
import * as BudgetCheck from "./BudgetCheck.ts"
import * as Deadline from "../pipeline/Deadline.ts"
import * as Issue from "../options/Issue.ts"
import { checkLayers, checkPolicy, Plan, type Prepared, toPipeline } from "./Plan.ts"
import type { Position, Source, SyntaxProblem } from "./Source.ts"

/** One issue of a plan, and its position in the file. */
export interface PlanIssue extends Issue.Issue {
  readonly file: string
  readonly position: Position
}

/** The pipeline of a plan file. */
export interface Read extends Prepared {
  /** The path that its context was read from; `undefined` where the context is text, or there is none. */
  readonly contextFile: string | undefined
}

/** All issues of a plan, a line each: `plan.yaml:9:9 asks.rivals.maxTokens: expected …`. */
export class PlanError extends Data.TaggedError("PlanError")<{ readonly issues: ReadonlyArray<PlanIssue> }> {
  override get message(): string {
    return this.issues
      .map(({ file, position, ...issue }) => `${file}:${position.line}:${position.column} ${Issue.toString(issue)}`)
      .join("\n")
  }
}

/** Loads the parser of the file's format only, as parsers are large. */
const parse = (file: string, text: string): Effect.Effect<Source, SyntaxProblem> =>
  file.toLowerCase().endsWith(".toml")
    ? Effect.flatMap(
        Effect.promise(() => import("./Toml.ts")),
        (toml) => toml.parse(text)
      )
    : Effect.flatMap(
        Effect.promise(() => import("./Yaml.ts")),
        (yaml) => yaml.parse(text)
      )

/** The text of a file as data. Fails with the positions of syntax errors. */
export const parseSource = (file: string, text: string): Effect.Effect<Source, PlanError> =>
  Effect.mapError(
    parse(file, text.replace(/^\uFEFF/, "")),
    ({ problems }) =>
      new PlanError({ issues: problems.map(({ message, position }) => ({ file, position, path: [], message })) })
  )

/** The issues of a source with their positions, in the order of the file. */
export const locate = (file: string, source: Source, issues: ReadonlyArray<Issue.Issue>): PlanError => {
  const located = issues.map(({ message, path }): PlanIssue => ({ file, position: source.locate(path), path, message }))
  return new PlanError({ issues: Array.sort(located, inOrder) })
}

const decodePlan = Issue.decode(Plan)

/**
 * Checks the text of a plan and reads its context, whose path is relative to `folder`. `file` is the name in issues; `amend`
 * applies the flags of the command line. Fails with every issue.
 */
export const read = Effect.fn("PlanFile.read")(function* (
  file: string,
  text: string,
  folder: string,
  amend: (plan: Plan) => Plan = (plan) => plan
) {
  const source = yield* parseSource(file, text)
  const decoded = yield* Effect.result(decodePlan(source.value))
  const plan = Result.isSuccess(decoded) ? amend(decoded.success) : undefined
  // Of a plan that the schema rejects, the other checks read the raw value, so that all issues are reported together.
  const fields = plan ?? toObject(source.value)
  const { asks, context: named, policy } = fields
  const context = yield* Effect.result(readContext(named, folder))
  const issues = [
    ...(plan === undefined ? [] : yield* checkLayers(plan)),
    ...(Result.isFailure(decoded) ? decoded.failure : []),
    ...checkPolicy(policy, asks),
    ...Deadline.issuesOf(fields),
    ...(Result.isFailure(context) ? context.failure : [])
  ]
  if (plan !== undefined && Result.isSuccess(context) && issues.length === 0) {
    const { file: contextFile, text } = context.success
    const read: Read = { ...toPipeline(plan), context: text, contextFile }
    const budgetIssues = plan.budget === undefined ? [] : BudgetCheck.issuesOf(read, plan.budget, plan.prices)
    return budgetIssues.length === 0 ? read : yield* locate(file, source, budgetIssues)
  }
  return yield* locate(file, source, issues)
})

const inOrder = Order.mapInput(
  Order.Tuple([Order.Number, Order.Number]),
  ({ position }: PlanIssue) => [position.line, position.column] as const
)

const toObject = (value: unknown): { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null ? { ...value } : {}

/** The text of a context and the path of its file; both `undefined` where the value is no context. */
const readContext = Effect.fnUntraced(function* (context: unknown, folder: string) {
  if (typeof context === "string") return { text: context, file: undefined }
  const { file: name } = toObject(context)
  if (typeof name !== "string") return { text: undefined, file: undefined }
  const fileSystem = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.resolve(folder, name)
  const text = yield* Effect.mapError(fileSystem.readFileString(file), (error) => [
    { path: ["context", "file"], message: `${name}: ${whyUnread(error)}` }
  ])
  return { text, file }
})

/** The reason why a file cannot be read, in words. */
export const whyUnread = ({ reason }: PlatformError.PlatformError): string => {
  const known = { NotFound: "no such file", PermissionDenied: "permission denied", BadResource: "is no file" }
  return known[reason._tag as keyof typeof known] ?? `cannot be read: ${reason.message}`
}
