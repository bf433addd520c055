/** The schema of plans, and the pipeline that a plan stands for. */
import { Effect, Predicate, Record, Schema, Struct } from "effect"
import * as Ask from "../pipeline/Ask.ts"
import * as Provider from "../claude/Provider.ts"
import * as Issue from "../options/Issue.ts"
import { Options as StackOptions } from "../layers/Stack.ts"
import type { Document } from "../claude/Document.ts"
import * as Source from "../documents/Source.ts"
import { Deadline } from "../pipeline/DeadlineOption.ts"
import type { Pipeline } from "../pipeline/Pipeline.ts"
import { AnswerSchema, definitions as answerDefinitions } from "./AnswerSchema.ts"
import { NonEmpty } from "../options/OptionSchemas.ts"
import { Options as Otlp } from "../options/OtlpOption.ts"
import { answersNeeded, Policy } from "../options/Policy.ts"
import { inspect, type JsonSchema } from "../schema/AnswerFormat.ts"
import { Concurrency, Name, nameRule } from "../pipeline/ResearchOptions.ts"
import type { Rows } from "./rows/RowAsks.ts"
import * as Synthesis from "../pipeline/Synthesis.ts"

export type { RowProblem } from "./rows/Row.ts"
export type { Rows } from "./rows/RowAsks.ts"

const described = <S extends Schema.Schema<unknown>>(field: Schema.optionalKey<S>, description: string) =>
  Schema.optionalKey(field.schema.annotate({ description }))

const AskEntry = Schema.Struct({
  question: Ask.Question,
  answer: Schema.optionalKey(AnswerSchema),
  ...Ask.AskSettings.fields
})

const Instruction = NonEmpty("an instruction that is not empty")

const SynthesisEntry = Schema.Struct({
  instruction: Instruction,
  answer: Schema.optionalKey(AnswerSchema),
  ...Synthesis.Settings.fields
})

/** The issue of a document that is data, whose statements cannot have marks. Takes any values, as `checkPolicy` does. */
export const checkCitations = (synthesis: unknown): ReadonlyArray<Issue.Issue> =>
  Predicate.hasProperty(synthesis, "answer") &&
  Predicate.hasProperty(synthesis, "citations") &&
  synthesis.citations === true
    ? [{ path: ["synthesis", "citations"], message: Synthesis.citationsOfData }]
    : []

const Asks = Schema.Record(
  Name,
  Schema.Union([Ask.Question, AskEntry]).annotate({ expected: "a question, or { question: … }" })
)
  .annotate({ expected: "asks by name", messageUnexpectedKey: `expected ${nameRule}` })
  .check(Schema.isMinProperties(1, { expected: "at least one ask" }))

/** Asks without names: they are `q1`, `q2`, …, or have the names of their `id`. */
const AskList = Schema.Array(
  Schema.Union([Ask.Question, Schema.Struct({ id: Schema.optionalKey(Name), ...AskEntry.fields })])
)
  .annotate({ expected: "a list of questions" })
  .check(Schema.isMinLength(1, { expected: "at least one ask" }))

/** One ask for each row of a file. In `question`, `system` and `name`, `{column}` stands for what the row has there. */
const RowsEntry = Schema.Struct({
  from: NonEmpty("the name of a file, or a pattern of files"),
  name: Schema.optionalKey(NonEmpty("a name such as {id}")),
  ...AskEntry.fields,
  question: Schema.optionalKey(Ask.Question)
})
export interface RowsEntry extends Schema.Schema.Type<typeof RowsEntry> {}

const Variables = Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite, Schema.Boolean]))

/** In code the default is `all`, as its types then promise every answer; a document can name its gaps instead. */
const policyText =
  'When research counts as done: "all", "best-effort", { atLeast: n } or { first: n } ' +
  "(default in plans and on the command line: best-effort; in code: all)"

