/** Reads a plan's text (YAML, JSON or TOML) and reports every issue with its line and column. */
import { Array, Data, Effect, FileSystem, Order, Result } from "effect"
import * as BudgetCheck from "./BudgetCheck.ts"
import * as DeadlineOption from "../pipeline/DeadlineOption.ts"
import * as Documents from "../documents/Documents.ts"
import { whyUnread } from "../documents/FileProblem.ts"
import * as Issue from "../options/Issue.ts"
import * as DamagedText from "./DamagedText.ts"
import * as NoPlan from "./NoPlan.ts"
import * as AskList from "./AskList.ts"
import {
  answerNotices,
  checkCitations,
  checkLayers,
  checkPolicy,
  checkPolicyOf,
  decode,
  isOfRows,
  type Plan,
  type Prepared,
  toPipeline
} from "./Plan.ts"
import { atLine, ofFile, type RowProblem } from "./rows/Row.ts"
import type { ParseData } from "./rows/RowFile.ts"
import type { Reading } from "./RowsOfPlan.ts"
import { beginning, type Position, type Problem, type Source, SyntaxProblem } from "./Source.ts"
import * as TextFile from "../documents/TextFile.ts"
import type { Given as Variables } from "./Variables.ts"
import * as PlanDocuments from "./PlanDocuments.ts"
import * as ToolCheck from "./ToolCheck.ts"
import * as WindowCheck from "./WindowCheck.ts"

export { whyUnread } from "../documents/FileProblem.ts"

/** One issue of a plan, and its position in the file. */
export interface PlanIssue extends Issue.Issue {
  readonly file: string
  readonly position: Position
}

/** The pipeline of a plan file. */
export interface Read extends Prepared {
  /** The paths of the files that its context and its asks were read from. */
  readonly documentFiles: ReadonlyArray<string>
  /** What may stand for something else than was meant, such as a question that a comment cuts. */
  readonly notices: ReadonlyArray<PlanIssue>
  /** The files of its rows, which no output may overwrite. */
  readonly rowFiles: ReadonlyArray<string>
}

/** What the caller has beside the text of a plan. */
export interface Given {
  /** Applies the flags of the command line. */
  readonly amend?: (plan: Plan) => Plan
  /** Variables of the command line. */
  readonly variables?: Variables | undefined
  /** Default: `collect`. */
  readonly reading?: Reading
}

/** All issues of a plan, a line each: `plan.yaml:9:9 asks.rivals.maxTokens: expected …`. */
export class PlanError extends Data.TaggedError("PlanError")<{ readonly issues: ReadonlyArray<PlanIssue> }> {
  override get message(): string {
    return this.issues.map(toText).join("\n")
  }
}

/** `plan.yaml:9:9 asks.rivals: expected …`. */
export const toText = ({ file, position, ...issue }: PlanIssue): string =>
  `${file}:${position.line}:${position.column} ${Issue.toString(issue)}`

// Only the parser of the file's format is loaded, as parsers are large.
const parseToml = (text: string): Effect.Effect<Source, SyntaxProblem> =>
  Effect.flatMap(
    Effect.promise(() => import("./Toml.ts")),
    (toml) => toml.parse(text)
  )

const parseYaml = (text: string): Effect.Effect<Source, SyntaxProblem> =>
  Effect.flatMap(
    Effect.promise(() => import("./Yaml.ts")),
    (yaml) => yaml.parse(text)
  )

/** The name of standard input in issues. Its format is not known. */
export const stdin = "stdin"

