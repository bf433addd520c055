/** The question of an ask and the settings it may have, with their defaults. */
import { Context, type Duration, Schema } from "effect"
import type { Context as SharedContext } from "../claude/Document.ts"
import { Effort } from "../claude/Message.ts"
import * as Models from "../claude/Models.ts"
import * as Source from "../documents/Source.ts"
import { NonEmpty, PositiveDuration, PositiveInt } from "../options/OptionSchemas.ts"
import { Tools } from "./Tools.ts"
import { VotesOption } from "./VotesOption.ts"
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
  tools: Schema.optionalKey(Tools),
  timeout: Schema.optionalKey(PositiveDuration),
  votes: Schema.optionalKey(VotesOption)
})
export interface Settings extends Schema.Schema.Type<typeof Settings> {}

/** The settings that an ask has and a synthesis has not, which reads answers alone. */
export const AskSettings = Schema.Struct({ ...Settings.fields, files: Schema.optionalKey(Source.Files) })

/**
 * Settings as a caller writes them; `timeout` bounds the ask with all its attempts, default 20 minutes; of `votes` each has
 * that time. `files` are sent before the question: paths, or documents that were read.
 */
export interface Options extends Omit<Settings, "timeout"> {
  readonly files?: Source.Files | undefined
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

/** Settings of every ask that does not set them itself, and the text or the documents that all asks share. */
export const Defaults = Context.Reference<Options & { readonly context?: SharedContext }>(
  "fanfold/pipeline/Ask/Defaults",
  {
    defaultValue: () => ({})
  }
)