/** A plan. Its keys for the layers are the layers' own options. */
export const Plan = Schema.Struct({
  $schema: Schema.optionalKey(Schema.String),
  vars: described(
    Schema.optionalKey(Variables),
    "Values by name: {city} stands for that of city in questions, system, context and instruction, {{ and }} for braces"
  ),
  model: described(Ask.Settings.fields.model, "Model of every ask that names none, or several in their order"),
  system: described(Ask.Settings.fields.system, "System prompt of every ask that sets none"),
  context: described(
    Schema.optionalKey(Source.Context),
    "What is sent with every ask: text, { file }, or a list of them; PDFs, images and texts"
  ),
  concurrency: described(Schema.optionalKey(Concurrency), "How many asks may run at once (default: unbounded)"),
  policy: described(Schema.optionalKey(Policy), policyText),
  deadline: Schema.optionalKey(Deadline),
  asks: Asks,
  synthesis: Schema.optionalKey(
    Schema.Union([Instruction, SynthesisEntry]).annotate({ expected: "an instruction, or { instruction: … }" })
  ),
  otlp: Schema.optionalKey(Otlp),
  ...StackOptions.fields
}).annotate({ title: "fanfold plan", expected: "a plan with asks" })
export interface Plan extends Schema.Schema.Type<typeof Plan> {}

/** A plan whose asks are made of rows. */
export const RowsPlan = Schema.Struct({ ...Plan.fields, asks: RowsEntry }).annotate({ expected: "a plan with asks" })
export interface RowsPlan extends Schema.Schema.Type<typeof RowsPlan> {}

const fileName = /^\S+\.\w{2,8}$|\.(?:csv|tsv|tab|jsonl|ndjson|json|ya?ml|md|markdown|txt|pdf|html?|xlsx|docx)$|\*/i

/** Decodes a plan, also one of rows, whose `asks` are then empty. */
export const decode = (value: unknown): Effect.Effect<Decoded, ReadonlyArray<Issue.Issue>> =>
  isOfRows((Object(value) as { readonly asks?: unknown }).asks)
    ? Effect.map(decodeRowsPlan(value), (rows) => ({ plan: { ...rows, asks: {} }, rows }))
    : Effect.map(decodePlan(value), (plan) => ({ plan, rows: undefined }))

export interface Decoded {
  readonly plan: Plan
  readonly rows: RowsPlan | undefined
}

const decodePlan = Issue.decode(Plan)
const decodeRowsPlan = Issue.decode(RowsPlan)

/** Whether asks are made of rows: `from` may also be the name of an ask, whose question is no path. */
export const isOfRows = (asks: unknown): asks is { readonly from: string } => {
  if (typeof asks !== "object" || asks === null || !("from" in asks) || typeof asks.from !== "string") return false
  return fileName.test(asks.from.trim())
}

/** A plan's pipeline, and the options of the layers it runs under. */
export interface Prepared extends Pipeline {
  readonly asks: Readonly<Record<string, Ask.Ask<unknown>>>
  readonly layers: typeof StackOptions.Type
  /** Where telemetry goes; `undefined` where only the environment says so. */
  readonly otlp?: typeof Otlp.Type
  /** The rows that the asks are made of while they are sent; `asks` is then empty. */
  readonly rows?: Rows | undefined
  /** The rows of `asks` that were made of some, in their order. */
  readonly table?: Table | undefined
}

/** What a table has of the rows beside the answers. */
export interface Table {
  readonly columns: ReadonlyArray<string>
  readonly cells: ReadonlyArray<Readonly<Record<string, string>>>
}

/** The issue of a policy that needs more answers than there are asks. Takes any values, as it checks plans with other errors too. */
export const checkPolicy = (policy: unknown, asks: unknown): ReadonlyArray<Issue.Issue> =>
  typeof asks !== "object" || asks === null ? [] : checkPolicyOf(policy, Object.keys(asks).length)

/** The same for so many asks. */
export const checkPolicyOf = (policy: unknown, count: number): ReadonlyArray<Issue.Issue> => {
  if (!Schema.is(Policy)(policy)) return []
  const needed = answersNeeded(policy, count)
  if (needed <= count) return []
  const path = ["policy", ...Object.keys(policy)]
  return [{ path, message: `expected at most ${count}, as many as there are asks, got ${needed}` }]
}

/** What the answer schemas of a plan say in a way that was read in another one. */
export const answerNotices = ({ asks, synthesis }: Plan): ReadonlyArray<Issue.Issue> => {
  const entries = [
    ...Object.entries(asks).map(([name, ask]) => [["asks", name], ask] as const),
    [["synthesis"], synthesis] as const
  ]
  return entries.flatMap(([keys, entry]) => {
    if (typeof entry !== "object" || entry.answer === undefined) return []
    const { notices } = inspect(entry.answer)
    return notices.map(({ message, path }) => ({ path: [...keys, "answer", ...path], message }))
  })
}

