/** The settings that a synthesis has beside those of an ask: how much one fold reads. */
import { Schema } from "effect"
import { askModel } from "../claude/Claude.ts"
import * as ModelInfo from "../claude/ModelInfo.ts"
import * as Models from "../claude/Models.ts"
import type { Request } from "../claude/Message.ts"
import type { Limits } from "../cost/FoldTree.ts"
import { bytesOf } from "../cost/TextLength.ts"
import { PositiveInt } from "../options/OptionSchemas.ts"
import * as AskOptions from "./AskOptions.ts"
import { RoundSettings } from "./RoundsOption.ts"

const atLeastTwo = { expected: "a whole number ≥ 2" }

/** What is done about answers that contradict each other. */
export const Contradictions = Schema.Literals(["off", "warn", "fail"])
export type Contradictions = typeof Contradictions.Type

export const FoldSettings = Schema.Struct({
  fanIn: Schema.optionalKey(
    Schema.Number.annotate(atLeastTwo)
      .check(Schema.isInt(atLeastTwo), Schema.isGreaterThanOrEqualTo(2, atLeastTwo))
      .annotate({ description: "Most findings that one fold reads (default: as many as fit into the window)" })
  ),
  window: Schema.optionalKey(
    PositiveInt.annotate({
      description: "Tokens that one fold may have, input and output together (default: the window of the model)"
    })
  ),
  foldModel: Schema.optionalKey(
    Models.Models.annotate({
      description: `Model of the folds below the document, or several in their order (default: that of the synthesis where it names one, or else ${askModel})`
    })
  ),
  citations: Schema.optionalKey(
    Schema.Boolean.annotate({
      description:
        "Whether each statement of the document names the asks that it rests on, `[market]`, which is checked (default: no)"
    })
  ),
  contradictions: Schema.optionalKey(
    Contradictions.annotate({
      expected: "off, warn or fail",
      description:
        "What is done where answers contradict each other: `off` (they are not compared), `warn`, or `fail`, which also ends the " +
        "run with an exit code of its own (default: `warn` where the answers have 1,000 characters together)"
    })
  )
})
export interface FoldSettings extends Schema.Schema.Type<typeof FoldSettings> {}

/** A document is asked for once. */
const { votes: _votes, ...askSettings } = AskOptions.Settings.fields

export const Settings = Schema.Struct({ ...askSettings, ...FoldSettings.fields, ...RoundSettings.fields })

/** Settings as a caller writes them. */
export interface Options extends Omit<AskOptions.Options, "files" | "votes"> {
  readonly fanIn?: number | undefined
  readonly window?: number | undefined
  readonly foldModel?: Models.Models | undefined
  readonly citations?: boolean | undefined
  readonly contradictions?: Contradictions | undefined
  /** In plans and in `fanfold/promise`; an Effect program looks through findings itself. */
  readonly rounds?: number | undefined
  readonly maxNewAsks?: number | undefined
}

/** Input tokens of a fold beside its instruction: what is said of its form, and the names of its asks. */
const foldTextTokens = 400

/** Characters of a token at least, in text of any language but those where a character is several. */
const fewestBytesPerToken = 3

/** Tokens of a text, estimated rather high. */
export const highTokensOf = (text: string): number => Math.ceil(bytesOf(text) / fewestBytesPerToken)

/** The smallest window of the models; `undefined` where one of them is not known. */
const windowOf = (models: ReadonlyArray<string>): number | undefined => {
  const windows = models.map((model) => ModelInfo.infoOf(model)?.windowTokens ?? Number.NaN)
  const least = Math.min(...windows)
  return Number.isNaN(least) ? undefined : least
}

/**
 * What one fold of a synthesis may hold; `undefined` where nothing limits it, as its model is not known and neither `window` nor
 * `fanIn` is set. `request`: that of the synthesis without findings.
 */
export const limitsOf = (
  { fanIn, foldModel, window: given }: FoldSettings,
  model: Models.Models,
  { answerSchema, maxTokens, messages, system = "" }: Request
): Limits | undefined => {
  const window = given ?? windowOf(Models.all(model))
  if (window === undefined && fanIn === undefined) return undefined
  const frame = foldTextTokens + highTokensOf(JSON.stringify([system, messages, answerSchema ?? null]))
  const foldModels = Models.all(foldModel ?? model)
  const foldWindow = foldModel === undefined ? undefined : windowOf(foldModels)
  const longPrompt = Math.min(...foldModels.map((model) => ModelInfo.infoOf(model)?.longPrompt?.above ?? unlimited))
  return {
    window: window ?? unlimited,
    fanIn: fanIn ?? unlimited,
    maxTokens,
    frame,
    ...(foldWindow !== undefined && foldWindow < (window ?? unlimited) && { foldWindow }),
    ...(longPrompt < unlimited && { longPrompt })
  }
}

/** More than any request has, and a number that JSON can hold. */
const unlimited = Number.MAX_SAFE_INTEGER
