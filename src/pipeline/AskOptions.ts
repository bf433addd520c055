/** The question of an ask and the settings it may have, with their defaults. */
import { Context, type Duration, Schema } from "effect"
import { Effort } from "../claude/Message.ts"
import * as Models from "../claude/Models.ts"
import { NonEmpty, PositiveDuration, PositiveInt } from "../options/OptionSchemas.ts"
import { WebSearch } from "./WebSearch.ts"

/** A question: text that is not blank. */
export const Question = NonEmpty("a question that is not empty")

/** The settings of one ask. Of several models, the next is asked where one is overloaded or missing, or refuses. */
export const Settings = Schema.Struct({
  model: Schema.optionalKey(Models.Models),
  system: Schema.optionalKey(Schema.String),
  maxTokens: Schema.optionalKey(PositiveInt),
  effort: Schema.optionalKey(Effort),
  stopSequences: Schema.optionalKey(Schema.Array(NonEmpty("text that is not blank"))),
  webSearch: Schema.optionalKey(WebSearch),
  timeout: Schema.optionalKey(PositiveDuration)
})
export interface Settings extends Schema.Schema.Type<typeof Settings> {}

/** Settings as a caller writes them; `timeout` bounds the ask with all its attempts, default 20 minutes. */
export interface Options extends Omit<Settings, "timeout"> {
  readonly timeout?: Duration.Input | undefined
}

/** Output tokens of an ask that sets no `maxTokens`: room for a long answer, and a bound for one that does not end. */
export const maxTokens = 4096

/**
 * The system prompt of an ask that sets none: it makes independent answers similar in form, so that they can be joined. It is
 * sent with every ask, hence short.
 */
export const system =
  "Answer directly and completely, with facts, names and numbers. Say what is uncertain; never invent."

/** Settings of every ask that does not set them itself, and the document that all asks share. */
export const Defaults = Context.Reference<Options & { readonly context?: string }>("fanfold/pipeline/Ask/Defaults", {
  defaultValue: () => ({})
})
