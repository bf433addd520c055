/** The same pipeline as data: what a plan file may say, and the asks, policy and synthesis it stands for. */
import { Effect, Record, Schema, Struct } from "effect"
import * as Ask from "../pipeline/Ask.ts"
import * as Issue from "../options/Issue.ts"
import { Options as StackOptions } from "../layers/Stack.ts"
import { NonEmpty } from "../options/OptionSchemas.ts"
import type { Pipeline } from "../pipeline/Pipeline.ts"
import { AnswerSchema, toSchema } from "./AnswerSchema.ts"
import { PositiveDuration } from "../options/OptionSchemas.ts"
import { answersNeeded, Policy } from "../options/Policy.ts"
import { Concurrency, Name, nameRule } from "../pipeline/Research.ts"
import * as Synthesis from "../pipeline/Synthesis.ts"

const AskEntry = Schema.Struct({
  question: Ask.Question,
  answer: Schema.optionalKey(AnswerSchema),
  ...Ask.Settings.fields
})

const Instruction = NonEmpty("an instruction that is not empty")

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
  /** Model of every ask that names none, or several in their order. */
  model: Ask.Settings.fields.model,
  /** System prompt of every ask that sets none. */
  system: Ask.Settings.fields.system,
  context: Schema.optionalKey(Context),
  concurrency: Schema.optionalKey(Concurrency),
  policy: Schema.optionalKey(Policy),
  /** When asking ends, whatever the policy; what is there is folded then. */
  deadline: Schema.optionalKey(PositiveDuration),
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

/** What a schema cannot say: a policy wants no more answers than there are asks. Looks at wrong plans too. */
export const checkPolicy = (policy: unknown, asks: unknown): ReadonlyArray<Issue.Issue> => {
  if (!Schema.is(Policy)(policy) || typeof asks !== "object" || asks === null) return []
  const count = Object.keys(asks).length
  const needed = answersNeeded(policy, count)
  if (needed <= count) return []
  const path = ["policy", ...Object.keys(policy)]
  return [{ path, message: `expected at most ${count}, as many as there are asks, got ${needed}` }]
}

const checkOptions = Issue.decode(Schema.toType(StackOptions))

/** What the options of the layers are, once the command line has put in its own. */
export const checkLayers = (plan: Plan): Effect.Effect<ReadonlyArray<Issue.Issue>> =>
  Effect.match(checkOptions(Struct.pick(plan, layerNames)), { onFailure: (issues) => issues, onSuccess: () => [] })

/** Builds what a checked plan stands for; `context` is left to whoever reads files. */
export const toPipeline = (plan: Plan): Prepared => {
  const { asks, concurrency = "unbounded", model, policy = "best-effort", synthesis, system } = plan
  const shared = { ...(model !== undefined && { model }), ...(system !== undefined && { system }) }
  return {
    asks: Record.map(asks, (entry) => askOf(entry, shared)),
    synthesis: synthesis === undefined ? undefined : synthesisOf(synthesis),
    policy,
    concurrency,
    context: typeof plan.context === "string" ? plan.context : undefined,
    deadline: plan.deadline,
    layers: Struct.pick(plan, layerNames)
  }
}

const askOf = (entry: Plan["asks"][string], shared: Ask.Options): Ask.Ask<unknown> => {
  if (typeof entry === "string") return Ask.text(entry, shared)
  const { answer, question, ...options } = entry
  const settings = { ...shared, ...options }
  return answer === undefined ? Ask.text(question, settings) : Ask.object(question, toSchema(answer), settings)
}

const synthesisOf = (entry: NonNullable<Plan["synthesis"]>): Synthesis.Synthesis<unknown> => {
  if (typeof entry === "string") return Synthesis.text(entry)
  const { answer, instruction, ...options } = entry
  return answer === undefined
    ? Synthesis.text(instruction, options)
    : Synthesis.object(instruction, toSchema(answer), options)
}

const layerNames = Record.keys(StackOptions.fields)

/** The plan's own JSON Schema, for editors. */
export const toJsonSchema = (): object => {
  const { definitions, schema } = Schema.toJsonSchemaDocument(Plan, {
    onExcessProperty: "error",
    generateDescriptions: true
  })
  return { $schema: "https://json-schema.org/draft/2020-12/schema", ...schema, $defs: definitions }
}
