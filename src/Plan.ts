/** The same pipeline as data: what a plan file may say, and the asks, policy and synthesis it stands for. */
import { Effect, JsonSchema, Record, Result, Schema, SchemaRepresentation, Struct } from "effect"
import * as Ask from "./Ask.ts"
import * as Issue from "./Issue.ts"
import { Options as StackOptions } from "./layers/Stack.ts"
import type { Pipeline } from "./Pipeline.ts"
import { answersNeeded, Policy } from "./Policy.ts"
import { Concurrency, Name, nameRule } from "./Research.ts"
import * as Synthesis from "./Synthesis.ts"

/** JSON Schema of a structured answer: an object schema of the subset that Claude's structured output knows. */
const AnswerSchema = Schema.Record(Schema.String, Schema.Unknown).annotate({ expected: "a JSON Schema" })

const AskEntry = Schema.Struct({
  question: Ask.Question,
  answer: Schema.optionalKey(AnswerSchema),
  ...Ask.Settings.fields
})

const Instruction = Schema.String.check(
  Schema.makeFilter((text) => text.trim() !== "", { expected: "an instruction that is not empty" })
)

const SynthesisEntry = Schema.Struct({
  instruction: Instruction,
  answer: Schema.optionalKey(AnswerSchema),
  ...Ask.Settings.fields
})

/** A document shared by all asks: its text, or a file beside the plan. */
const Context = Schema.Union([Schema.String, Schema.Struct({ file: Schema.String })]).annotate({
  expected: "text, or { file: path }"
})

const Asks = Schema.Record(
  Name,
  Schema.Union([Ask.Question, AskEntry]).annotate({ expected: "a question, or { question: … }" })
)
  .annotate({ expected: "asks by name", messageUnexpectedKey: `expected ${nameRule}` })
  .check(Schema.isMinProperties(1, { expected: "at least one ask" }))

/** What a plan may say. Keys of the layers come from the layers' own options. */
export const Plan = Schema.Struct({
  $schema: Schema.optionalKey(Schema.String),
  /** Model of every ask that names none. */
  model: Ask.Settings.fields.model,
  /** System prompt of every ask that sets none. */
  system: Ask.Settings.fields.system,
  context: Schema.optionalKey(Context),
  concurrency: Schema.optionalKey(Concurrency),
  policy: Schema.optionalKey(Policy),
  asks: Asks,
  synthesis: Schema.optionalKey(
    Schema.Union([Instruction, SynthesisEntry]).annotate({ expected: "an instruction, or { instruction: … }" })
  ),
  ...StackOptions.fields
}).annotate({ title: "fanfold plan", expected: "a plan with asks" })
export interface Plan extends Schema.Schema.Type<typeof Plan> {}

/** A plan's pipeline, and the options of the layers it is to run under. */
export interface Prepared extends Pipeline {
  readonly asks: Readonly<Record<string, Ask.Ask<unknown>>>
  readonly layers: typeof StackOptions.Type
}

/** Checks what a schema cannot say and builds the asks. All issues at once; `context` is left to whoever reads files. */
export const toPipeline = (plan: Plan): Effect.Effect<Prepared, ReadonlyArray<Issue.Issue>> =>
  Effect.suspend(() => {
    const issues: Array<Issue.Issue> = []
    const { asks, concurrency = "unbounded", model, policy = "best-effort", synthesis, system } = plan
    const shared = { ...(model !== undefined && { model }), ...(system !== undefined && { system }) }
    const names = Object.keys(asks)

    const schemaOf = (answer: typeof AnswerSchema.Type | undefined, path: ReadonlyArray<string>) => {
      if (answer === undefined) return undefined
      const read = readSchema(answer)
      if (Result.isSuccess(read)) return read.success
      issues.push({ path: [...path, "answer"], message: read.failure })
      return undefined
    }
    const askOf = (name: string): Ask.Ask<unknown> => {
      const entry = asks[name] ?? ""
      const { answer, question, ...options } =
        typeof entry === "string" ? { question: entry, answer: undefined } : entry
      const schema = schemaOf(answer, ["asks", name])
      const settings = { ...shared, ...options }
      return schema === undefined ? Ask.text(question, settings) : Ask.object(question, schema, settings)
    }
    const foldOf = (entry: Plan["synthesis"]): Synthesis.Synthesis<unknown> | undefined => {
      if (entry === undefined) return undefined
      if (typeof entry === "string") return Synthesis.text(entry)
      const { answer, instruction, ...options } = entry
      const schema = schemaOf(answer, ["synthesis"])
      return schema === undefined
        ? Synthesis.text(instruction, options)
        : Synthesis.object(instruction, schema, options)
    }

    const needed = answersNeeded(policy, names.length)
    if (needed > names.length) {
      const path = typeof policy === "string" ? ["policy"] : ["policy", ...Object.keys(policy)]
      issues.push({ path, message: `expected at most ${names.length}, as many as there are asks, got ${needed}` })
    }
    const prepared: Prepared = {
      asks: Object.fromEntries(names.map((name) => [name, askOf(name)])),
      synthesis: foldOf(synthesis),
      policy,
      concurrency,
      context: typeof plan.context === "string" ? plan.context : undefined,
      layers: Struct.pick(plan, layerNames)
    }
    return issues.length > 0 ? Effect.fail(issues) : Effect.succeed(prepared)
  })

const layerNames = Record.keys(StackOptions.fields)

/** A JSON Schema as a schema that decodes; the failure says which keyword Claude's structured output cannot take. */
const readSchema = (answer: typeof AnswerSchema.Type): Result.Result<Schema.Codec<unknown>, string> =>
  Result.try({
    try: () => {
      const document = JsonSchema.fromSchemaDraft2020_12(answer)
      const schema = SchemaRepresentation.fromJsonSchemaDocument(document, {
        patterns: "ignore"
      }) as Schema.Codec<unknown>
      // Building an ask is what refuses recursion; the ask itself is not needed.
      Ask.object("?", schema)
      return schema
    },
    catch: (cause) =>
      `expected a JSON Schema that structured output can take: ${cause instanceof Error ? cause.message : String(cause)}`
  })

/** The plan's own JSON Schema, for editors. */
export const toJsonSchema = (): object => {
  const { definitions, schema } = Schema.toJsonSchemaDocument(Plan, { onExcessProperty: "error" })
  return { $schema: "https://json-schema.org/draft/2020-12/schema", ...schema, $defs: definitions }
}
