/** What an ask is made of, and the request it becomes. An ask of a synthesis is made of the same fields. */
import { askModel } from "../claude/Claude.ts"
import type { Request } from "../claude/Message.ts"
import type { Vote } from "../claude/Call.ts"
import * as Models from "../claude/Models.ts"
import * as Documents from "../documents/Documents.ts"
import { isBlank } from "../options/BlankText.ts"
import type { AnswerFormat } from "../schema/AnswerFormat.ts"
import type { Names } from "./Citations.ts"
import type { Comparing } from "./Comparison.ts"
import type { Fold, Folding } from "./Folding.ts"
import { type Defaults, maxTokens, type Options, system as defaultSystem } from "./AskOptions.ts"
import { toolsOf } from "./Tools.ts"

/** The form of an answer: its text, or JSON of a schema. */
export type Format<A, R> =
  | { readonly _tag: "Text"; readonly value: (text: string) => A }
  | ({ readonly _tag: "Object" } & AnswerFormat<A, R>)

/** The findings that a synthesis was made of: their run's id, the number of asks, and how many of them were answered. */
export interface Synthesized {
  readonly run: string
  readonly asks: number
  readonly answered: number
  /** Set where the findings are more than one request holds: they are folded first, level by level. */
  readonly folding?: Folding | undefined
  /** Set where the statements of the document name the asks that they rest on: the names that they may have. */
  readonly cited?: Names | undefined
  /** Set where answers are compared first. */
  readonly comparing?: Comparing | undefined
  /** Set on the ask of one fold of a tree, on that of the document above them, and, with level 0, on a comparison. */
  readonly fold?: Fold | undefined
}

/** A question, its settings, and the form of its answer. */
export interface AskData<out A, out R = never> {
  readonly question: string
  readonly options: Options
  readonly format: Format<A, R>
  /** Set where the question is the prompt of a synthesis. */
  readonly synthesized: Synthesized | undefined
  /** Set where it is one of several votes. */
  readonly vote?: Vote
  /** Set where it looks for what the findings leave open, for the round with this number. */
  readonly round?: number
}

type Shared = typeof Defaults.Service

/** The model an ask goes to, or several in their order. */
export const modelsOf = <A, R>(ask: AskData<A, R>, defaults: Shared = {}): Models.Models =>
  ask.options.model ?? defaults.model ?? askModel

/** The last context that was made well-formed, and what it became. All asks of a run share one, which may have megabytes. */
let lastContext = { given: "", wellFormed: "" }

/** Text with U+FFFD in the place of each half of a surrogate pair, which JSON cannot carry to the API. */
const wellFormed = (given: string): string => {
  if (lastContext.given !== given) lastContext = { given, wellFormed: given.toWellFormed() }
  return lastContext.wellFormed
}

/** The request an ask sends first, with the defaults filled in. */
export const requestOf = <A, R>(ask: AskData<A, R>, defaults: Shared = {}): Request => {
  const { context = "", files, system = defaultSystem, ...options } = { ...defaults, ...ask.options }
  const documents = Documents.loaded(files)
  if (documents === undefined) throw new Error("the files of an ask are read before its request is made")
  const hasContext = typeof context === "string" ? !isBlank(context) : context.length > 0
  const tools = toolsOf(options)
  return {
    model: Models.first(modelsOf(ask, defaults)),
    // The API rejects blocks of white space, and a model makes nothing of invisible characters.
    ...(!isBlank(system) && { system: system.toWellFormed() }),
    ...(hasContext && { context: typeof context === "string" ? wellFormed(context) : context }),
    ...(documents.length > 0 && { files: documents }),
    messages: [{ role: "user", content: ask.question.toWellFormed() }],
    maxTokens: options.maxTokens ?? maxTokens,
    ...(options.effort !== undefined && { effort: options.effort }),
    ...(options.stopSequences !== undefined && {
      stopSequences: options.stopSequences.map((text) => text.toWellFormed())
    }),
    ...(tools.length > 0 && { tools }),
    ...(ask.format._tag === "Object" && { answerSchema: ask.format.schema })
  }
}