const checkOptions = Issue.decode(Schema.toType(StackOptions))

/** The issues of the layers' options after the command line has changed some of them. */
export const checkLayers = (plan: Plan): Effect.Effect<ReadonlyArray<Issue.Issue>> =>
  // A flag such as `--no-batch` leaves an option undefined.
  Effect.match(
    checkOptions(
      Record.filter({ ...Struct.pick(plan, layerNames) } as Record<string, unknown>, Predicate.isNotUndefined)
    ),
    {
      onFailure: (issues) => issues,
      onSuccess: () => checkProvider(plan)
    }
  )

/** The issues of what a cloud does not have. */
const checkProvider = ({ auth, batch, provider }: Plan): ReadonlyArray<Issue.Issue> => {
  const cloud = Provider.cloudOf(provider)
  if (cloud === undefined) return []
  const title = Provider.titles[cloud]
  return [
    ...(batch === undefined ? [] : [{ path: ["batch"], message: `${title} has no Message Batches: leave it out` }]),
    ...(auth === undefined ? [] : [{ path: ["auth"], message: `${title} has credentials of its own: leave it out` }])
  ]
}

/** The asks that rows become: `documents` are the files of all of them. */
export const rowAskOf = (plan: RowsPlan, documents: ReadonlyArray<Document>) => {
  const { files: _files, from: _from, name: _name, system: _system, ...entry } = plan.asks
  const base = askOf({ ...entry, question: "?" }, sharedOf(plan))
  return (question: string, system: string | undefined, own: Document | undefined): Ask.Ask<unknown> => {
    const files = own === undefined ? documents : [own, ...documents]
    const more = { ...(system !== undefined && { system }), ...(files.length > 0 && { files }) }
    return new Ask.Ask(question, { ...base.options, ...more }, base.format)
  }
}

const sharedOf = ({ model, system }: Pick<Plan, "model" | "system">): Ask.Options => ({
  ...(model !== undefined && { model }),
  ...(system !== undefined && { system })
})

/** The pipeline of a checked plan. A context that is no plain text is `undefined` here, and files are names: `PlanFile.read` reads them. */
export const toPipeline = (plan: Plan): Prepared => {
  const { asks, concurrency = "unbounded", policy = "best-effort", synthesis } = plan
  const shared = sharedOf(plan)
  return {
    asks: Record.map(asks, (entry) => askOf(entry, shared)),
    synthesis: synthesis === undefined ? undefined : synthesisOf(synthesis),
    policy,
    concurrency,
    context: typeof plan.context === "string" ? plan.context : undefined,
    deadline: plan.deadline,
    ...(plan.otlp !== undefined && { otlp: plan.otlp }),
    layers: Struct.pick(plan, layerNames)
  }
}

const askOf = (entry: Plan["asks"][string], shared: Ask.Options): Ask.Ask<unknown> => {
  if (typeof entry === "string") return Ask.text(entry, shared)
  const { answer, question, ...options } = entry
  const settings = { ...shared, ...options }
  return answer === undefined ? Ask.text(question, settings) : Ask.object(question, answer as JsonSchema, settings)
}

const synthesisOf = (entry: NonNullable<Plan["synthesis"]>): Synthesis.Synthesis<unknown> => {
  if (typeof entry === "string") return Synthesis.text(entry)
  const { answer, instruction, ...options } = entry
  return answer === undefined
    ? Synthesis.text(instruction, options)
    : Synthesis.object(instruction, answer as JsonSchema, options)
}

const layerNames = Record.keys(StackOptions.fields)

/** The plan's own JSON Schema, for editors. */
export const toJsonSchema = (): object => {
  const AnyPlan = Schema.Struct({ ...Plan.fields, asks: Schema.Union([Asks, AskList, RowsEntry]) })
  const { definitions, schema } = Schema.toJsonSchemaDocument(AnyPlan.annotate({ title: "fanfold plan" }), {
    onExcessProperty: "error",
    generateDescriptions: true
  })
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    ...schema,
    patternProperties: { "^x-": {} },
    $defs: { ...definitions, ...answerDefinitions() }
  }
}
