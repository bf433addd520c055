/** The part of a request that others share: it is paid once where one request begins to be answered before the others are sent. */
import { type Context, keyOf } from "../claude/Document.ts"
import type { Request } from "../claude/Message.ts"
import * as DocumentTokens from "./DocumentTokens.ts"
import { infoOf } from "../claude/ModelInfo.ts"

/**
 * `Context`: the text or the documents at the start of the request, which the prompt cache keeps. `Schema`: the answer schema, which the
 * API compiles. Requests with the same `context` and `cacheKey` share it. `Nothing`: there is no such part.
 */
export type Prefix =
  | { readonly _tag: "Context"; readonly context: string; readonly cacheKey: string; readonly tokens: number }
  | { readonly _tag: "Schema"; readonly context: ""; readonly cacheKey: string }
  | { readonly _tag: "Nothing" }

/** How long a prefix is kept: a cache entry five minutes from the start of the last request that used it, a compiled schema a day. */
export const lifeMillis = { Context: 5 * 60_000, Schema: 24 * 60 * 60_000 }

/** The largest of the documented minimums: for an unknown model, no cache is waited for that may never exist. */
const largestMinimum = 4096

/** Shortest prefix that the API caches, in tokens. */
export const minimumTokensOf = (model: string): number => infoOf(model)?.minimumCacheTokens ?? largestMinimum

/** Tokens of what asks share, estimated. */
export const tokensOf = (context: Context): number => DocumentTokens.ofContext(context)

/**
 * The prefix of a request. It differs by model, tools, effort and answer schema too, as the API's cache does; that of documents by
 * the system prompt, which stands before them.
 */
export const prefixOf = ({ answerSchema, context, effort, model, system, tools }: Request): Prefix => {
  if (context !== undefined) {
    const tokens = tokensOf(context)
    if (tokens >= minimumTokensOf(model)) {
      const settings = [model, tools, effort, answerSchema]
      const cacheKey = JSON.stringify(typeof context === "string" ? settings : [...settings, system])
      return { _tag: "Context", context: keyOf(context), cacheKey, tokens }
    }
  }
  return answerSchema === undefined
    ? noPrefix
    : { _tag: "Schema", context: "", cacheKey: JSON.stringify([model, answerSchema]) }
}

const noPrefix: Prefix = { _tag: "Nothing" }
