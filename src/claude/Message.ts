/** What `Claude.send` takes and gives: a `Request`, a `Reply`, and its `Usage`. */
import { Schema } from "effect"
import { Block } from "./Block.ts"
import { Document } from "./Document.ts"

/** How much work Claude puts into an answer, as the API names it. */
export const Effort = Schema.Literals(["low", "medium", "high", "xhigh", "max"])
export type Effort = typeof Effort.Type

export { Block } from "./Block.ts"
export { Source, sourceKey, sourcesOf, sourceText } from "./Sources.ts"

/** One turn of the conversation: text, or blocks where a reply is sent back as it came. */
export const Turn = Schema.Struct({
  role: Schema.Literals(["user", "assistant"]),
  content: Schema.Union([Schema.String, Schema.Array(Block)])
})
export interface Turn extends Schema.Schema.Type<typeof Turn> {}

/** A JSON Schema of the subset that structured output accepts: no recursion, no numeric or length limits. */
export const AnswerSchema = Schema.Record(Schema.String, Schema.Unknown)
export type AnswerSchema = typeof AnswerSchema.Type

/** All that changes the answer, and nothing else: two equal requests may share one reply. */
export const Request = Schema.Struct({
  model: Schema.String,
  system: Schema.optionalKey(Schema.String),
  /** What many requests share, a text or documents; it travels first, so that its prefix can be cached. */
  context: Schema.optionalKey(Schema.Union([Schema.String, Schema.Array(Document)])),
  /** Documents of this request alone, which stand before its first turn. */
  files: Schema.optionalKey(Schema.Array(Document)),
  messages: Schema.Array(Turn),
  maxTokens: Schema.Int,
  effort: Schema.optionalKey(Effort),
  stopSequences: Schema.optionalKey(Schema.Array(Schema.String)),
  tools: Schema.optionalKey(Schema.Array(Block)),
  /** The container of the API in which tools of a turn ran that is continued. */
  container: Schema.optionalKey(Schema.String),
  answerSchema: Schema.optionalKey(AnswerSchema),
  /** After a refusal the API itself goes on to the model that it recommends. */
  fallbacks: Schema.optionalKey(Schema.Literal("default"))
})
export interface Request extends Schema.Schema.Type<typeof Request> {}

/** Tokens that are billed at half the price, as they were used in a Message Batch. */
export const BatchUsage = Schema.Struct({
  inputTokens: Schema.Int,
  cacheCreationInputTokens: Schema.Int,
  cacheReadInputTokens: Schema.Int,
  outputTokens: Schema.Int,
  cacheCreation1hInputTokens: Schema.optionalKey(Schema.Int)
})
export interface BatchUsage extends Schema.Schema.Type<typeof BatchUsage> {}

/** Tokens of one reply, or of several added up. Input is the sum of the first three fields. */
export const Usage = Schema.Struct({
  inputTokens: Schema.Int,
  cacheCreationInputTokens: Schema.Int,
  cacheReadInputTokens: Schema.Int,
  outputTokens: Schema.Int,
  thinkingTokens: Schema.Int,
  webSearches: Schema.Int,
  /** Pages that the API fetched; absent where there are none. They cost their tokens alone. */
  webFetches: Schema.optionalKey(Schema.Int),
  /** Some counts were not reported as whole numbers from 0, and stand as 0: the cost is not known. */
  isIncomplete: Schema.optionalKey(Schema.Literal(true)),
  /** Those of `cacheCreationInputTokens` that the cache keeps for an hour; absent where there are none. */
  cacheCreation1hInputTokens: Schema.optionalKey(Schema.Int),
  /** Those of all these that were used in Message Batches; absent where there are none. */
  batch: Schema.optionalKey(BatchUsage)
})
export interface Usage extends Schema.Schema.Type<typeof Usage> {}

/** Why and how Claude declined, with HTTP status 200. */
export const Refusal = Schema.Struct({
  category: Schema.NullOr(Schema.String),
  explanation: Schema.NullOr(Schema.String)
})

/** A model that declined before another one answered, and what it used, which is billed. */
export const Declined = Schema.Struct({ model: Schema.String, usage: Usage })
export interface Declined extends Schema.Schema.Type<typeof Declined> {}

/** What came back: content blocks as they are, why it stopped, what it took, and the rate-limit headers. */
export const Reply = Schema.Struct({
  id: Schema.String,
  model: Schema.String,
  content: Schema.Array(Block),
  /** Those of other APIs, as gateways send them, stand as the API's: `length` as `max_tokens`. */
  stopReason: Schema.NullOr(Schema.String),
  stopSequence: Schema.NullOr(Schema.String),
  refusal: Schema.optionalKey(Refusal),
  /** The container of the API in which tools ran. */
  container: Schema.optionalKey(Schema.String),
  /** Of all models that were asked. */
  usage: Usage,
  /** The models that declined before `model` was asked, in their order; `usage` has theirs too. */
  declined: Schema.optionalKey(Schema.Array(Declined)),
  requestId: Schema.optionalKey(Schema.String),
  headers: Schema.Record(Schema.String, Schema.String)
})
export interface Reply extends Schema.Schema.Type<typeof Reply> {}

