/** One question to Claude: readable data, and an Effect that gives the answer when it is run. */
import { Effect, Effectable, Function, Predicate, Record, type Schema } from "effect"
import type { AskError } from "../claude/AskError.ts"
import type { Claude } from "../claude/Claude.ts"
import * as Issue from "../options/Issue.ts"
import { inCode } from "../options/OptionSchemas.ts"
import * as AnswerFormat from "../schema/AnswerFormat.ts"
import type { OutputOf, StandardSchema } from "../schema/Standard.ts"
import type { AskData, Format, Synthesized } from "./AskData.ts"
import { AskSettings, type Options, Question } from "./AskOptions.ts"
import { agreed } from "./ComparedAnswers.ts"
import { resolve } from "./ResolveAsk.ts"
import type { VotesOption } from "./VotesOption.ts"

export { modelsOf, requestOf } from "./AskData.ts"
export { AskSettings, Defaults, maxTokens, type Options, Question, Settings, system } from "./AskOptions.ts"
export { type Agreement } from "./Agreement.ts"
export { resolve } from "./ResolveAsk.ts"
export { type Answer } from "./RunAsk.ts"
export { textStream } from "./TextStream.ts"

const assertQuestion = Issue.assert(Question, "question")
const assertOptions = Issue.assert(inCode(AskSettings), "options")

/** Marks asks. It is a string, so that asks are known across copies of this module, as `fanfold/promise` has one of its own. */
const TypeId = "~fanfold/pipeline/Ask"

/** Whether a value is an ask, of this copy of the module or of another. */
export const isAsk = (input: unknown): input is Ask<any, any> => Predicate.hasProperty(input, TypeId)

/** A question with its settings. `yield*` it, or pass it to any combinator of Effect. */
export class Ask<out A, out R = never> extends Effectable.Class<A, AskError, Claude | R> implements AskData<A, R> {
  readonly question: string
  readonly options: Options
  readonly format: Format<A, R>
  readonly synthesized: Synthesized | undefined
  constructor(question: string, options: Options, format: Format<A, R>, synthesized?: Synthesized) {
    super()
    assertQuestion(question)
    assertOptions(options)
    this.question = question
    // An option that is `undefined` must not override a default.
    this.options = Record.filter(options as Record<string, unknown>, Predicate.isNotUndefined) as Options
    this.format = format
    this.synthesized = synthesized
  }
  get [TypeId](): typeof TypeId {
    return TypeId
  }
  override asEffect(): Effect.Effect<A, AskError, Claude | R> {
    return Effect.map(
      Effect.flatMap(resolve(this), (answer) => agreed(this, answer)),
      ({ value }) => value
    )
  }
}

/** Asks for prose. */
export const text = (question: string, options: Options = {}): Ask<string> => new Ask(question, options, asText)

/**
 * Asks for a value of `schema`: an Effect Schema, a Standard Schema with its JSON Schema export (zod, arktype, valibot), or a JSON
 * Schema. Throws a `RangeError` for a schema that structured output cannot express, such as a recursive one.
 */
export const object: ObjectOf = (question: string, schema: object, options: Options = {}) =>
  new Ask<any>(question, options, { _tag: "Object", ...AnswerFormat.of(schema) })

/**
 * The same ask, asked `votes` times at once: its answer is what most votes say, with their agreement. With `{ count, atLeast }`, fewer
 * votes that agree fail it with `NoAgreement`. Throws a `RangeError` for no vote.
 */
export const votes: {
  (votes: VotesOption): <A, R>(ask: Ask<A, R>) => Ask<A, R>
  <A, R>(ask: Ask<A, R>, votes: VotesOption): Ask<A, R>
} = Function.dual(
  2,
  <A, R>({ format, options, question, synthesized }: Ask<A, R>, votes: VotesOption): Ask<A, R> =>
    new Ask(question, { ...options, votes }, format, synthesized)
)

interface ObjectOf {
  <A, E, R = never>(question: string, schema: Schema.ConstraintCodec<A, E, R, unknown>, options?: Options): Ask<A, R>
  <S extends StandardSchema>(question: string, schema: S, options?: Options): Ask<OutputOf<S>>
  <A = unknown>(question: string, schema: AnswerFormat.JsonSchema, options?: Options): Ask<A>
}

const asText: Format<string, never> = { _tag: "Text", value: (text) => text }
