/** What an ask is made of, and the request it becomes. An ask of a synthesis is made of the same fields. */
import type { Schema } from "effect"
import { askModel } from "../claude/Claude.ts"
import type { AnswerSchema, Request } from "../claude/Message.ts"
import * as Models from "../claude/Models.ts"
import { type Defaults, maxTokens, type Options, system, webSearch } from "./AskOptions.ts"

/** The form of an answer: its text, or JSON of a schema. */
export type Format<A, R> =
  | { readonly _tag: "Text"; readonly value: (text: string) => A }
  | {
      readonly _tag: "Object"
      readonly codec: Schema.ConstraintCodec<A, unknown, R, unknown>
      readonly schema: AnswerSchema
    }

/** The findings that a synthesis was made of: their run's id, the number of asks, and how many of them were answered. */
export interface Synthesized {
  readonly run: string
  readonly asks: number
  readonly answered: number
}

/** A question, its settings, and the form of its answer. */
export interface AskData<out A, out R = never> {
  readonly question: string
  readonly options: Options
  readonly format: Format<A, R>
  /** Set where the question is the prompt of a synthesis. */
  readonly synthesized: Synthesized | undefined
}

type Shared = typeof Defaults.Service

/** The model an ask goes to, or several in their order. */
export const modelsOf = <A, R>(ask: AskData<A, R>, defaults: Shared = {}): Models.Models =>
  ask.options.model ?? defaults.model ?? askModel

/** The request an ask sends first, with the defaults filled in. */
export const requestOf = <A, R>(ask: AskData<A, R>, defaults: Shared = {}): Request => {
  const { context, ...options } = { ...defaults, ...ask.options }
  return {
    model: Models.first(modelsOf(ask, defaults)),
    system: options.system ?? system,
    ...(context !== undefined && { context }),
    messages: [{ role: "user", content: ask.question }],
    maxTokens: options.maxTokens ?? maxTokens,
    ...(options.effort !== undefined && { effort: options.effort }),
    ...(options.stopSequences !== undefined && { stopSequences: options.stopSequences }),
    ...(options.webSearch === true && { tools: [webSearch] }),
    ...(ask.format._tag === "Object" && { answerSchema: ask.format.schema })
  }
}