export const noUsage: Usage = {
  inputTokens: 0,
  cacheCreationInputTokens: 0,
  cacheReadInputTokens: 0,
  outputTokens: 0,
  thinkingTokens: 0,
  webSearches: 0
}

const noBatch: BatchUsage = { inputTokens: 0, cacheCreationInputTokens: 0, cacheReadInputTokens: 0, outputTokens: 0 }

/** `undefined` where nothing is left. */
const combinedBatch = (a = noBatch, b = noBatch, sign: 1 | -1): BatchUsage | undefined => {
  const for1h = (a.cacheCreation1hInputTokens ?? 0) + sign * (b.cacheCreation1hInputTokens ?? 0)
  const sum = {
    inputTokens: a.inputTokens + sign * b.inputTokens,
    cacheCreationInputTokens: a.cacheCreationInputTokens + sign * b.cacheCreationInputTokens,
    cacheReadInputTokens: a.cacheReadInputTokens + sign * b.cacheReadInputTokens,
    outputTokens: a.outputTokens + sign * b.outputTokens,
    ...(for1h !== 0 && { cacheCreation1hInputTokens: for1h })
  }
  return Object.values(sum).every((count) => count === 0) ? undefined : sum
}

/** The usage of a reply that came from a Message Batch. */
export const inBatch = (usage: Usage): Usage => {
  const { cacheCreation1hInputTokens: for1h, cacheCreationInputTokens, cacheReadInputTokens } = usage
  const { inputTokens, outputTokens } = usage
  const own = { inputTokens, cacheCreationInputTokens, cacheReadInputTokens, outputTokens }
  return { ...usage, batch: { ...own, ...(for1h !== undefined && { cacheCreation1hInputTokens: for1h }) } }
}

/** `a` and `sign` times `b`. */
const combined = (a: Usage, b: Usage, sign: 1 | -1): Usage => {
  const for1h = (a.cacheCreation1hInputTokens ?? 0) + sign * (b.cacheCreation1hInputTokens ?? 0)
  const webFetches = (a.webFetches ?? 0) + sign * (b.webFetches ?? 0)
  const batch = a.batch === undefined && b.batch === undefined ? undefined : combinedBatch(a.batch, b.batch, sign)
  return {
    inputTokens: a.inputTokens + sign * b.inputTokens,
    cacheCreationInputTokens: a.cacheCreationInputTokens + sign * b.cacheCreationInputTokens,
    cacheReadInputTokens: a.cacheReadInputTokens + sign * b.cacheReadInputTokens,
    outputTokens: a.outputTokens + sign * b.outputTokens,
    thinkingTokens: a.thinkingTokens + sign * b.thinkingTokens,
    webSearches: a.webSearches + sign * b.webSearches,
    ...(webFetches !== 0 && { webFetches }),
    ...((a.isIncomplete === true || b.isIncomplete === true) && { isIncomplete: true }),
    ...(for1h !== 0 && { cacheCreation1hInputTokens: for1h }),
    ...(batch !== undefined && { batch })
  }
}

export const addUsage = (a: Usage, b: Usage): Usage => combined(a, b, 1)

/** A usage without a part of it. */
const subtractUsage = (usage: Usage, part: Usage): Usage => combined(usage, part, -1)

/** The same where nothing may have been paid. */
export const addPaid = (a: Usage | undefined, b: Usage | undefined): Usage | undefined =>
  a === undefined || b === undefined ? (a ?? b) : addUsage(a, b)

/** A reply that follows another one of the same ask: it has the usage of both, and the models that declined in both. */
export const following = (before: Reply, reply: Reply): Reply => {
  const declined = [...(before.declined ?? []), ...(reply.declined ?? [])]
  const { container } = before
  const usage = addUsage(before.usage, reply.usage)
  return { ...(container !== undefined && { container }), ...reply, usage, ...(declined.length > 0 && { declined }) }
}

/** What the model of a reply used, without those that declined before it. */
export const ownUsageOf = ({ declined = [], usage }: Pick<Reply, "declined" | "usage">): Usage =>
  declined.reduce((own, part) => subtractUsage(own, part.usage), usage)

/** The models of a refusal: those that declined before, and the last one. */
export const allDeclined = (refused: Reply): ReadonlyArray<Declined> => [
  ...(refused.declined ?? []),
  { model: refused.model, usage: ownUsageOf(refused) }
]

/** All input tokens, from the cache or not. */
export const inputTokensOf = (usage: Usage): number =>
  usage.inputTokens + usage.cacheCreationInputTokens + usage.cacheReadInputTokens

/** A text block as the API takes it back: blank ones are left out, and U+FFFD stands for halves of surrogate pairs. */
export const sendable = (block: Block): ReadonlyArray<Block> => {
  const { text, type } = block
  if (type !== "text") return [block]
  if (typeof text !== "string" || text.trim() === "") return []
  return [text.isWellFormed() ? block : { ...block, text: text.toWellFormed() }]
}

/** The text of a reply: its text blocks in order, joined without a separator, as the API splits them around citations. */
export const textOf = (reply: { readonly content: ReadonlyArray<Block> }): string => {
  let text = ""
  for (const block of reply.content) {
    if (block.type === "text" && typeof block.text === "string") text += block.text
  }
  return text
}