/** The first line that is no comment begins a table of TOML, or sets a key. */
const looksLikeToml = (text: string): boolean =>
  /^(?:[ \t]*(?:#.*)?\r?\n)*[ \t]*(?:\[[\w."' -]+\][ \t]*(?:#.*)?(?:\r?\n|$)|[\w."'-]+[ \t]*=)/.test(text)

const otherFormat = (message: string) => new SyntaxProblem({ problems: [{ message, position: beginning }] })

/**
 * TOML on standard input is wrong YAML, or one text of YAML. The errors of what is neither are those of the one it looks like.
 * A file whose format is not that of its name is an error that says so.
 */
const parse = Effect.fnUntraced(function* (file: string, text: string): Effect.fn.Return<Source, SyntaxProblem> {
  if (file.toLowerCase().endsWith(".toml")) {
    const yaml = Effect.result(parseYaml(text))
    return yield* Effect.catch(parseToml(text), (toml) =>
      Effect.flatMap(yaml, (yaml) =>
        Effect.fail(
          !looksLikeToml(text) && Result.isSuccess(yaml) && isCollection(yaml.success)
            ? otherFormat("this is YAML or JSON: rename the file to end in .yaml or .json")
            : toml
        )
      )
    )
  }
  const yaml = yield* Effect.result(parseYaml(text))
  if ((Result.isSuccess(yaml) && isCollection(yaml.success)) || !looksLikeToml(text)) {
    return yield* Effect.fromResult(yaml)
  }
  return file === stdin
    ? yield* parseToml(text)
    : yield* Effect.fail(otherFormat("this is TOML: rename the file to end in .toml"))
})

const isCollection = ({ value }: Source): boolean => typeof value === "object"

/** The text of a file as data. Fails with the positions of syntax errors. */
export const parseSource = (file: string, text: string): Effect.Effect<Source, PlanError> =>
  Effect.mapError(
    parse(file, withLineBreaks(text.replace(/^\uFEFF/, ""))),
    ({ problems }) => new PlanError({ issues: atPositions(file, NoPlan.problemsOf(text, problems)) })
  )

/** A text whose lines end with U+000D alone, which the parsers do not take for a line break. */
const withLineBreaks = (text: string): string => (text.includes("\n") ? text : text.replaceAll("\r", "\n"))

const atPositions = (file: string, problems: ReadonlyArray<Problem>): ReadonlyArray<PlanIssue> =>
  problems.map(({ message, position }) => ({ file, position, path: [], message }))

/** The issues of a source with their positions, in the order of the file. */
export const locate = (file: string, source: Source, issues: ReadonlyArray<Issue.Issue>): PlanError =>
  new PlanError({ issues: Array.sort(located(file, source, issues), inOrder) })

const located = (file: string, source: Source, issues: ReadonlyArray<Issue.Issue>): ReadonlyArray<PlanIssue> =>
  issues.map(({ message, path }) => ({ file, position: source.locate(path), path, message }))

/** The plan with its variables replaced. A plan without any is taken as it is: the braces in it may be JSON. */
const replaced = Effect.fnUntraced(function* (value: unknown, variables: Variables | undefined) {
  const ofRows = isOfRows(toObject(value)["asks"])
  if (!ofRows && variables === undefined && !("vars" in toObject(value))) {
    return { value, values: {}, issues: [], notices: [] }
  }
  const { replace } = yield* Effect.promise(() => import("./Variables.ts"))
  return replace(value, variables ?? { flags: {}, file: {} }, ofRows)
})

const parseData: ParseData = (name, text) =>
  Effect.mapError(parseYaml(text.replace(/^\uFEFF/, "")), ({ problems: [first] }) =>
    first === undefined
      ? ofFile(name, "cannot be read")
      : atLine(name, first.position.line, first.message, first.position.column)
  )

/** What is wrong with rows: of a line at its place, of a whole file where the plan names it. */
const rowError = (file: string, source: Source) => (failure: RowProblem | ReadonlyArray<Issue.Issue>) => {
  if (!("_tag" in failure)) return locate(file, source, failure)
  const { file: rows, message, position } = failure
  return position === undefined
    ? locate(file, source, [{ path: ["asks", "from"], message: `${rows}: ${message}` }])
    : new PlanError({ issues: [{ file: rows, position, path: [], message }] })
}

/**
 * Checks the text of a plan, and reads its context and its rows, whose paths are relative to `folder`. `file` is the name in
 * issues. Fails with every issue.
 */
export const read = Effect.fn("PlanFile.read")(function* (
  file: string,
  text: string,
  folder: string,
  { amend = (plan) => plan, reading = "collect", variables }: Given = {}
) {
  const parsed = yield* parseSource(file, text)
  const material = file === stdin ? [] : NoPlan.materialIssues(file, parsed.value)
  if (material.length > 0) return yield* locate(file, parsed, material)
  const filled = yield* replaced(withoutExtensions(parsed.value), variables)
  const { issues: listIssues, listed, value } = AskList.byName(filled.value)
  const source: Source = { ...parsed, locate: (path) => parsed.locate(listed(path)) }
  const decoded = yield* Effect.result(decode(value))
  const ofRows = Result.isSuccess(decoded) ? decoded.success.rows : undefined
  const plan = Result.isSuccess(decoded) ? amend(decoded.success.plan) : undefined
  // Of a plan that the schema rejects, the other checks read the raw value, so that all issues are reported together.
  const fields = plan ?? toObject(value)
  const { asks, context: named, policy, synthesis } = fields
  const reader = new Documents.Reader(folder)
  const context = yield* Effect.result(PlanDocuments.context(named, reader))
  const issues = [
    ...filled.issues,
    ...listIssues,
    ...(plan === undefined ? [] : yield* checkLayers(plan)),
    ...(Result.isFailure(decoded) ? NoPlan.issuesOf(decoded.failure) : []),
    ...DamagedText.issuesOf(value),
    ...(isOfRows(toObject(value)["asks"]) ? [] : checkPolicy(policy, asks)),
    ...checkCitations(synthesis),
    ...DeadlineOption.issuesOf(ofRows === undefined ? fields : { ...fields, asks: { rows: ofRows.asks } }),
    ...(Result.isFailure(context) ? context.failure : [])
  ]
  if (plan === undefined || Result.isFailure(context) || issues.length > 0) return yield* locate(file, source, issues)

  const { context: shared, notices: ofContext } = context.success
  const pipeline = yield* Effect.mapError(
    PlanDocuments.withFiles({ ...toPipeline(plan), context: shared }, reader),
    (issues) => locate(file, source, issues)
  )
  const place = { folder, values: filled.values, reading, parse: parseData, reader }
  const withRows =
    ofRows === undefined
      ? { prepared: pipeline, rows: undefined }
      : yield* Effect.promise(() => import("./RowsOfPlan.ts")).pipe(
          Effect.flatMap((module) => module.withRows(pipeline, { ...plan, asks: ofRows.asks }, place)),
          Effect.mapError(rowError(file, source))
        )
  const { prepared, rows } = withRows
  // What is true of the shortest and of the longest question of rows is true of all.
  const checked = rows === undefined ? prepared : { ...prepared, asks: rows.bounds }
  const windows = WindowCheck.check(checked)
  const found = [...answerNotices(plan), ...filled.notices, ...windows.notices, ...ofContext, ...(rows?.notices ?? [])]
  const notices = Array.sort([...atPositions(file, source.notices), ...located(file, source, found)], inOrder)
  const read: Read = { ...prepared, documentFiles: reader.files, notices, rowFiles: rows?.files ?? [] }
  const late = [
    ...windows.issues,
    ...ToolCheck.issuesOf(checked, plan.provider, { ofRows: rows !== undefined }),
    ...(plan.budget === undefined ? [] : BudgetCheck.issuesOf(checked, plan.budget, plan)),
    ...(rows === undefined ? [] : checkPolicyOf(policy, rows.count))
  ]
  return late.length === 0 ? read : yield* locate(file, source, late)
})

const inOrder = Order.mapInput(
  Order.Tuple([Order.Number, Order.Number]),
  ({ position }: PlanIssue) => [position.line, position.column] as const
)

const toObject = (value: unknown): { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null ? { ...value } : {}

/** A plan without its keys `x-…` at the top, which hold values for anchors, or are of other tools. */
const withoutExtensions = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !globalThis.Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith("x-")))
    : value

/** The text of a file; fails with the reason why it cannot be read, in words. */
export const readText = Effect.fnUntraced(function* (file: string) {
  const fileSystem = yield* FileSystem.FileSystem
  const { type } = yield* Effect.mapError(fileSystem.stat(file), whyUnread)
  // Opening a pipe that nothing writes to would wait for ever, and a device may have no end. A shell's `<(…)` is a pipe in `/dev`.
  const isOfShell = type === "FIFO" && file.startsWith("/dev/")
  if (type !== "File" && type !== "Directory" && !isOfShell && file !== "/dev/stdin")
    return yield* Effect.fail("is a pipe or a device: save what it gives as a file, or write - for standard input")
  const bytes = yield* Effect.mapError(fileSystem.readFile(file), whyUnread)
  return yield* Effect.fromResult(TextFile.decode(bytes))
})
